"""The command as a process of its own, for tests that need real signals, disks and terminals."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any

ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
PATIENCE = 600  # seconds for a process that takes three, on a machine that has much else to do
COMMAND = [sys.executable, "-m", "elegans"]

TINY = '''
"""A tiny multilayer perceptron with everything that has a state: batch norm, dropout, an average."""

from elegans.config import Config, Data, Ema, Every, Gan, Latent, Model

recipe = Config(
    steps=60,
    batch=16,
    data=Data(name="rings", n=200),
    latent=Latent(size=8),
    model=Model(name="mlp", classes=0, generator=[64, 64], discriminator=[64, 64], batch_norm=True, dropout=0.3),
    gan=Gan(update="one-pass"),
    ema=Ema(half_life=500),
    every=Every(log=7, sample=10, save=10),
)
'''

CONDITIONAL = '''
"""A tiny class-conditional pair under spectral norm, with the last batch of an epoch over its end."""

from elegans.config import Config, Data, Ema, Every, Latent, Model

recipe = Config(
    steps=60,
    batch=16,
    schedule="cosine",
    data=Data(name="rings", n=200, classes=4),
    latent=Latent(size=8),
    model=Model(name="subpixel", width=8, discriminator_width=8),
    ema=Ema(half_life=500),
    every=Every(log=7, sample=10, save=10),
)
'''


def write_recipe(folder: Path, text: str, name: str = "tiny") -> Path:
    """A recipe file in that folder."""
    path = folder / f"{name}.py"
    path.write_text(text.lstrip(), encoding="utf-8")
    return path


@contextmanager
def start(*words: object) -> Iterator[subprocess.Popen[str]]:
    """`elegans WORDS`, running; it does not outlive the block."""
    command = [*COMMAND, *map(str, words)]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=PIPE, stderr=PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def run(*words: object, code: int = 0) -> str:
    """`elegans WORDS` to its end, which is to have that exit code; what it said on stderr."""
    with start(*words) as process:
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, said
        return said


def records(run: Path) -> list[dict[str, Any]]:
    """metrics.jsonl without the one value that is never the same twice."""
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "seconds"} for line in lines]


def losses(run: Path) -> list[dict[str, Any]]:
    """The records of an interval, without those of a sheet."""
    return [record for record in records(run) if "variety" not in record]


def weights(run: Path, step: int) -> dict[str, bytes]:
    """The files of a checkpoint, but for the manifest."""
    return {file.name: file.read_bytes() for file in (run / f"step-{step:08d}").glob("*.safetensors")}


def frames(run: Path) -> dict[str, bytes]:
    """The sheets of a run."""
    return {file.name: file.read_bytes() for file in (run / "samples").iterdir()}
