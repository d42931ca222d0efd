"""What a processor is told: memory stays with the process, so that the same large piece is not got anew."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from elegans import cpu

COUNT = """
import ctypes, sys
import torch
from elegans import cpu
class Account(ctypes.Structure):  # mallinfo2 of malloc.h
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks".split()]
    _fields_ += [(name, ctypes.c_size_t) for name in "fsmblks uordblks fordblks keepcost".split()]
account = ctypes.CDLL(None).mallinfo2
account.restype = Account
if sys.argv[1] == "keep":
    cpu.keep_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
places = [0] * 1000
for i in range(1000):
    places[i] = libc.malloc(100 * 2**10)
most = account().arena
for place in places:
    libc.free(place)
left, before = account().arena / most, account().hblks
held = torch.empty(100 * 2**20, dtype=torch.uint8)
print(account().hblks - before, left)
"""


@pytest.mark.skipif(sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="glibc from 2.33 on")
def test_a_large_piece_is_not_one_that_is_given_back() -> None:
    """By the allocator's own account: whether a large tensor lies outside the heap, and how much of the heap is left
    when all is free. Page faults are another matter, for what lies behind a piece keeps it from being given back by
    chance."""
    kept, own = (
        [*map(float, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())]
        for command in ([sys.executable, "-c", COUNT, how] for how in ("keep", "as it is"))
    )
    assert kept == [0, 1]
    assert own[0] == 1
    assert own[1] < 0.9


def test_numbers_next_to_nothing_are_nothing_while_it_trains_and_only_then() -> None:
    small = torch.full((64,), 1e-39)
    assert (small * 1 != 0).all()
    with cpu.flushed():
        assert (small * 1 == 0).all()
    assert (small * 1 != 0).all()
    with pytest.raises(ValueError, match="within"), cpu.flushed():
        raise ValueError("within")
    assert (small * 1 != 0).all()


@pytest.mark.parametrize(
    ("linux", "elsewhere", "amds"),
    [
        ("vendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9R14", "", True),
        ("vendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) Processor", "", False),
        ("CPU implementer\t: 0x41", "", False),
        (None, "AMD64 Family 25 Model 33 Stepping 0, AuthenticAMD", True),
        (None, "Intel64 Family 6 Model 158 Stepping 10, GenuineIntel", False),
        (None, "arm", False),
    ],
)
def test_whose_processor_it_is(linux: str | None, elsewhere: str, amds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path) -> str:
        assert path == Path("/proc/cpuinfo")
        if linux is None:
            raise FileNotFoundError
        return linux

    monkeypatch.setattr(cpu.Path, "read_text", read)
    monkeypatch.setattr(cpu.platform, "processor", lambda: elsewhere)
    assert cpu.is_amds.__wrapped__() is amds
