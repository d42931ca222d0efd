"""Two data sets with the names of MNIST and Fashion-MNIST and a handful of pixels, and a cache of the test's own."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from elegans.data import _idx, fashion, mnist

NOWHERE = "http://127.0.0.1:9/{}.gz"  # nobody listens there


def contents(seed: int) -> dict[str, bytes]:
    """The four files of a set of six and four images."""
    draw = np.random.default_rng(seed)
    made = {}
    for prefix, n in (("train", 6), ("t10k", 4)):
        made[f"{prefix}-images-idx3-ubyte"] = _idx.encode(draw.integers(0, 256, (n, 28, 28), np.uint8))
        made[f"{prefix}-labels-idx1-ubyte"] = _idx.encode(draw.integers(0, 10, n, np.uint8))
    return made


DIGITS, CLOTHES = contents(1), contents(2)


@pytest.fixture(autouse=True)
def cache(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, ELEGANS_DATA for the tests that need it alone, no proxy between a test and its own server."""
    monkeypatch.setenv("ELEGANS_CACHE", str(tmp_path / "cache"))
    if not request.node.get_closest_marker("full"):
        monkeypatch.delenv("ELEGANS_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache"


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mnist` is DIGITS and `fashion` is CLOTHES, and nothing can be downloaded."""
    for module, made in ((mnist, DIGITS), (fashion, CLOTHES)):
        known = {name: sha256(content).hexdigest() for name, content in made.items()}
        monkeypatch.setattr(module, "files", replace(module.files, sha256=known, mirrors=(NOWHERE,)))


def lay(folder: Path, made: dict[str, bytes], packed: bool = True) -> Path:
    """Put the files of a set into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
    return folder


@pytest.fixture
def sets() -> tuple[dict[str, bytes], dict[str, bytes], Callable[..., Path]]:
    """DIGITS, CLOTHES and `lay`, for the tests."""
    return DIGITS, CLOTHES, lay
