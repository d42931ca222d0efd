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


def keep_memory() -> None:
    """Let glibc's allocator keep what is freed, where it is glibc's: a step asks for the same large pieces as the last.

    By default it gives large pieces back to the system and gets them again, empty pages that are filled with zeros one
    by one; that is 5 to 15 % of a step of small networks, and up to 18 % of one of large ones (docs/LOG.md).
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            for name, value in SETTINGS.items():
                mallopt(name, value)


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
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
