"""A run that is killed, stopped, made longer or cut short ends as if nothing had happened, bit for bit.

The processes, signals and files are real. What is killed is killed at a moment that is seen from outside, so no two
runs of these tests kill at the same instruction; whatever the moment, the result is the same.
"""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import commands
from elegans import Config, Run, Stopped, loop, train
from elegans.batches import Batches
from elegans.config import Data, Every, Latent, Model
from elegans.stop import Stop
from elegans.watch import Watch

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")


def lines(run: Path) -> int:
    """Records so far."""
    file = run / "metrics.jsonl"
    return file.read_text(encoding="utf-8").count("\n") if file.exists() else 0


def newest(run: Path) -> int:
    """Step of the newest checkpoint so far."""
    return max((int(folder.name[5:]) for folder in run.glob("step-*")), default=0)


def wait(process: subprocess.Popen[str], moment: Callable[[], bool]) -> None:
    """Until the moment has come."""
    end = time.monotonic() + commands.PATIENCE
    while not moment():
        assert process.poll() is None, f"it ended before the moment came: {process.communicate()[1]}"
        assert time.monotonic() < end, "the moment never came"
        time.sleep(0.0005)


def interrupt(number: int, moment: Callable[[], bool], *words: object) -> tuple[int, str]:
    """Start the command, send it the signal when the moment has come; its exit code and what it said."""
    with commands.start(*words) as process:
        wait(process, moment)
        process.send_signal(number)
        _, said = process.communicate(timeout=commands.PATIENCE)
        return process.returncode, said


def kill_while_it_writes(run: Path, *words: object) -> None:
    """Kill the command with a checkpoint half written: hold it, look whether one is, else let it go on."""
    with commands.start(*words) as process:
        while True:
            wait(process, lambda: any(run.glob(".aside-step-*")))
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.01)
            if any(run.glob(".aside-step-*")):
                break
            process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
    assert list(run.glob(".aside-step-*"))


def same(run: Path, other: Path, step: int = 60) -> None:
    """Two runs ended in the same weights, records and sheets, with nothing left over."""
    assert len(commands.weights(other, step)) == 4
    assert commands.weights(run, step) == commands.weights(other, step)
    assert commands.records(run) == commands.records(other)
    assert commands.frames(run) == commands.frames(other)
    for name in ("config.json", "curves.png", "progress.gif", "progress.png"):
        assert (run / name).read_bytes() == (other / name).read_bytes(), name
    notes = [json.loads((r / f"step-{step:08d}" / "manifest.json").read_text()) for r in (run, other)]
    for note in notes:
        assert note.pop("seconds") > 0
        assert note.pop("manifest")  # a hash of the seconds, too
    assert notes[0] == notes[1]
    assert not list(run.rglob(".aside*"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the tiny recipe and of its run that nothing ever happened to."""
    folder = tmp_path_factory.mktemp("whole")
    recipe = commands.write_recipe(folder, commands.TINY)
    commands.run("train", recipe, "--run", folder / "run")
    assert [record["step"] for record in commands.losses(folder / "run")] == [7, 14, 21, 28, 35, 42, 49, 56, 60]
    assert sorted(commands.frames(folder / "run")) == [f"{step:08d}.png" for step in range(10, 70, 10)]
    return folder


def test_killed_again_and_again(whole: Path, tmp_path: Path) -> None:
    """Before the first checkpoint, while one is written, and between two."""
    run = tmp_path / "run"
    words = ("train", whole / "tiny.py", "--run", run)
    assert interrupt(signal.SIGKILL, lambda: lines(run) >= 1, *words)[0] == -signal.SIGKILL
    kill_while_it_writes(run, *words)
    code, said = interrupt(signal.SIGKILL, lambda: newest(run) >= 30 and lines(run) >= 5, *words)
    assert code == -signal.SIGKILL, said
    said = commands.run(*words)
    assert re.search(r"60 steps, going on from step [3-6]0, in ", said)
    same(run, whole / "run")


def test_killed_with_classes_and_spectral_norm_and_a_schedule(tmp_path: Path) -> None:
    recipe = commands.write_recipe(tmp_path, commands.CONDITIONAL)
    commands.run("train", recipe, "--run", tmp_path / "whole")
    run = tmp_path / "run"
    words = ("train", recipe, "--run", run)
    kill_while_it_writes(run, *words)
    assert interrupt(signal.SIGKILL, lambda: newest(run) >= 30, *words)[0] == -signal.SIGKILL
    commands.run(*words)
    same(run, tmp_path / "whole")


def test_stopped_by_both_signals(whole: Path, tmp_path: Path) -> None:
    """Each says at which step it stopped, has saved there and nowhere later, and says how to go on."""
    run = tmp_path / "run"
    words = ("train", whole / "tiny.py", "--run", run)
    before = 0
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        more = lines(run) + 1
        got, said = interrupt(number, lambda more=more: lines(run) >= more, *words)  # type: ignore[misc]
        assert got == code, said
        last = said.splitlines()[-1]
        end = f"; all is saved in {run}. The same command again goes on"
        found = re.fullmatch(rf"elegans: stopped at step (\d+){re.escape(end)}", last)
        assert found, said
        assert "Traceback" not in said
        assert before < int(found[1]) == newest(run)
        assert all(record["step"] <= newest(run) for record in commands.records(run))
        before = newest(run)
    assert f"going on from step {before}," in commands.run(*words)
    same(run, whole / "run")


def test_minutes(tmp_path: Path) -> None:
    """Six seconds of wall time in all, over two processes."""
    recipe, run = commands.write_recipe(tmp_path, commands.TINY), tmp_path / "run"
    words = ("train", recipe, "--run", run, "--minutes", 0.1, "--schedule", "linear", "--every.save", 100_000)
    code, said = interrupt(signal.SIGTERM, lambda: lines(run) >= 5, *words)
    assert code == 143, said
    first = Run(run).config
    assert (first.horizon, first.steps) == (None, None)
    stopped = newest(run)
    assert "0.1 minutes, going on from step" in commands.run(*words)
    saved = Run(run).restore()
    assert saved is not None
    assert saved[1]["step"] == commands.records(run)[-1]["step"] > stopped
    assert 6.0 <= saved[1]["seconds"] < 9.0
    assert Run(run).config == first
    said = commands.run(*words)
    assert f"was done already: {newest(run)} steps" in said
    assert Run(run).config == first
    assert newest(run) == saved[1]["step"]


# --- the same in one process, where time and signals come when the test says ----------------------------------------

SHORT = Config(
    recipe="short",
    steps=20,
    batch=8,
    data=Data(name="rings", n=50),
    latent=Latent(size=4),
    model=Model(name="mlp", classes=0, generator=[8], discriminator=[8]),
    every=Every(log=3, sample=50, save=10),
)


class Counting:
    """A method that has nothing but the number of its steps, each of which takes a second."""

    images_a_step = 8

    def __init__(self, on_step: Callable[[int], None] = lambda number: None) -> None:
        self.done, self.on_step = 0, on_step

    def step(self, number: int, progress: float, batches: Batches) -> dict[str, torch.Tensor]:
        assert number == self.done
        self.done += 1
        self.on_step(self.done)
        return {"number_loss": torch.tensor(float(number)), "progress": torch.tensor(progress)}

    def state(self) -> dict[str, dict[str, torch.Tensor]]:
        return {"count": {"done": torch.tensor(self.done)}}

    def load(self, state: dict[str, dict[str, torch.Tensor]]) -> None:
        self.done = int(state["count"]["done"])

    def sheet(self, n: int, labels: torch.Tensor | None, batches: Batches) -> torch.Tensor:
        return torch.zeros(n, 1, 28, 28)

    def calm(self) -> None:
        raise AssertionError("there are no players")


def drive(tmp_path: Path, config: Config, method: Counting) -> Run:
    """The loop with that method."""
    config = config.override({"model.shape": (1, 28, 28)})
    run = Run.create(tmp_path / "run", config)
    images = torch.zeros(50, 1, 28, 28, dtype=torch.uint8).numpy()
    batches = Batches(images, torch.zeros(50, dtype=torch.long).numpy(), 8, 0)
    with Watch(run, quiet=True) as watch:
        loop.loop(run, config, method, batches, watch)
    return run


def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The loop's time stands still from now on; what is returned lets so many seconds pass."""
    now = [100.0]
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def later(seconds: float) -> None:
        now[0] += seconds

    return later


def test_however_slow_the_steps_are_minutes_are_all_that_can_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checkpoints every ten steps, each of which takes 50 seconds."""
    later = clock(monkeypatch)
    run = drive(tmp_path, SHORT.override({"every.keep": 9, "steps": 9}), Counting(lambda done: later(50)))
    assert run.steps() == [3, 6, 9]


@pytest.mark.parametrize("limit", [3.5, 10.5, 33.5])
def test_time_that_runs_out_while_something_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: float
) -> None:
    """However long sheets and checkpoints take, the last step is recorded, shown and saved."""
    later = clock(monkeypatch)
    show = Run.show
    monkeypatch.setattr(Run, "show", lambda self, step, png: (later(20), show(self, step, png)))
    config = SHORT.override({"minutes": limit / 60, "every.sample": 3})
    method = Counting(lambda done: later(1))
    run = drive(tmp_path, config, method)
    saved = run.restore()
    assert saved is not None
    assert saved[1]["step"] == run.records()[-1]["step"] == int(run.frames()[-1].stem) == method.done


@pytest.mark.parametrize("where", ["show", "save", "log"])
def test_a_signal_while_something_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """It is true that all is saved, wherever the signal came."""
    original = getattr(Run, where)

    def signalled(self: Run, *rest: object) -> None:
        signal.raise_signal(signal.SIGTERM)
        original(self, *rest)

    monkeypatch.setattr(Run, where, signalled)
    method = Counting()
    with pytest.raises(Stopped, match=f"stopped at step {4 if where == 'log' else 11};") as caught:
        drive(tmp_path, SHORT.override({"every.sample": 10}), method)
    assert caught.value.code == 143
    saved = Run(tmp_path / "run").restore()
    assert saved is not None
    assert saved[1]["step"] == method.done


def test_a_signal_before_the_first_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop has begun to listen and nothing is done: one step is made, and saved."""
    enter = Stop.__enter__

    def signalled(self: Stop) -> Stop:
        enter(self)
        signal.raise_signal(signal.SIGINT)
        return self

    monkeypatch.setattr(Stop, "__enter__", signalled)
    with pytest.raises(Stopped) as caught:
        drive(tmp_path, SHORT, Counting())
    assert caught.value.code == 130
    assert Run(tmp_path / "run").steps() == [1]


def test_longer(tmp_path: Path) -> None:
    """To have ended at step 45 on purpose changes no weight and no sheet; only the records know."""
    recipe = commands.write_recipe(tmp_path, commands.TINY)
    whole = train(recipe, run=tmp_path / "whole", quiet=True).path
    run = train(recipe, run=tmp_path / "run", steps=45, quiet=True).path
    assert newest(run) == 45
    train(recipe, run=run, steps=60, quiet=True)
    assert commands.weights(run, 60) == commands.weights(whole, 60)
    extra = {"00000045.png": (run / "samples" / "00000045.png").read_bytes()}
    assert commands.frames(run) == commands.frames(whole) | extra
    assert [record["step"] for record in commands.losses(run)] == [7, 14, 21, 28, 35, 42, 45, 49, 56, 60]
    assert commands.records(run)[-2:] == commands.records(whole)[-2:]


def test_means_go_on_over_a_stop(tmp_path: Path) -> None:
    """The record after a stop is the mean of all its steps, those before the stop too; nothing is lost or doubled."""
    with pytest.raises(Stopped):
        drive(tmp_path, SHORT, Counting(lambda done: signal.raise_signal(signal.SIGTERM) if done == 8 else None))
    run = drive(tmp_path, SHORT, Counting())
    found = [(record["step"], record["number_loss"]) for record in run.records()]
    assert found == [(3, 1.0), (6, 4.0), (9, 7.0), (12, 10.0), (15, 13.0), (18, 16.0), (20, 18.5)]


def test_a_horizon_is_kept_when_a_run_is_made_longer(tmp_path: Path) -> None:
    config = SHORT.override({"schedule": "linear"})
    assert drive(tmp_path, config, Counting()).config.horizon == 20 * 8
    run = drive(tmp_path, config.override({"steps": 40}), Counting())
    assert Run(run.path).config.horizon == 20 * 8
    assert Run(run.path).config.steps == 40
    assert [round(record["progress"], 3) for record in run.records()[:2]] == [0.05, 0.2]
    assert run.records()[-1]["progress"] > 1


def test_a_schedule_of_minutes_ends_with_them_however_the_speed_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four steps of 10 seconds on a busy machine, a stop, and 60 of one second: always the share of the time."""
    later = clock(monkeypatch)
    config = SHORT.override({"minutes": 100 / 60, "schedule": "linear", "every.log": 1})
    with pytest.raises(Stopped):
        drive(tmp_path, config, Counting(lambda d: (later(10), signal.raise_signal(signal.SIGTERM) if d == 4 else 0)))
    later(1000)  # in which nothing ran
    run = drive(tmp_path, config, Counting(lambda done: later(1)))
    shares = [record["progress"] for record in run.records()]
    assert shares == pytest.approx([0.0, 0.1, 0.2, 0.3, *(0.4 + i / 100 for i in range(60))], abs=1e-6)
    assert Run(run.path).config.horizon is None


def test_a_run_of_minutes_that_is_made_longer_is_as_far_as_the_longer_time_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = clock(monkeypatch)
    config = SHORT.override({"minutes": 1, "schedule": "linear", "every.log": 1})
    drive(tmp_path, config, Counting(lambda done: later(1)))
    run = drive(tmp_path, config.override({"minutes": 4}), Counting(lambda done: later(1)))
    shares = [record["progress"] for record in run.records()]
    assert shares[58:62] == pytest.approx([58 / 60, 59 / 60, 60 / 240, 61 / 240], abs=1e-6)


def test_a_horizon_that_is_asked_for_counts_in_minutes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(1000))
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: float(next(now))))
    config = SHORT.override({"minutes": 1, "schedule": "linear", "horizon": 80, "every.log": 1})
    run = drive(tmp_path, config, Counting())
    assert [record["progress"] for record in run.records()[:3]] == pytest.approx([0.0, 0.1, 0.2])


def test_a_constant_schedule_has_no_horizon(tmp_path: Path) -> None:
    assert drive(tmp_path, SHORT, Counting()).config.horizon is None


def test_a_damaged_checkpoint_costs_its_steps_and_nothing_else(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The loop goes back to the one before, forgets what came after it, and ends in the same weights."""
    run = train(SHORT, run=tmp_path / "run", quiet=True)
    before, records = commands.weights(run.path, 20), commands.records(run.path)
    with (run.path / "step-00000020" / "ema.safetensors").open("r+b") as file:
        file.truncate(100)
    run = train(SHORT, run=tmp_path / "run", quiet=True)
    assert "step-00000020 is damaged" in capfd.readouterr().err
    assert commands.weights(run.path, 20) == before
    assert commands.records(run.path) == records
