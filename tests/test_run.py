"""The run folder: what is in it, what is refused, and what stays whole when a disk does not."""

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import commands
from elegans import Config, Failure, RequestError, Run, disk
from elegans.config import Every, Model

TINY = Config(recipe="tiny", steps=30, model=Model(name="mlp", generator=[8], discriminator=[8]))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "run", TINY)


def state(value: float) -> dict[str, dict[str, torch.Tensor]]:
    """A state that can be told from others."""
    return {"generator": {"w": torch.full((50,), value)}, "ema": {"w": torch.full((3, 4), -value)}}


def save(run: Run, *steps: int) -> None:
    for step in steps:
        run.save(step, state(float(step)), {"seconds": step / 10, "totals": {}})


def restored(run: Run, step: int | None = None) -> float:
    """The number the state was made with; all of it is checked."""
    found = run.restore(step)
    assert found is not None
    tensors, manifest = found
    value = float(manifest["step"])
    expected = state(value)
    assert tensors.keys() == expected.keys()
    for name, file in expected.items():
        torch.testing.assert_close(tensors[name], file, rtol=0, atol=0)
    return value


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


# --- making one and opening it again ----------------------------------------------------------------------------------


def test_a_new_run_holds_its_values(run: Run) -> None:
    assert Run(run.path).config == TINY
    assert json.loads((run.path / "config.json").read_text())["format"] == 1
    assert [file.name for file in run.path.iterdir()] == ["config.json"]


def test_the_same_values_open_it_again(run: Run) -> None:
    save(run, 10)
    before = contents(run.path)
    assert restored(Run.create(run.path, TINY)) == 10
    assert contents(run.path) == before


def test_another_recipe_is_refused(run: Run) -> None:
    with pytest.raises(RequestError, match="holds a run of the recipe 'tiny', not 'vanilla'"):
        Run.create(run.path, TINY.model_copy(update={"recipe": "vanilla"}))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("seed", 1, "seed was 0, now 1"),
        ("batch", 32, "batch was 64, now 32"),
        ("schedule", "cosine", "schedule was 'constant', now 'cosine'"),
        ("gan.loss", "hinge", "gan.loss was 'non_saturating', now 'hinge'"),
        ("gan.generator.lr", 0.01, "gan.generator.lr was 0.0002, now 0.01"),
        ("latent.size", 9, "latent.size was 100, now 9"),
        ("ema.half_life", 9, "ema.half_life was 20000, now 9"),
        ("data.name", "rings", "data.name was 'mnist5k', now 'rings'"),
        ("data.order", "random", "data.order was 'shuffled', now 'random'"),
        ("model.generator", [9], r"model.generator was \[8\], now \[9\]"),
        ("model.dropout", 0.5, "model.dropout was None, now 0.5"),
    ],
)
def test_other_values_are_refused_and_named(run: Run, field: str, value: object, said: str) -> None:
    with pytest.raises(RequestError, match=f"begun with other values: {said}. Give the same ones"):
        Run.create(run.path, TINY.override({field: value}))


def test_all_other_values_are_named_at_once(run: Run) -> None:
    with pytest.raises(RequestError, match="seed was 0, now 1; batch was 64, now 32"):
        Run.create(run.path, TINY.override({"seed": 1, "batch": 32, "steps": 99}))


def test_a_setting_left_out_is_another_value(tmp_path: Path) -> None:
    """Settings of a part are no fields of the configuration, but they count."""
    Run.create(tmp_path / "run", Config(model=Model(name="mlp", dropout=0.5)))
    with pytest.raises(RequestError, match=r"model.dropout was 0.5, now None"):
        Run.create(tmp_path / "run", Config(model=Model(name="mlp")))


def test_the_horizon_that_was_decided_stays(run: Run) -> None:
    """Not to ask for one agrees with any; to ask for another does not."""
    run.record(TINY.override({"horizon": 4000}))
    assert Run.create(run.path, TINY).config.horizon == 4000
    with pytest.raises(RequestError, match="horizon was 4000, now 5000"):
        Run.create(run.path, TINY.override({"horizon": 5000}))


def test_a_changed_manifest_is_damage(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Every value in it counts, not only the hashes: here the seconds of training."""
    run.save(10, {"a": {"x": torch.ones(2)}}, {"seconds": 1.5})
    run.save(20, {"a": {"x": torch.ones(2)}}, {"seconds": 2.5})
    manifest = run.path / "step-00000020" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("2.5", "3.5"))
    restored = run.restore()
    assert restored is not None
    assert restored[1]["step"] == 10
    assert "step-00000020 is damaged (manifest.json is not what was written)" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["\0\0\0", "[1, 2]", '{"images": 3}', "7"])
def test_a_damaged_record_is_named_and_left_out(run: Run, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As after a power cut; the others stay as they are."""
    (run.path / "metrics.jsonl").write_text(f'{{"step": 1}}\n{line}\n{{"step": 3}}\n')
    assert run.records() == [{"step": 1}, {"step": 3}]
    assert "line 2 of" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_one_clear_line(run: Run) -> None:
    """And what was there stays."""
    run.keep("curves.png", b"old")
    (run.path / ".aside-curves.png").mkdir()
    with pytest.raises(Failure, match=r"cannot write curves\.png"):
        run.keep("curves.png", b"new")
    assert (run.path / "curves.png").read_bytes() == b"old"


@pytest.mark.parametrize(
    "change",
    [
        {"steps": 99},
        {"minutes": 2.0},
        {"device": "cpu"},
        {"data.root": "elsewhere"},
        {"every.log": 9, "every.sample": 9, "every.save": 9, "every.keep": 9},
    ],
)
def test_what_does_not_change_the_weights_may_change(run: Run, change: dict[str, Any]) -> None:
    config = TINY.override(change)
    run = Run.create(run.path, config)
    assert run.config == TINY, "what a run was made with is not forgotten before it goes on"
    run.record(config)
    assert Run(run.path).config == config


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RequestError, match="is there and is not a run"):
        Run.create(tmp_path, TINY)
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}


def test_a_file_is_no_run_folder(tmp_path: Path) -> None:
    file = tmp_path / "thesis.txt"
    file.write_text("years of work")
    with pytest.raises(RequestError, match="is there and is not a run"):
        Run.create(file, TINY)
    with pytest.raises(RequestError, match=r"thesis\.txt is not a run folder"):
        Run(file)
    assert file.read_text() == "years of work"


@pytest.mark.parametrize("left", [[], [".lock"], [".aside-config.json"]])
def test_a_folder_where_nothing_was_begun_becomes_a_run(tmp_path: Path, left: list[str]) -> None:
    """An empty one, or what is left where the process died before the first byte of config.json was in its place."""
    for name in left:
        (tmp_path / name).touch()
    assert Run.create(tmp_path, TINY).config == TINY


def test_no_run_at_all(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"config\.json is not there: .*nowhere is not a run folder"):
        Run(tmp_path / "nowhere")


def test_numbered_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = Run.create(None, TINY), Run.create(None, TINY)
    assert (first.path, second.path) == (Path("runs/tiny-0001"), Path("runs/tiny-0002"))
    for name in ("tiny-0007", "tiny-0099-old", "tiny-hinge-0050", "other-0200"):
        Path("runs", name).mkdir()
    assert Run.create(None, TINY).path == Path("runs/tiny-0008")


def test_a_newer_format_is_refused(run: Run) -> None:
    values = json.loads((run.path / "config.json").read_text())
    (run.path / "config.json").write_text(json.dumps(values | {"format": 2, "brain": "large"}))
    for opening in (lambda: Run(run.path), lambda: Run.create(run.path, TINY)):
        with pytest.raises(RequestError, match=r"config\.json was written by a newer elegans; upgrade this one"):
            opening()


@pytest.mark.parametrize(
    "garbage", [b"", b"{", b"[1, 2]", b"null", b'{"steps": "many"}', b'{"stepz": 1}', b"\x80\x9b\xff"]
)
def test_a_damaged_config_is_one_clear_line(run: Run, garbage: bytes) -> None:
    (run.path / "config.json").write_bytes(garbage)
    with pytest.raises(RequestError, match=r"config\.json") as caught:
        Run(run.path)
    assert "\n" not in str(caught.value)


# --- the record -------------------------------------------------------------------------------------------------------


def test_log_and_records(run: Run) -> None:
    assert run.records() == []
    run.log({"step": 1, "loss": 0.1 + 0.2})
    run.log({"step": 2, "loss": -1e-300})
    assert run.records() == [{"step": 1, "loss": 0.1 + 0.2}, {"step": 2, "loss": -1e-300}]


@pytest.mark.parametrize("half", ['{"step": 3, "lo', '{"step": 3, "loss": 1.0}'])
def test_a_half_written_last_line_is_passed_over_and_mended(run: Run, half: str) -> None:
    """A line without its line break may have lost digits too."""
    run.log({"step": 1})
    run.log({"step": 2})
    with (run.path / "metrics.jsonl").open("a") as file:
        file.write(half)
    assert run.records() == [{"step": 1}, {"step": 2}]
    run.rewind(2)
    run.log({"step": 3})
    assert run.records() == [{"step": 1}, {"step": 2}, {"step": 3}]


def test_rewind_drops_what_came_after(run: Run) -> None:
    for step in (5, 10, 15, 20):
        run.log({"step": step})
        run.show(step, f"sheet {step}".encode())
    save(run, 10)
    (run.path / ".aside-step-00000020").mkdir()
    (run.path / ".aside-step-00000020" / "generator.safetensors").write_bytes(b"half")
    (run.path / ".aside-config.json").write_bytes(b"half")
    run.rewind(10)
    assert run.records() == [{"step": 5}, {"step": 10}]
    assert [frame.name for frame in run.frames()] == ["00000005.png", "00000010.png"]
    assert run.frames()[1].read_bytes() == b"sheet 10"
    assert not list(run.path.rglob(".aside*"))
    assert restored(run) == 10


# --- checkpoints ------------------------------------------------------------------------------------------------------


def test_nothing_saved_nothing_restored(run: Run) -> None:
    assert run.restore() is None


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_only_the_newest_stay(tmp_path: Path, keep: int) -> None:
    run = Run.create(tmp_path / "run", TINY.model_copy(update={"every": Every(keep=keep)}))
    save(run, 10, 20, 30, 40)
    assert run.steps() == [10, 20, 30, 40][-keep:]
    assert restored(run) == 40
    assert not list(run.path.glob(".aside*"))


def test_restore_what_was_saved(run: Run) -> None:
    """Every kind of tensor that a method saves, and the notes."""
    tensors = {"f": torch.randn(2, 3), "d": torch.randn(2).double(), "i": torch.tensor(7), "empty": torch.zeros(0)}
    tensors["strided"] = torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last)
    run.save(10, {"all": tensors}, {"seconds": 1.5, "totals": {"loss": [0.1, 3]}})
    found = run.restore()
    assert found is not None
    got, notes = found
    assert (notes["step"], notes["seconds"], notes["totals"]) == (10, 1.5, {"loss": [0.1, 3]})
    for name, tensor in tensors.items():
        assert got["all"][name].dtype == tensor.dtype
        assert torch.equal(got["all"][name], tensor)


def test_restore_one_of_several(run: Run) -> None:
    save(run, 10, 20)
    assert (restored(run), restored(run, 10), restored(run, 20)) == (20, 10, 20)


def test_restore_a_step_that_is_not_there(run: Run) -> None:
    save(run, 10, 20)
    with pytest.raises(RequestError, match="has no checkpoint of step 15; there are: 10, 20"):
        run.restore(15)


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def damage(folder: Path, how: str) -> None:
    file = folder / "generator.safetensors"
    match how:
        case "a bit in the numbers":
            flip(file, -3)
        case "a bit in the header":
            flip(file, 12)
        case "cut":
            os.truncate(file, 20)
        case "empty":
            os.truncate(file, 0)
        case "lost":
            file.unlink()
        case "no manifest":
            (folder / "manifest.json").unlink()
        case "cut manifest":
            os.truncate(folder / "manifest.json", 30)
        case "empty manifest":
            os.truncate(folder / "manifest.json", 0)
        case "zeros for a manifest":
            (folder / "manifest.json").write_bytes(bytes(200))
        case "a list for a manifest":
            (folder / "manifest.json").write_text("[]")
        case "another step's manifest":
            text = (folder / "manifest.json").read_text()
            (folder / "manifest.json").write_text(text.replace('"step": 20', '"step": 10'))
        case _:
            raise AssertionError(how)


DAMAGES = [
    "a bit in the numbers",
    "a bit in the header",
    "cut",
    "empty",
    "lost",
    "no manifest",
    "cut manifest",
    "empty manifest",
    "zeros for a manifest",
    "a list for a manifest",
    "another step's manifest",
]


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_checkpoint_is_named_and_passed_over(run: Run, how: str, capfd: pytest.CaptureFixture[str]) -> None:
    save(run, 10, 20)
    damage(run.path / "step-00000020", how)
    assert restored(run) == 10
    first, second = capfd.readouterr().err.splitlines()
    assert re.fullmatch(r"elegans: .*step-00000020 is damaged \(.+\); trying the checkpoint before it", first)
    assert second == "elegans: using the checkpoint of step 10 instead"


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_checkpoint_that_was_asked_for_is_a_failure(run: Run, how: str) -> None:
    save(run, 10, 20)
    damage(run.path / "step-00000020", how)
    with pytest.raises(Failure, match=r"step-00000020 is damaged \(.+\); ask for another --step"):
        run.restore(20)


def test_all_damaged_is_a_failure(run: Run) -> None:
    save(run, 10, 20)
    for folder in run.path.glob("step-*"):
        damage(folder, "cut")
    with pytest.raises(Failure, match=r"step-00000010 is damaged .* there is no whole one before it; train again"):
        run.restore()


def test_a_damaged_checkpoint_is_replaced_when_its_step_comes_again(run: Run) -> None:
    save(run, 10, 20)
    damage(run.path / "step-00000020", "cut")
    assert restored(run) == 10
    save(run, 20)
    assert (run.steps(), restored(run)) == ([10, 20], 20)


def test_a_damaged_newer_checkpoint_does_not_push_out_what_is_saved_now(tmp_path: Path) -> None:
    """Going on from step 10 the run stops at 15: that is the newest whole one, whatever lies at step 20."""
    run = Run.create(tmp_path / "run", TINY.model_copy(update={"every": Every(keep=2)}))
    save(run, 10, 20)
    run = Run.create(tmp_path / "run", TINY)
    run.record(TINY.model_copy(update={"every": Every(keep=1)}))
    damage(run.path / "step-00000020", "cut")
    save(run, 15)
    assert restored(run) == 15


# --- one process at a time --------------------------------------------------------------------------------------------


def test_two_locks(run: Run) -> None:
    with run.locked(), pytest.raises(Failure, match="is in use: another process trains in it"), Run(run.path).locked():
        pass
    with run.locked():
        pass  # free again


def test_two_processes(run: Run) -> None:
    """The lock of a process that was killed is free."""
    code = (
        "import sys; from elegans import Run\n"
        "with Run(sys.argv[1]).locked(): print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, run.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(Failure, match="is in use: another process trains in it"), run.locked():
            pass
        other.kill()
    with run.locked():
        pass


# --- disks ------------------------------------------------------------------------------------------------------------


def test_a_parent_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Failure, match=r"run: cannot write.*Not a directory") as caught:
        Run.create(tmp_path / "file" / "run", TINY)
    assert isinstance(caught.value.__cause__, NotADirectoryError)


@pytest.mark.skipif(os.name != "posix", reason="permissions are another matter there")
@pytest.mark.parametrize("mode", [0o555, 0o000])
def test_no_permission(tmp_path: Path, mode: int) -> None:
    """As a user who may not write there, or not even look: root becomes nobody for it."""
    code = (
        "import os, elegans.run\nfrom elegans import Config, Failure, Run\n"
        "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: Run.create('closed/run', Config())\nexcept Failure as error: print(error)"
    )
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(mode)
    try:
        made = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    finally:
        closed.chmod(0o755)
    assert (made.returncode, made.stderr) == (0, "")
    expected = "cannot write. There is no permission to write there; choose another folder for --run\n"
    assert made.stdout == f"closed/run: {expected}"
    assert not list(closed.iterdir())


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "The disk is full (No space left on device); make room and run the same command again"),
        (errno.EDQUOT, "The disk is full (Disk quota exceeded); make room and run the same command again"),
        (errno.EROFS, "There is no permission to write there; choose another folder for --run"),
        (errno.EIO, "[Errno 5] Input/output error"),
    ],
)
def test_what_a_disk_can_say(run: Run, number: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place that writes puts it in one line, and what was there stays."""
    run.show(10, b"sheet")
    save(run, 10)
    before = contents(run.path)

    def broken(path: Path, content: bytes) -> None:
        path.write_bytes(content[:10])
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk, "write", broken)
    for action, what in (
        (lambda: run.record(TINY.override({"steps": 99})), ""),
        (lambda: run.show(10, b"another sheet"), " samples/00000010.png"),
        (lambda: run.keep("curves.png", b"curves"), " curves.png"),
        (lambda: run.rewind(10), ""),
    ):
        with pytest.raises(Failure) as caught:
            action()
        assert str(caught.value) == f"{run.path}: cannot write{what}. {said}"
    with pytest.raises(Failure) as caught:
        save(run, 20)
    what = "the checkpoint of step 20; the newest whole checkpoint is step 10"
    assert str(caught.value) == f"{run.path}: cannot write {what}. {said}"
    assert contents(run.path) == before
    assert not [p for p in run.path.rglob(".aside*") if p.name != ".lock"]


def test_the_first_checkpoint_does_not_fit(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(disk, "write", full)
    with pytest.raises(Failure, match=r"the checkpoint of step 10; there is no earlier checkpoint\. The disk is full"):
        save(run, 10)
    assert run.steps() == []


def check_full(said: str, folder: Path, reason: str) -> int:
    """The one line a person gets when a checkpoint did not fit; its step. What was whole is whole."""
    last = said.splitlines()[-1]
    found = re.fullmatch(
        rf"elegans: {re.escape(str(folder))}: cannot write the checkpoint of step (\d+); "
        rf"the newest whole checkpoint is step (\d+)\. The disk is full \({reason}\); "
        "make room and run the same command again",
        last,
    )
    assert found, said
    assert "Traceback" not in said
    step, whole = int(found[1]), int(found[2])
    run = Run(folder)
    saved = run.restore()
    assert saved is not None
    assert (step, saved[1]["step"], run.steps()[-1]) == (whole + 10, whole, whole)
    assert not list(folder.rglob(".aside*"))
    return step


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size there")
def test_a_file_that_may_not_grow(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The system really refuses to write a checkpoint whole, after an earlier one."""
    recipe, folder = commands.write_recipe(tmp_path, commands.TINY), tmp_path / "run"
    commands.run("train", recipe, "--run", folder, "--steps", 10)
    code = (
        "import resource, sys; from elegans.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)); main(sys.argv[1:])"
    )
    words = ["train", str(recipe), "--run", str(folder), "--steps", "30"]
    limited = [sys.executable, "-c", code, *words]
    made = subprocess.run(limited, env=commands.ENVIRONMENT, capture_output=True, text=True, check=False)
    assert made.returncode == 1
    assert check_full(made.stderr, folder, "File too large") == 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB: two checkpoints and not three."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        made = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], capture_output=True, text=True, check=False
        )
    except OSError as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    if made.returncode:
        pytest.skip(f"no disk can be mounted here: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_and_then_room(tmp_path: Path, small_disk: Path) -> None:
    """A disk runs full; after making room the same command goes on to what it would have been."""
    recipe, folder = commands.write_recipe(tmp_path, commands.TINY), small_disk / "run"
    words = ("train", recipe, "--run", folder, "--steps", 40, "--every.keep", 9)
    check_full(commands.run(*words, code=1), folder, "No space left on device")
    subprocess.run(["mount", "-o", "remount,size=30m", small_disk], check=True)
    commands.run(*words)
    assert Run(folder).steps() == [10, 20, 30, 40]
    steps = [record["step"] for record in commands.losses(folder)]
    assert steps == [7, 14, 21, 28, 35, 40]


def test_a_tuple_is_the_list_that_its_file_has(tmp_path: Path) -> None:
    config = TINY.override({"model.generator": (8,)})
    Run.create(tmp_path / "tuple", config)
    assert Run.create(tmp_path / "tuple", config).config.model.settings["generator"] == [8]
