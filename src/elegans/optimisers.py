"""Optimisers of one network each: made from plain values, fed with gradients, saved and taken over as tensors."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from elegans.config import Optimiser
from elegans.errors import RequestError


class Updater:
    """A network's optimiser.

    The arithmetic is torch's, by its functions: what `torch.optim.Adam` does around it takes as long as small networks
    take to move, and so do counters of steps for each tensor (docs/LOG.md).

    Args:
        network: whose parameters it moves, less those that are frozen.
        options: which one, and its values.
    """

    def __init__(self, network: nn.Module, options: Optimiser) -> None:
        self.network, self.options = network, options
        trained: dict[str, Tensor] = {name: p for name, p in network.named_parameters() if p.requires_grad}
        self.names, self.parameters = list(trained), list(trained.values())
        if not trained:
            raise RequestError(f"the {type(network).__name__.lower()} has no parameters to train")
        self.smallest = min(range(len(trained)), key=lambda i: self.parameters[i].numel())
        self.strides = [parameter.stride() for parameter in self.parameters]
        self.orders = [None if p.is_contiguous() else p.dim_order() for p in self.parameters]
        # Adam without momentum, long after its beginning, is RMSprop; and there is a fused Adam, which passes over
        # memory once where torch's RMSprop does six times
        self.beta1 = options.beta1 if options.kind != "rmsprop" else 0.0
        first, second = ("momentum_buffer", []) if options.kind == "sgd" else ("exp_avg", ["exp_avg_sq"])
        keys = [first, *second] if self.beta1 else second
        self.moments = {key: [torch.zeros_like(p) for p in self.parameters] for key in keys}
        self.done = torch.tensor(1e9 if options.kind == "rmsprop" else 0.0, device=self.parameters[0].device)
        self._moved: list[list[Tensor]] | None = None
        # a tensor, for a recorded step reads it anew where a number would be written down
        self.rate, self._rate = options.lr, torch.tensor(options.lr, dtype=torch.float64)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_moved": None}  # a copy would move what is neither its weights nor the original's

    def gradients(self, loss: Tensor) -> list[Tensor]:
        """Of every trained parameter of the network, and of nothing else: no work for weights nobody updates."""
        return self.laid(torch.autograd.grad(loss, self.parameters))

    def laid(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """Gradients of the parameters as `apply` takes them: with their axes as they follow in the parameter's memory.

        The fused Adam goes through memory as it comes, so that a gradient which lies otherwise, as of a kernel that
        was transformed on the way, would move the wrong weights; of tensors whose axes lie otherwise than they are
        named it makes copies, which takes longer than all it does.
        """
        pairs = zip(self.parameters, gradients, self.strides, strict=True)
        return self._by_memory([g if g.stride() == s else torch.empty_like(p).copy_(g) for p, g, s in pairs])

    def pace(self, factor: float) -> None:
        """From now on the learning rate is the configured one times `factor`."""
        rate = self.options.lr * factor
        if rate != self.rate:
            self.rate = rate
            self._rate.fill_(rate)

    @torch.no_grad()
    def move(self, gradients: Sequence[Tensor]) -> Tensor:
        """Move the weights along the gradients, which are `laid`; what it does depends on no tensor's value, so that it
        can be recorded.

        Returns:
            For `check`: 1 if the gradients are no numbers, and then the weights are as they were; else 0.
        """
        # where a loss is no number no gradient is one, so that the smallest tensor tells; all would take 3 % of a step
        wrong = (gradients[self.smallest].sum() * 0).ne(0).float()
        (parameters, *moments), gradients = self._tensors(), list(gradients)
        o = self.options
        if o.clip:
            norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
            scale = (o.clip / norm.clamp(min=1e-12)).clamp(max=1.0)
            gradients = [gradient * scale for gradient in gradients]
        shared: dict[str, Any] = {"lr": self._rate, "weight_decay": o.weight_decay, "maximize": False}
        shared |= {"grad_scale": None, "found_inf": wrong}
        if o.kind == "sgd":
            of_sgd: dict[str, Any] = {"momentum": self.beta1, "nesterov": self.beta1 > 0, "dampening": 0.0}
            buffers = moments[0] if moments else []
            torch._fused_sgd_(parameters, gradients, buffers, **shared, **of_sgd, is_first_step=False)
        else:
            if o.kind == "adam":  # RMSprop's is far enough already
                self.done.add_(1)
            *known, second = moments
            if known:
                (first,) = known
            else:  # without momentum it is the gradient itself; with weight decay it is written to
                first = [g.clone() for g in gradients] if o.weight_decay else gradients
            shared |= {"beta1": self.beta1, "beta2": o.beta2, "eps": 1e-8, "amsgrad": False}
            torch._fused_adam_(parameters, gradients, first, second, [], [self.done] * len(gradients), **shared)
        return wrong

    def check(self, wrong: Tensor) -> None:
        """What `move` has found.

        Raises:
            FloatingPointError: the gradients are no numbers.
        """
        if wrong.item():
            raise FloatingPointError(f"the gradient of the {type(self.network).__name__.lower()}")

    def changed(self) -> list[Tensor]:
        """What `move` changes besides the weights."""
        return [self.done, *(moment for of in self.moments.values() for moment in of)]

    def state(self, prefix: str = "") -> dict[str, Tensor]:
        """Its moments and, but for sgd, how many steps were done, by the names of the parameters they belong to."""
        steps = {} if self.options.kind == "sgd" else {f"{prefix}{name}/step": self.done.clone() for name in self.names}
        return dict(self._moments(prefix)) | steps

    def load(self, state: Mapping[str, Tensor], prefix: str = "") -> None:
        """Take over what `state` gave, in place: moments lie in memory as their parameters do, whatever was saved."""
        for name, value in self._moments(prefix):
            value.copy_(state[name])
        if self.options.kind != "sgd":
            self.done.copy_(state[f"{prefix}{self.names[0]}/step"])

    def _tensors(self) -> list[list[Tensor]]:
        """Parameters, and each kind of moments, as gradients are laid."""
        if self._moved is None:
            parameters = [parameter.detach() for parameter in self.parameters]
            self._moved = [self._by_memory(tensors) for tensors in (parameters, *self.moments.values())]
        return self._moved

    def _by_memory(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """With their axes as they follow in the memory of the parameters."""
        pairs = zip(tensors, self.orders, strict=True)
        return [tensor if order is None else tensor.permute(order) for tensor, order in pairs]

    def _moments(self, prefix: str) -> Iterator[tuple[str, Tensor]]:
        for key, values in self.moments.items():
            yield from zip((f"{prefix}{name}/{key}" for name in self.names), values, strict=True)
