"""What a person sees: plain lines elsewhere, a live picture in a terminal."""

import io
import os
import re
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import commands
from elegans import Config, Run, watch
from elegans.config import Data
from elegans.watch import Watch, half_blocks

RECORD = {"step": 50, "images": 3200, "seconds": 2.0, "discriminator_loss": 1.3863, "generator_loss": 0.6931}
SCORES = {"real_score": 0.25, "fake_score": -0.75}


@pytest.fixture(autouse=True)
def _no_forced_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, to be set."""
    time_now = [100.0]
    monkeypatch.setattr(watch.time, "perf_counter", lambda: time_now[0])
    return time_now


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", Config(recipe="tiny", data=Data(name="rings")))


def begun(run: Run, done: int = 0, quiet: bool = False, minutes: float | None = None) -> Watch:
    """A watch over a training of 100 steps of 64 images."""
    made = Watch(run, quiet)
    config = run.config.override({"minutes": minutes} if minutes else {"steps": 100})
    made.start(config, done, 64)
    return made


def terminal(run: Run, width: int = 80) -> tuple[Watch, io.StringIO]:
    """A watch that believes to be in a terminal, begun, and what it writes there."""
    written = io.StringIO()
    made = Watch(run)
    made.console = Console(file=written, force_terminal=True, color_system="truecolor", width=width, height=40)
    made.start(run.config.override({"steps": 100}), 0, 64)
    return made, written


# --- elsewhere --------------------------------------------------------------------------------------------------------


def test_a_line_an_interval(run: Run, now: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """50 of 100 steps in 2 seconds: as long again. Nothing but the records makes a line."""
    made = begun(run)
    for step in range(50):
        now[0] += 0.04
        made.step(step + 1, now[0] - 100)
    made.preview(np.zeros((4, 8, 8, 1), np.uint8))
    made.record(RECORD | SCORES)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"tiny on rings: 100 steps, from the start, in {run.path}",
        "step 50  3,200 images  1,600/s  0:00:02 left  D loss 1.386  G loss 0.693  real score 0.250  fake score -0.750",
    ]


def test_the_rate_of_a_run_that_is_gone_on_with(run: Run, now: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """Only this process's steps count: 10 in 2 seconds, so 50 more take 10."""
    made = begun(run, done=40)
    now[0] += 2
    made.record(RECORD)
    head, line = capsys.readouterr().err.splitlines()
    assert head == f"tiny on rings: 100 steps, going on from step 40, in {run.path}"
    assert line.startswith("step 50  3,200 images  320/s  0:00:10 left  D loss")


def test_minutes_are_counted_on_the_clock(run: Run, now: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """70 minutes less the 2 seconds of the record."""
    made = begun(run, minutes=70)
    now[0] += 2
    made.record(RECORD)
    head, line = capsys.readouterr().err.splitlines()
    assert "tiny on rings: 70 minutes, from the start" in head
    assert "  1:09:58 left  " in line


def test_the_end_says_where_everything_is_and_what_is_next(
    run: Run, now: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    run.show(100, b"sheet")
    made = begun(run)
    now[0] += 90
    made.end(100)
    said = capsys.readouterr().err
    assert "done in 1.5 minutes: 100 steps, 6,400 images\n" in said
    for name in ("samples/00000100.png", "curves.png", "progress.gif"):
        assert f"  {run.path / name}\n" in said
    assert f"  elegans sample {run.path} -n 100 --out samples.png\n" in said
    assert f"  elegans interpolate {run.path} --out walk.gif\n" in said


def test_what_is_next_can_be_typed_where_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch.sys, "argv", [".venv/bin/elegans", "train"])
    monkeypatch.setattr(watch.shutil, "which", lambda name: None)
    assert watch.elegans() == os.path.join(".venv", "bin", "elegans")
    monkeypatch.setattr(watch.shutil, "which", lambda name: "somewhere")
    assert watch.elegans() == "elegans"


def test_classes_are_offered_where_there_are_some(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    made = begun(run)
    made.config = made.config.override({"model.classes": 4})
    made.end(100)
    said = capsys.readouterr().err
    assert "-n 100 --balanced --out" in said
    assert "--cycle --out" in said


def test_what_is_next_is_what_the_method_can_do(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    made = begun(run)
    made.config = made.config.override({"method": "autoencoder"})
    made.end(100)
    said = capsys.readouterr().err
    assert f"  elegans reconstruct {run.path} --out reconstructed.png\n" in said
    assert "interpolate" not in said
    made.config = run.config.override({"model.name": "recipe"})
    made.end(100)
    said = capsys.readouterr().err
    for name in ("sample", "interpolate", "evaluate"):
        assert any(f" {name} " in line and line.endswith(" --recipe FILE.py") for line in said.splitlines())


def test_nothing_left_to_do(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    begun(run, done=100).end(100)
    assert "was done already: 100 steps, 6,400 images" in capsys.readouterr().err


def test_quiet_is_quiet(run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    with begun(run, quiet=True) as made:
        made.step(1, 1.0)
        made.preview(np.zeros((4, 8, 8, 1), np.uint8))
        made.record(RECORD)
        made.end(100)
    assert capfd.readouterr() == ("", "")


# --- in a terminal ----------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Without what moves the cursor and gives colour."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_the_bar(run: Run, now: list[float]) -> None:
    """Share, images, images a second, time left; losses and scores of the last interval above it."""
    made, written = terminal(run)
    now[0] += 2
    made.record(RECORD | SCORES)
    made.step(50, 2.0)
    last = plain(written.getvalue()).splitlines()[-1]
    assert re.search(r"\b50% .*━.* 3,200 images · 1,600/s · 0:00:02 left", last)
    assert "D loss 1.386  G loss 0.693  real score 0.250  fake score -0.750" in plain(written.getvalue())
    made.end(100)
    assert "done in 0.0 minutes: 100 steps" in plain(written.getvalue())


def test_the_bar_moves_a_few_times_a_second(run: Run, now: list[float]) -> None:
    """A step of a millisecond costs no drawing."""
    made, written = terminal(run)
    drawn = 0
    for step in range(1000):
        now[0] += 0.001
        before = len(written.getvalue())
        made.step(step % 100, 0.0)
        drawn += len(written.getvalue()) > before
    made.end(100)
    assert drawn == 4


def test_samples_in_half_blocks(run: Run, now: list[float]) -> None:
    made, written = terminal(run, width=60)
    samples = np.full((64, 28, 28, 1), 200, np.uint8)
    made.preview(samples)
    now[0] += 1
    made.step(50, 1.0)
    made.end(100)
    assert "38;2;200;200;200;48;2;200;200;200m▀" in written.getvalue()
    assert max(len(line) for line in plain(written.getvalue()).splitlines() if "▀" in line) <= 60


def test_an_error_leaves_the_terminal_as_it_was(run: Run) -> None:
    """The cursor comes back."""
    made, written = terminal(run)
    with pytest.raises(RuntimeError), made:
        raise RuntimeError
    assert written.getvalue().count("\x1b[?25l") == written.getvalue().count("\x1b[?25h") == 1
    assert made.live is None


def test_half_blocks_to_the_pixel() -> None:
    """Two images of two by two pixels, one above the other, with gaps: an odd last row of pixels is left out."""
    samples = np.array([[[[10], [20]], [[30], [40]]], [[[50], [60]], [[70], [80]]]], np.uint8)
    text = half_blocks(samples, width=80)
    assert text.plain == "▀▀▀▀\n▀▀▀▀\n▀▀▀▀\n"
    styles = [str(span.style) for span in text.spans]
    grey = [
        [(0, 0), (0, 10), (0, 20), (0, 0)],
        [(0, 0), (30, 0), (40, 0), (0, 0)],
        [(0, 0), (50, 70), (60, 80), (0, 0)],
    ]
    assert styles == [f"rgb({a},{a},{a}) on rgb({b},{b},{b})" for row in grey for a, b in row]


def test_half_blocks_in_colour() -> None:
    samples = np.zeros((1, 2, 2, 3), np.uint8)
    samples[0, 0, 0] = (255, 128, 7)
    assert [str(span.style) for span in half_blocks(samples, width=80).spans][1] == ("rgb(0,0,0) on rgb(255,128,7)")


@pytest.mark.parametrize("height", [10, 20, 36])
@pytest.mark.parametrize("width", [10, 22, 40, 80, 200])
@pytest.mark.parametrize("size", [8, 28, 64])
def test_half_blocks_fit_the_terminal(width: int, height: int, size: int) -> None:
    """As many whole images a row as fit, at least one, in two rows or in one; large ones are about 14 pixels wide."""
    text = half_blocks(np.full((64, size, size, 1), 9, np.uint8), width, height)
    lines = text.plain.splitlines()
    assert len({len(line) for line in lines}) == 1
    small = {8: 8, 28: 14, 64: 12}[size]
    rows = 2 if small + 1 < height else 1
    assert (len(lines[0]) - 1) / (small + 1) == max(1, min(64 // rows, (width - 1) // (small + 1)))
    assert len(lines) == (rows * (small + 1) + 1) // 2 <= height


def test_half_blocks_average_what_they_make_smaller() -> None:
    """A checkerboard of black and white is grey, and not one or the other."""
    board = np.indices((28, 28)).sum(0)[None, ..., None] % 2 * 255
    spans = [str(span.style) for span in half_blocks(board.astype(np.uint8), width=20).spans]
    assert spans.count("rgb(127,127,127) on rgb(127,127,127)") > 50
    assert not [span for span in spans if "255" in span]


@pytest.mark.skipif(os.name != "posix", reason="no such terminals there")
def test_a_real_terminal(tmp_path: Path) -> None:
    """The command in a terminal of 100 by 40: all there is to see is seen, and the last lines stay."""
    import fcntl
    import pty
    import struct
    import termios

    recipe = commands.write_recipe(tmp_path, commands.TINY)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    environment = commands.ENVIRONMENT | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        environment.pop(name, None)
    words = [*commands.COMMAND, "train", str(recipe), "--run", str(tmp_path / "run"), "--minutes", "0.03"]
    with subprocess.Popen(words, env=environment, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        written, end = b"", time.monotonic() + commands.PATIENCE
        while time.monotonic() < end:
            try:
                read = os.read(ours, 65536)
            except OSError:  # how Linux says that the other side is closed
                break
            if not read:
                break
            written += read
        os.close(ours)
    assert process.returncode == 0
    text = written.decode()
    seen = plain(text)
    assert re.search(r"\d+% .*━.* [\d,]+ images · [\d,]+/s · 0:00:0\d left", seen)
    assert re.search(r"D loss \d\.\d{3}  G loss \d\.\d{3}  real score -?\d+\.\d{3}  fake score -?\d+\.\d{3}", seen)
    assert re.search(r"38;2;\d+;\d+;\d+;48;2;\d+;\d+;\d+m▀", text)
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") > 0, "the cursor comes back"
    assert "done in 0." in seen.split("images")[-1] or "done in 0." in seen
    assert "elegans evaluate" in seen.splitlines()[-1]
