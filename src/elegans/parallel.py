"""Devices and processes: the only file that knows of them.

`torchrun --nproc-per-node 2 -m -- elegans train ...` starts processes that train one run together, on one machine or on
several. All draw the same batch and the same noise and each takes its part; gradients are averaged, so that all make
the same step. The first process keeps the run; the others follow it. With one process everything here does nothing.
"""

import atexit
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import numpy as np
import torch
from jaxtyping import Shaped
from numpy.typing import NDArray
from torch import Tensor, nn
from torch import distributed as dist

from elegans.errors import RequestError
from elegans.tensors import State

Built = TypeVar("Built")
Rows = TypeVar("Rows", Tensor, NDArray[np.int64])


def device(name: str) -> torch.device:
    """The device of that name; `auto` is a CUDA GPU if there is one, else the CPU.

    Raises:
        RequestError: no such device on this machine.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and count() > 1:
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    try:
        chosen = torch.device(name)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise RequestError(f"device = {name!r} cannot be used here: {str(error).splitlines()[0]}") from None
    return chosen


# --- processes -------------------------------------------------------------------------------------------------------


def start(batch: int) -> None:
    """Meet the other processes, if torchrun started any.

    Raises:
        RequestError: the batch cannot be shared out evenly.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or not dist.is_available():
        return
    if not dist.is_initialized():
        dist.init_process_group("gloo")  # the gradients of small networks pass over the CPU in no time
        atexit.register(dist.destroy_process_group)
    if batch % count():
        raise RequestError(f"batch = {batch} cannot be shared by {count()} processes: give a multiple of {count()}")


def count() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def first() -> bool:
    """Whether this one is the first, which keeps the run."""
    return count() == 1 or dist.get_rank() == 0


def leave() -> NoReturn:
    """End a process that has followed to the end, without Python's own farewell: where a thread of gloo still holds
    a tensor of the last message then, torch aborts (pytorch/pytorch#179291)."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def in_turn(build: Callable[[], Built]) -> Built:
    """What `build` gives; the first process calls it before the others, which find the download that it left."""
    if count() == 1:
        return build()
    if first():
        built = build()
        dist.barrier()
        return built
    dist.barrier()
    return build()


def agree(value: float) -> float:
    """The first process's value, in all."""
    if count() == 1:
        return value
    said = torch.tensor(value, dtype=torch.float64)
    dist.broadcast(said, 0)
    return said.item()


def share(text: str) -> str:
    """The first process's text, in all."""
    content = torch.tensor(list(text.encode()), dtype=torch.uint8)
    length = int(agree(len(content)))
    if count() > 1:
        content = content if first() else torch.empty(length, dtype=torch.uint8)
        dist.broadcast(content, 0)
    return bytes(content.tolist()).decode()


def share_state(state: State | None) -> State:
    """A saved state that the first process has read, in all; the others, perhaps on other machines, give None."""
    if count() == 1:
        return state or {}
    outline = {
        file: [(key, list(tensor.shape), str(tensor.dtype).removeprefix("torch.")) for key, tensor in tensors.items()]
        for file, tensors in (state or {}).items()
    }
    shared: State = {}
    for file, rows in json.loads(share(json.dumps(outline))).items():
        shared[file] = {}  # there may be nothing in it: the state of an optimiser that has none
        for key, shape, kind in rows:
            tensor = torch.empty(shape, dtype=getattr(torch, kind)) if state is None else state[file][key].contiguous()
            dist.broadcast(tensor, 0)
            shared[file][key] = tensor
    return shared


# --- what a batch is divided into, and what is put together again ----------------------------------------------------


def part(batch: Rows) -> Rows:
    """This process's part of what belongs to a whole batch: a tensor or an array."""
    if count() == 1:
        return batch
    size = len(batch) // count()
    mine: Rows = batch[dist.get_rank() * size : (dist.get_rank() + 1) * size]
    return mine


def whole(part: Shaped[Tensor, "m ..."]) -> Shaped[Tensor, "n ..."]:
    """The parts of all processes, in order; no gradient passes."""
    if count() == 1:
        return part.detach()
    parts = [torch.empty_like(part) for _ in range(count())]
    dist.all_gather(parts, part.detach().contiguous())
    return torch.cat(parts)


def normal(shape: Sequence[int], draw: torch.Generator) -> Shaped[Tensor, "..."]:
    """Normal numbers for the whole batch, of which this process gets its part, in that shape."""
    return part(torch.randn(shape[0] * count(), *shape[1:], generator=draw))


def mean(
    said: Mapping[str, Tensor], *gradients: Sequence[Tensor]
) -> tuple[dict[str, Tensor], Sequence[Sequence[Tensor]]]:
    """The means over the processes of scalars by name and of the gradients of networks, in one message."""
    if count() == 1:
        return dict(said), gradients
    tensors = [*(value.float() for value in said.values()), *(tensor for of in gradients for tensor in of)]
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors]).cpu()
    dist.all_reduce(flat)
    pieces = torch.split(flat.div_(count()), [tensor.numel() for tensor in tensors])
    # they lie in memory as they did
    means = iter([torch.empty_like(t).copy_(piece.view(t.shape)) for piece, t in zip(pieces, tensors, strict=True)])
    return {name: next(means) for name in said}, [[next(means) for _ in of] for of in gradients]


class Total(torch.autograd.Function):
    """The sum over the processes; its gradient is the sum of theirs, for each of their losses depends on it."""

    @staticmethod
    def forward(context: Any, part: Tensor) -> Tensor:
        total = part.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total: Tensor = Total.apply(gradient)  # type: ignore[no-untyped-call]
        return total


def synchronise(network: nn.Module) -> None:
    """Let batch norm look at the whole batch, as with one process; weights and statistics keep their names.

    Raises:
        RequestError: a module that looks at a batch as a whole in another way.
    """
    if count() == 1:
        return
    for module in list(network.modules()):
        if getattr(module, "couples_samples", False):
            raise RequestError(f"{type(module).__name__} looks at a batch as a whole: train with one process")
        for name, child in module.named_children():
            if isinstance(child, nn.modules.batchnorm._BatchNorm):
                setattr(module, name, SynchronisedBatchNorm(child))


class SynchronisedBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm over the batches of all processes. torch's own is for GPUs.

    Args:
        of: the layer in whose place it stands, with whose weights and statistics.
    """

    def __init__(self, of: nn.modules.batchnorm._BatchNorm) -> None:
        super().__init__(of.num_features, of.eps, of.momentum, of.affine, of.track_running_stats)
        self._parameters, self._buffers = of._parameters, of._buffers

    def forward(self, x: Shaped[Tensor, "n c ..."]) -> Shaped[Tensor, "n c ..."]:
        """As with one process and the whole batch: gradients pass through the statistics, too."""
        if not self.training:
            return super().forward(x)
        axes = [axis for axis in range(x.ndim) if axis != 1]
        shape = [1, -1] + [1] * (x.ndim - 2)
        values = x.numel() // x.shape[1] * count()
        # one message each way; as doubles, in which the difference of the squares loses nothing
        variance, centre = (moment.double() for moment in torch.var_mean(x, axes, correction=0))
        moments = torch.stack([centre, variance + centre.square()])
        centre, square = Total.apply(moments).div(count())  # type: ignore[no-untyped-call]
        variance, centre = (square - centre.square()).to(x.dtype), centre.to(x.dtype)
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            weight = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
            self.running_mean.lerp_(centre.detach(), weight)
            self.running_var.lerp_(variance.detach() * values / (values - 1), weight)
        scale, bias = (variance + self.eps).rsqrt(), None
        if self.affine:
            scale, bias = scale * self.weight, self.bias
        scaled: Tensor = (x - centre.view(shape)) * scale.view(shape)
        return scaled if bias is None else scaled + bias.view(shape)

    def _check_input_dim(self, x: Tensor) -> None:
        """Any number of axes."""
