"""The run folder: its config and its newest whole checkpoint are the truth; all else can be made again.

runs/vanilla-0003/
  config.json            plain values, with a format number
  metrics.jsonl          a line a record: step, images, seconds, and every loss by name (means since the last)
  samples/00005000.png   the same noise every time           curves.png  progress.gif  progress.png
  step-00005000/         *.safetensors and manifest.json with a sha256 of each; written aside, then renamed
"""

import hashlib
import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from elegans import disk
from elegans.config import Config, flatten, load_json
from elegans.errors import Failure, RequestError

MAY_CHANGE = re.compile(r"steps|minutes|device|on_trouble|data\.root|every\..*")  # when a run is gone on with
BEGUN = (".lock", ".aside-config.json")  # what a process that died at once may have left in a folder
Record = dict[str, float]
PLACE = ("step", "images", "seconds")  # where in the training a record stands; all else in it was measured


class Run:
    """A run on disk. `Run(path)` opens one; `create` makes one or opens it again.

    Attributes:
        path: the folder.
        config: what it was made with.

    Raises:
        RequestError: the folder is not there or is not a run.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.config = load_json(self.path / "config.json")

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    # --- making one --------------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path | str | None, config: Config) -> "Run":
        """A new run folder, or the one that is there if it was made with the same values.

        Args:
            path: the folder; None makes a new numbered one, `runs/<recipe>-0001`.
            config: the values, resolved.

        Raises:
            RequestError: the folder holds something else, or a run with other values (they are named).
            Failure: it cannot be written.
        """
        path = _numbered(Path("runs"), config.recipe) if path is None else Path(path)
        with disk.writing(path):  # to look is not always permitted
            there = (path / "config.json").exists()
        if there:
            run = cls(path)
            run._agree(config)
            return run
        if path.exists() and (not path.is_dir() or any(p.name not in BEGUN for p in path.iterdir())):
            raise RequestError(f"{path} is there and is not a run; choose another folder for --run")
        with disk.writing(path):
            path.mkdir(parents=True, exist_ok=True)
            disk.write_aside(path / "config.json", _json(config))
        return cls(path)

    def record(self, config: Config) -> None:
        """Write down the values the run goes on with: its length, its horizon and its cadences may have changed."""
        self.config = config
        with disk.writing(self.path):
            disk.write_aside(self.path / "config.json", _json(config))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """While it is open, no other process trains in this folder.

        Raises:
            Failure: another one does.
        """
        from filelock import FileLock, Timeout

        lock = FileLock(self.path / ".lock")
        with disk.writing(self.path):
            try:
                lock.acquire(timeout=0)
            except Timeout:  # an OSError that has nothing to do with writing
                raise Failure(f"{self.path} is in use: another process trains in it; wait for it or stop it") from None
        try:
            yield
        finally:
            lock.release()

    def _agree(self, config: Config) -> None:
        if self.config.recipe != config.recipe:
            raise RequestError(
                f"{self.path} holds a run of the recipe {self.config.recipe!r}, not {config.recipe!r}; "
                "choose another folder for --run"
            )
        # as a file has them, where a tuple is a list
        had, wanted = flatten(self.config), flatten(Config.model_validate_json(config.model_dump_json()))
        other = [
            f"{name} was {had.get(name)!r}, now {wanted.get(name)!r}"
            for name in dict.fromkeys([*had, *wanted])
            if had.get(name) != wanted.get(name)
            and not MAY_CHANGE.fullmatch(name)
            and (name != "horizon" or config.horizon)  # asked for; else it is the one that was decided
        ]
        if other:
            raise RequestError(
                f"{self.path} was begun with other values: {'; '.join(other)}. "
                "Give the same ones to go on, or another folder for --run"
            )

    # --- the record --------------------------------------------------------------------------------------------------

    def log(self, record: Mapping[str, float]) -> None:
        """Add a line to metrics.jsonl."""
        with disk.writing(self.path), (self.path / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(record)) + "\n")

    def records(self) -> list[Record]:
        """All whole lines of metrics.jsonl; a damaged one is named on stderr and passed over."""
        path = self.path / "metrics.jsonl"
        # what follows the last line break was half written when the process died
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        found = []
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                if not isinstance(record, dict) or "step" not in record:
                    raise ValueError("no record")
                found.append(record)
            except ValueError:
                print(f"elegans: line {number} of {path} is damaged and left out", file=sys.stderr)
        return found

    def best(self) -> int | None:
        """The step with the lowest Fréchet distance of those measured in training; its checkpoint stays."""
        measured = [record for record in self.records() if "fid" in record]
        return int(min(measured, key=lambda record: record["fid"])["step"]) if measured else None

    def frames(self) -> list[Path]:
        """The sheets of this run, oldest first."""
        return sorted((self.path / "samples").glob("????????.png"))

    def show(self, step: int, png: bytes) -> None:
        """Keep a sheet of samples."""
        self.keep(f"samples/{step:08d}.png", png)

    def keep(self, name: str, content: bytes) -> None:
        """Write a file of the run, whole or not at all."""
        with disk.writing(self.path, name):
            (self.path / name).parent.mkdir(exist_ok=True)
            disk.write_aside(self.path / name, content)

    def rewind(self, step: int) -> None:
        """Drop what was recorded after `step` by a process that did not live to save it."""
        with disk.writing(self.path):
            kept = [json.dumps(record) + "\n" for record in self.records() if record["step"] <= step]
            disk.write_aside(self.path / "metrics.jsonl", "".join(kept).encode())
            for frame in self.frames():
                if int(frame.stem) > step:
                    frame.unlink()
            for aside in self.path.glob(".aside-*"):
                shutil.rmtree(aside) if aside.is_dir() else aside.unlink()

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def steps(self) -> list[int]:
        """The steps of the checkpoints on disk, newest last; they may be damaged."""
        found = (re.fullmatch(r"step-(\d{8,})", p.name) for p in self.path.iterdir())
        return sorted(int(m[1]) for m in found if m)

    def save(self, step: int, state: Mapping[str, Mapping[str, Any]], notes: Mapping[str, Any]) -> None:
        """Write a checkpoint aside, make it durable, rename it, and only then drop the oldest.

        Args:
            step: steps done.
            state: a file name and its tensors, for each file.
            notes: plain values that go into the manifest.

        Raises:
            Failure: it cannot be written; the checkpoints before it are untouched.
        """
        from safetensors.torch import save

        last = [s for s in self.steps() if s < step][-1:]
        final, aside = self.path / f"step-{step:08d}", self.path / f".aside-step-{step:08d}"
        whole = f"the newest whole checkpoint is step {last[0]}" if last else "there is no earlier checkpoint"
        try:
            with disk.writing(self.path, f"the checkpoint of step {step}; {whole}"):
                shutil.rmtree(aside, ignore_errors=True)
                aside.mkdir()
                hashes = {}
                for name, tensors in state.items():
                    content = save({key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()})
                    hashes[f"{name}.safetensors"] = hashlib.sha256(content).hexdigest()
                    disk.write(aside / f"{name}.safetensors", content)
                manifest = {"step": step, "sha256": hashes, **notes}
                manifest["manifest"] = _digest(manifest)
                disk.write(aside / "manifest.json", json.dumps(manifest, indent=1).encode())
                if final.exists():  # a damaged one of the same step, or the run was stopped twice at one place
                    shutil.rmtree(final)
                aside.rename(final)
                disk.sync_folder(self.path)
                older = [s for s in self.steps() if s <= step]  # later ones are damaged
                for old in set(older[: -self.config.every.keep]) - {self.best()}:
                    shutil.rmtree(self.path / f"step-{old:08d}")
        except Failure:
            shutil.rmtree(aside, ignore_errors=True)
            raise

    def restore(self, step: int | None = None) -> tuple[dict[str, dict[str, Any]], dict[str, Any]] | None:
        """The state and the manifest of a checkpoint; None where there is none.

        Args:
            step: which one; None is the newest whole one. A damaged one is named on stderr and passed over.

        Raises:
            RequestError: no checkpoint of that step.
            Failure: that one, or every one, is damaged.
        """
        steps = self.steps()
        if step is not None and step not in steps:
            raise RequestError(f"{self.path} has no checkpoint of step {step}; there are: {', '.join(map(str, steps))}")
        damage = ""
        for candidate in [step] if step is not None else reversed(steps):
            folder = self.path / f"step-{candidate:08d}"
            try:
                found = _read(folder)
            except (OSError, ValueError, KeyError, TypeError) as error:
                damage = f"{folder} is damaged ({error})"
                if step is not None:
                    raise Failure(f"{damage}; ask for another --step, or for none") from None
                print(f"elegans: {damage}; trying the checkpoint before it", file=sys.stderr)
                continue
            if damage:
                print(f"elegans: using the checkpoint of step {candidate} instead", file=sys.stderr)
            return found
        if damage:
            raise Failure(f"{damage} and there is no whole one before it; train again in another folder")
        return None


def _read(folder: Path) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    from safetensors.torch import load

    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if manifest.pop("manifest", None) != _digest(manifest):
        raise ValueError("manifest.json is not what was written")
    if folder.name != f"step-{manifest['step']:08d}":
        raise ValueError(f"its manifest is that of step {manifest['step']}")
    state = {}
    for name, expected in manifest["sha256"].items():
        content = (folder / name).read_bytes()
        if hashlib.sha256(content).hexdigest() != expected:
            raise ValueError(f"{name} is not what was written: its sha256 differs")
        state[name.removesuffix(".safetensors")] = load(content)
    return state, manifest


def _digest(manifest: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _json(config: Config) -> bytes:
    return (config.model_dump_json(indent=1) + "\n").encode()


def _numbered(parent: Path, recipe: str) -> Path:
    found = (re.fullmatch(rf"{re.escape(recipe)}-(\d+)", p.name) for p in parent.glob(f"{recipe}-*"))
    return parent / f"{recipe}-{max((int(m[1]) for m in found if m), default=0) + 1:04d}"
