"""Devices and processes: the only file that knows of them."""

import torch

from elegans.errors import RequestError


def device(name: str) -> torch.device:
    """The device of that name; `auto` is a CUDA or Apple GPU if there is one, else the CPU.

    Raises:
        RequestError: no such device on this machine.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        chosen = torch.device(name)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise RequestError(f"device = {name!r} cannot be used here: {str(error).splitlines()[0]}") from None
    return chosen
