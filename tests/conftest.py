"""Shapes and types are checked at run time in every test; nothing is read from or written to the user's own cache."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import install_import_hook

os.environ.setdefault("OMP_NUM_THREADS", "1")
tower = "beartype.BeartypeConf(is_pep484_tower=True)"  # an int is a float, as for mypy
hook = install_import_hook("elegans", f"beartype.beartype(conf={tower})")


@pytest.fixture(autouse=True)
def _private_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEGANS_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture(autouse=True)
def _draws_of_the_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks draw from Python's random numbers, which to the package looks as if networks did."""
    monkeypatch.setattr("elegans.recorded.other_draws", lambda: (None, str(np.random.get_state(legacy=False))))


@pytest.fixture
def cores() -> Iterator[Callable[[int], None]]:
    """A function that sets how many threads torch has; they are as many as before when the test is over."""
    import torch  # not before the number of threads is set, above

    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def full_data() -> Path:
    """The folder with the full data sets; the test is skipped where there is none."""
    root = os.environ.get("ELEGANS_DATA")
    if not root or not Path(root, "mnist").is_dir():
        pytest.skip("needs the full data sets: set ELEGANS_DATA to their folder")
    return Path(root).resolve()
