"""What a processor is told: memory stays with the process, so that the same large piece is not got anew."""

import ctypes
import platform
import subprocess
import sys
from collections.abc import Callable
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


LARGE = """
import re, sys
import torch
from elegans import cpu
def large():
    rollup = open("/proc/self/smaps_rollup").read()
    return int(re.search(r"AnonHugePages: +([0-9]+) kB", rollup)[1]) / 1024
early = [bytearray(2000) for _ in range(20_000)]  # 40 MB that are there before, in small pieces
before = large()
cpu.keep_memory()
there, held = large(), torch.ones(16 * 2**20)
print(there - before, large() - there)
"""


def has_large_pages() -> bool:
    """Whether the system gives them to those who ask."""
    enabled = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return sys.platform == "linux" and enabled.exists() and "[never]" not in enabled.read_text()


@pytest.mark.skipif(not has_large_pages(), reason="a Linux that gives large pages")
def test_the_heap_lies_in_large_pages() -> None:
    """What is there before, where the system knows how to (Linux 6.1), and what comes."""
    command = [sys.executable, "-c", LARGE]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    early, late = map(float, said.split())
    release = tuple(map(int, platform.release().split(".")[:2]))
    assert late > 60  # of 64 MB
    assert early > 30 or release < (6, 1)


@pytest.mark.parametrize("threads", [1, 2])
def test_numbers_next_to_nothing_are_nothing_while_it_trains_and_only_then(
    threads: int, cores: Callable[[int], None]
) -> None:
    """In all threads, those that were there before among them: with two each has one end of the numbers."""
    cores(threads)
    small = torch.full((400_000,), 1e-39)

    def kept() -> list[bool]:
        """Of the first numbers and the last."""
        of_bits = (small * 1).view(torch.int32)
        return [bool((end != 0).all()) for end in (of_bits[:64], of_bits[-64:])]

    assert kept() == [True, True]
    with cpu.flushed():
        assert kept() == [False, False]
    assert kept() == [True, True]
    with pytest.raises(ValueError, match="within"), cpu.flushed():
        raise ValueError("within")
    assert kept() == [True, True]


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
