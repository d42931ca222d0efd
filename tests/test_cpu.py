"""Memory stays with the process, so that the same large piece is not got anew: no page is filled a second time."""

import subprocess
import sys

import pytest
import torch

from elegans import cpu

COUNT = """
import resource, sys
import torch
from elegans import cpu
torch.set_num_threads(1)
if sys.argv[1] == "keep":
    cpu.keep_memory()
x = torch.ones(2_000_000)
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        [x + 1 for _ in range(6)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc")
def test_a_large_piece_is_kept() -> None:
    kept, given_back = (
        int(subprocess.run([sys.executable, "-c", COUNT, how], capture_output=True, text=True, check=True).stdout)
        for how in ("keep", "as it is")
    )
    assert 5 * kept < given_back > 10_000


def test_numbers_next_to_nothing_are_nothing_while_it_trains_and_only_then() -> None:
    small = torch.full((64,), 1e-39)
    assert (small * 1 != 0).all()
    with cpu.flushed():
        assert (small * 1 == 0).all()
    assert (small * 1 != 0).all()
    with pytest.raises(ValueError, match="within"), cpu.flushed():
        raise ValueError("within")
    assert (small * 1 != 0).all()
