"""Memory that is kept instead of given back: a step asks for the same large pieces as the one before."""

import ctypes
import sys

# M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h, and the bytes from which on memory is given back: the second at
# its maximum, for more is refused
LIMITS = {-1: 2**30, -3: 2**25}


def keep() -> None:
    """Let glibc's allocator keep what is freed, where it is glibc's.

    By default it gives large pieces back to the system and gets them again, empty pages that are filled with zeros one
    by one; in a step of small networks that is 5 to 15 % of the time (docs/LOG.md).
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            for limit, bytes_ in LIMITS.items():
                mallopt(limit, bytes_)
