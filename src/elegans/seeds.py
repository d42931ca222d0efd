"""Randomness as a function of (seed, step, purpose), so that no random state is ever saved.

Two processes that ask for the same draw get the same numbers, and a resumed run draws what the uninterrupted one drew.
"""

from functools import cache
from hashlib import blake2b

import torch
from jaxtyping import Float
from torch import Tensor

from elegans.config import Latent


def derive(seed: int, step: int, purpose: str) -> int:
    """A 63-bit seed for one draw; different (seed, step, purpose) give unrelated ones."""
    digest = blake2b(f"{seed}/{step}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def generator(seed: int, step: int, purpose: str) -> torch.Generator:
    """A fresh random generator, on the CPU whatever the device is, so that every device sees the same numbers."""
    return torch.Generator().manual_seed(derive(seed, step, purpose))


def fix(seed: int, step: int, purpose: str = "networks") -> None:
    """Set torch's global state: for what networks draw themselves, such as initial weights and dropout."""
    value = derive(seed, step, purpose)
    torch.default_generator.manual_seed(value)
    # torch.manual_seed asks every backend there could be, which is a tenth of a millisecond a step
    if not _accelerated():
        return
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(value)
    elif torch.backends.mps.is_available():
        torch.mps.manual_seed(value)


@cache
def _accelerated() -> bool:
    return torch.accelerator.is_available()


def latents(n: int, latent: Latent, seed: int, step: int, purpose: str) -> Float[Tensor, "n z"]:
    """`n` latent vectors of the configured distribution, on the CPU."""
    draw = generator(seed, step, purpose)
    if latent.distribution == "normal":
        return torch.randn(n, latent.size, generator=draw)
    unit = torch.rand(n, latent.size, generator=draw)
    return unit if latent.distribution == "unit" else unit * 2 - 1
