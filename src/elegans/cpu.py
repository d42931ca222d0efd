"""Whose processor it is, and what it does faster if it is told so: memory that is kept, numbers next to nothing that
are nothing."""

import ctypes
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch

# of malloc.h: M_TRIM_THRESHOLD, the free bytes at the heap's end from which on they are given back, -1 for never; and
# M_MMAP_MAX, how many large pieces lie outside the heap, where they are given back whatever the limits
SETTINGS = {-1: -1, -4: 0}
MADV_HUGEPAGE, MADV_COLLAPSE = 14, 25  # of sys/mman.h; a system that does not know them does nothing
LARGE_PAGE = 2 * 2**20
IN_LARGE_PAGES = 256 * 2**20  # bytes the heap grows by at once; what is never written to is no memory


def keep_memory() -> None:
    """Let glibc's allocator keep what is freed, where it is glibc's: a step asks for the same large pieces as the last.

    By default it gives large pieces back to the system and gets them again, empty pages that are filled with zeros one
    by one; that is 5 to 15 % of a step of small networks, and up to 18 % of one of large ones (docs/LOG.md).

    And let the heap lie in large pages: a processor remembers where so many pages are and no more, and a step goes
    through tens of megabytes, Python's and torch's own objects among them. It is 1 to 4 % of one.
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if libc and hasattr(libc, "mallopt"):
        for name, value in SETTINGS.items():
            libc.mallopt(name, value)
        libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        libc.free.argtypes = [ctypes.c_void_p]
        libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        piece = libc.malloc(IN_LARGE_PAGES)  # it lies at the end of the heap, and stays in it
        for start, end in _heap():
            for advice in (MADV_HUGEPAGE, MADV_COLLAPSE):
                libc.madvise(-(-start // LARGE_PAGE) * LARGE_PAGE, max(end - start - LARGE_PAGE, 0), advice)
        libc.free(piece)


def _heap() -> list[tuple[int, int]]:
    """Where the parts of the process's heap begin and end."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    places = [line.split()[0].split("-") for line in lines if line.endswith("[heap]")]
    return [(int(start, 16), int(end, 16)) for start, end in places]


@cache
def is_amds() -> bool:
    """Whether it is one of AMD's, for which Intel's MKL, torch's own choice for products, has not its best code."""
    try:
        about = Path("/proc/cpuinfo").read_text()
    except OSError:  # not Linux
        about = platform.processor()
    return "AuthenticAMD" in about


@contextmanager
def flushed() -> Iterator[None]:
    """While it is open, numbers below 1.2e-38 are 0, where the processor can: arithmetic with them takes many times as
    long, and the second moments of weights that rest become such. It doubles the speed of `vae` (docs/LOG.md)."""
    _flush(True)
    try:
        yield
    finally:
        _flush(False)


def _flush(on: bool) -> None:
    torch.set_flush_denormal(on)
    # that is a setting of one thread, which those have that it starts, and not those that it has started: the threads
    # of OpenMP end, and are started again when there is work for them
    pause = getattr(ctypes.CDLL(None), "omp_pause_resource_all", None) if sys.platform != "win32" else None
    if pause is not None:
        pause(1)  # omp_pause_soft
