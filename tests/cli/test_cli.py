"""The command: what it prints, what it writes, and how it says no, in one line with the right exit code."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import elegans
from elegans import Run
from elegans.cli import main

COMMANDS = sorted(path.stem for path in Path(elegans.__file__).parent.glob("cli/[!_]*.py"))
RINGS = ["--data.name", "rings", "--data.n", "64", "--data.classes", "4"]
SMALL = ["--model.width", "8", "--model.discriminator-width", "8", "--batch", "16"]
Captured = pytest.CaptureFixture[str]


def command(*words: object) -> None:
    """Run it in this process; it must end well."""
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    assert caught.value.code == 0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with four labels and checkpoints at steps 2 and 4, made by the command."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    command("train", "demo", "--run", folder, "--steps", "4", "--every.save", "2", "--quiet", *RINGS, *SMALL)
    return Run(folder)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run without labels."""
    folder = tmp_path_factory.mktemp("plain") / "run"
    command("train", "intro", "--run", folder, "--steps=1", "--batch=16", "--quiet", *RINGS)
    return Run(folder)


def refused(capsys: Captured, words: list[Any], code: int = 2) -> str:
    """The one line with which a command says no."""
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert caught.value.code == code
    assert out == ""
    assert err.startswith("elegans: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], 'Did you mean "train"?'),
        (["train"], "RECIPE requires an argument"),
        (["train", "vanila"], "there is no recipe 'vanila'; did you mean 'vanilla'?"),
        (["train", "mine.py"], "there is no recipe file mine.py"),
        (["train", "demo", "--gan.los", "hinge"], "no field 'gan.los'; did you mean 'gan.loss'?"),
        (["train", "demo", "--gan.loss", "hing", *RINGS], "no loss 'hing'; did you mean 'hinge'?"),
        (["train", "demo", "--data.name", "ring"], "no data set 'ring'; did you mean 'rings'?"),
        (["train", "demo", "--model.name", "mpl", *RINGS], "no model 'mpl'; did you mean 'mlp'?"),
        (["train", "demo", "--method", "gam", *RINGS], "no method 'gam'; did you mean 'gan'?"),
        (["train", "demo", "--model.wdth", "8", *RINGS], "no field 'model.wdth'; did you mean 'model.width'?"),
        (["train", "demo", *RINGS, "--data.sise", "32"], "no field 'data.sise'; did you mean 'data.size'?"),
        (["train", "demo", "--batch", "0"], "batch = 0: input should be greater than 0"),
        (["train", "demo", "--batch", "-3"], "batch = -3: input should be greater than 0"),
        (["train", "demo", "--batch", "x"], "--batch"),
        (
            ["train", "demo", "--batch", "65", *RINGS],
            "batch = 65 is more than the 64 images of 'rings'",
        ),
        (["train", "demo", "--steps", "0"], "steps = 0: input should be greater than 0"),
        (["train", "demo", "--steps", "-1"], "steps = -1: input should be greater than 0"),
        (["train", "demo", "--minutes", "0"], "minutes = 0.0: input should be greater than 0"),
        (["train", "demo", "--minutes", "-2"], "minutes = -2.0: input should be greater than 0"),
        (["train", "demo", "--minutes", "inf"], "minutes = inf: input should be a finite number"),
        (["train", "demo", "--steps", "3", "--minutes", "1"], "--steps and --minutes are lengths of one training"),
        (["train", "demo", "--seed", "-1"], "seed = -1: input should be greater than or equal to 0"),
        (["train", "demo", "--device", "gpu9", *RINGS], "device = 'gpu9' cannot be used here"),
        (
            ["train", "demo", "--gan.smoothing", "0.1", "--gan.loss", "hinge", *RINGS],
            "no targets to smooth",
        ),
        (["train", "demo", "--model.classes", "11", *RINGS], "model.classes = 11: the data set 'rings' has 4"),
        (["train", "demo", "--model.classes", "3", *RINGS], "model.classes = 3: the data set 'rings' has 4"),
        (
            ["train", "demo", *RINGS, "--data.size", "30"],
            "model 'subpixel': the sides of the images are",
        ),
        (["train", "demo", *RINGS, "--model.shape", "[1, 32, 32]"], "the images of 'rings' are (1, 28, 28)"),
        (["train", "demo", "extra"], "unexpected 'extra': fields are given as --name value"),
        (["recipes", "vanila"], "there is no recipe 'vanila'; did you mean 'vanilla'?"),
        (["sample", "nowhere", "--out", "a.png"], "nowhere is not a run folder"),
        (["sample", "nowhere"], "--out"),
        (["interpolate", "nowhere", "--out", "a.gif"], "nowhere is not a run folder"),
        (["sample", "nowhere", "--out", "a.png", "--label", "1", "--balanced"], "give one of them"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_a_wrong_request_is_answered_in_one_line(
    capsys: Captured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, words)
    assert [p.name for p in tmp_path.rglob("*.safetensors")] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-n", "0", "--out", "a.png"], "-n 0: at least one image"),
        (["-n", "-5", "--out", "a.png"], "-n -5: at least one image"),
        (["--label", "4", "--out", "a.png"], "there is no label 4; the labels are 0 to 3"),
        (["--label", "-1", "--out", "a.png"], "there is no label -1; the labels are 0 to 3"),
        (["--step", "3", "--out", "a.png"], "no checkpoint of step 3; there are: 2, 4"),
        (["--out", "a.jpeg"], "--out a.jpeg: the name ends in .png, .gif, .mp4, .npz, or has no ending"),
        (["--recipe", "vanila", "--out", "a.png"], "there is no recipe 'vanila'"),
    ],
    ids=str,
)
def test_sample_refuses(
    capsys: Captured, demo: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, ["sample", demo.path, *words])
    assert not list(tmp_path.iterdir())


def test_a_run_without_labels_has_none_to_choose(capsys: Captured, plain: Run, tmp_path: Path) -> None:
    for words in (["sample", plain.path, "--label", 0], ["sample", plain.path, "--balanced"]):
        assert "'intro' is not conditional" in refused(capsys, [*words, "--out", tmp_path / "a.png"])
    for words in (["interpolate", plain.path, "--label", 0], ["interpolate", plain.path, "--cycle"]):
        assert "'intro' is not conditional" in refused(capsys, [*words, "--out", tmp_path / "a.gif"])


def test_a_file_in_the_way_is_a_failure(capsys: Captured, demo: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    error = refused(capsys, ["sample", demo.path, "-n", 1, "--out", tmp_path / "file" / "a.png"], code=1)
    assert "a.png cannot be written" in error


def test_what_nobody_thought_of_is_one_line_too(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(kind: str) -> list[str]:
        raise ZeroDivisionError("one\ntwo")

    monkeypatch.setattr("elegans.find.names", broken)
    assert refused(capsys, ["recipes"], code=1) == "elegans: ZeroDivisionError: one two. Add --debug to see where\n"
    with pytest.raises(ZeroDivisionError):
        main(["recipes", "--debug"])


def test_debug_shows_the_traceback() -> None:
    quiet, loud = (run_command("recipes", "nothing", *more) for more in ([], ["--debug"]))
    assert (quiet.returncode, quiet.stdout) == (2, "")
    assert quiet.stderr.startswith("elegans: there is no recipe 'nothing'; there are: ")
    assert loud.returncode != 0
    assert loud.stderr.startswith("Traceback")
    assert "RequestError: there is no recipe 'nothing'" in loud.stderr


def test_a_pipe_that_closes_early_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen([*COMMAND, "recipes"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""


# --- what is done -----------------------------------------------------------------------------------------------------


def test_train_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = run_command("train", "demo", "--steps", "2", "--every.log=1", *RINGS, *SMALL, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    run = Run(tmp_path / "runs" / "demo-0001")
    assert run.steps() == [2]
    assert run.config.batch == 16
    assert run.config.data.settings == {"n": 64, "classes": 4}
    assert run.config.model.settings == {"width": 8, "discriminator_width": 8, "modulated": True}
    assert "demo on rings: 2 steps, from the start, in runs/demo-0001" in done.stderr
    assert "step 2  32 images" in done.stderr
    assert {"config.json", "metrics.jsonl", "samples", "curves.png", "progress.gif"} <= {
        path.name for path in run.path.iterdir()
    }


def test_the_command_and_python_say_the_same(capsys: Captured, plain: Run) -> None:
    fields = {"data.name": "rings", "data.n": 64, "data.classes": 4}
    run = elegans.train("intro", run=plain.path, steps=1, batch=16, quiet=True, fields=fields)
    assert run.config == plain.config
    command("train", "intro", "--run", plain.path, "--steps=1", "--batch=16", "--quiet", *RINGS, "--model.slope=0.01")
    assert "model.slope was 0.01, now 0.2" in refused(
        capsys, ["train", "intro", "--run", plain.path, "--steps=1", "--batch=16", *RINGS, "--model.slope=0.2"]
    )


def test_quiet_is_quiet(capsys: Captured, tmp_path: Path) -> None:
    command("train", "intro", "--run", tmp_path / "run", "--steps", "1", "--batch", "16", "--quiet", *RINGS)
    assert capsys.readouterr() == ("", "")


def test_a_model_without_classes(tmp_path: Path) -> None:
    words = ["--run", str(tmp_path / "run"), "--model.classes", "0", "--steps", "1", "--quiet", *RINGS, *SMALL]
    command("train", "demo", *words)
    assert elegans.load(tmp_path / "run").labels(2).tolist() == [-1, -1]


def test_sample_writes_arrays(capsys: Captured, demo: Run, tmp_path: Path) -> None:
    command("sample", demo.path, "-n", "6", "--balanced", "--seed", "3", "--out", tmp_path / "new" / "a.npz")
    assert capsys.readouterr().out == f"6 images of step 4 in {tmp_path / 'new' / 'a.npz'}\n"
    with np.load(tmp_path / "new" / "a.npz") as file:
        assert set(file) == {"images", "labels"}
        assert (file["images"].dtype, file["images"].shape) == (np.uint8, (6, 28, 28, 1))
        assert (file["labels"].dtype, file["labels"].tolist()) == (np.int64, [0, 1, 2, 3, 0, 1])
        assert np.array_equal(file["images"], elegans.load(demo).sample(6, seed=3, labels="balanced"))


def test_sample_by_default_labels_raw_and_step(demo: Run, plain: Run, tmp_path: Path) -> None:
    out = str(tmp_path / "a.npz")

    def sampled(run: Run, *words: str) -> tuple[Any, Any]:
        command("sample", run.path, "--out", out, *words)
        with np.load(out) as file:
            return file["images"], file["labels"]

    model = elegans.load(demo)
    assert len(sampled(demo)[0]) == 64
    assert sampled(demo, "--seed", "5")[1].tolist() == model.labels(64, seed=5).tolist() != model.labels(64).tolist()
    assert sampled(demo, "-n", "3", "--label", "2")[1].tolist() == [2, 2, 2]
    assert sampled(plain, "-n", "3")[1].tolist() == [-1, -1, -1]
    assert np.array_equal(sampled(demo, "--raw", "--n", "2")[0], elegans.load(demo, raw=True).sample(2))
    assert np.array_equal(sampled(demo, "--step", "2", "-n", "2")[0], elegans.load(demo, step=2).sample(2))


def test_sample_writes_a_sheet_and_a_folder(demo: Run, plain: Run, tmp_path: Path) -> None:
    command("sample", demo.path, "-n", "8", "--balanced", "--out", tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert (sheet.width, sheet.height) == (
            2 * (4 * 30 + 2),
            2 * (2 * 30 + 2),
        )  # four labels, two rows, twice as big
    command("sample", demo.path, "-n", "3", "--label", "2", "--out", tmp_path / "folder")
    assert sorted(p.name for p in (tmp_path / "folder").iterdir()) == [f"{i:06d}-2.png" for i in range(3)]
    with Image.open(tmp_path / "folder" / "000001-2.png") as image:
        assert np.array_equal(np.asarray(image), elegans.load(demo).sample(3, labels=2)[1, :, :, 0])
    command("sample", plain.path, "-n", "2", "--out", tmp_path / "plain")
    assert sorted(p.name for p in (tmp_path / "plain").iterdir()) == ["000000.png", "000001.png"]


def frames(path: Path) -> int:
    with Image.open(path) as film:
        return film.n_frames


def test_interpolate_writes_films_and_arrays(capsys: Captured, demo: Run, plain: Run, tmp_path: Path) -> None:
    film, arrays = tmp_path / "walk.gif", tmp_path / "walk.npz"
    command("interpolate", plain.path, "--frames", "6", "--out", film)
    assert frames(film) == 10  # there and back, without the two ends again
    assert capsys.readouterr().out == f"10 frames of step 1 in {film}\n"
    command("interpolate", demo.path, "--cycle", "--frames", "8", "--out", film)
    assert frames(film) == 8  # round
    command("interpolate", demo.path, "--label", "3", "--frames", "5", "--linear", "--out", arrays)
    with np.load(arrays) as file:
        assert file["labels"].tolist() == [3] * 5
        assert np.array_equal(file["images"], elegans.load(demo).interpolate(5, label=3, linear=True))
    command("interpolate", demo.path, "--cycle", "--frames", "4", "--out", arrays)
    with np.load(arrays) as file:
        assert file["labels"].tolist() == [-1] * 4


def test_recipes_lists_all_and_shows_one(capsys: Captured) -> None:
    command("recipes")
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("demo", "intro", "shallow", "vanilla"))
    command("recipes", "vanilla")
    shown = capsys.readouterr().out
    assert "1,493,520" in shown
    assert "--gan.generator.lr" in shown
    assert "--model.dropout" in shown


# --- help -------------------------------------------------------------------------------------------------------------

COMMAND = [sys.executable, "-m", "elegans"]


def run_command(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    # wide, so that no line is broken
    environment = os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, cwd=cwd, env=environment)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_and_is_there_at_once(command: str) -> None:
    best = float("inf")
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = run_command(command, "--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # processor time: what the program costs, and not what else the machine is doing
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if best < 0.5:
            break
    assert done.returncode == 0
    assert "Examples:" in done.stdout or "For example:" in done.stdout
    assert f"elegans {command}" in done.stdout
    assert best < 0.5


def test_help_names_all_commands_and_where_to_begin(capsys: Captured) -> None:
    command("--help")
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)
    assert "Begin with: elegans train demo" in shown


def test_version(capsys: Captured) -> None:
    from importlib.metadata import version

    command("--version")
    assert capsys.readouterr().out.strip() == version("elegans")
