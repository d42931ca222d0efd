"""Optimisers of one network each: made from plain values, fed with gradients, saved and taken over as tensors."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from elegans.config import Optimiser


class Updater:
    """A network's optimiser.

    Args:
        network: whose parameters it moves, less those that are frozen.
        options: which one, and its values.
    """

    def __init__(self, network: nn.Module, options: Optimiser) -> None:
        self.network, self.options = network, options
        self.optimiser = _make(trained(network), options)

    def gradients(self, loss: Tensor, *, retain: bool = False) -> Sequence[Tensor]:
        """Of every trained parameter of the network, and of nothing else: no work for weights nobody updates."""
        return torch.autograd.grad(loss, trained(self.network), retain_graph=retain)

    def apply(self, gradients: Sequence[Tensor], factor: float | Tensor = 1.0) -> None:
        """Move the weights along the gradients, at the learning rate times `factor`.

        Raises:
            FloatingPointError: the gradients are no numbers; the weights are as they were.
        """
        # where a loss is no number no gradient is one, so that the smallest tensor tells; all would take 3 % of a step
        if not bool(min(gradients, key=torch.numel).isfinite().all()):
            raise FloatingPointError(f"the gradient of the {type(self.network).__name__.lower()}")
        if self.options.clip:
            norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(list(gradients))))
            scale = (self.options.clip / norm.clamp(min=1e-12)).clamp(max=1.0)
            gradients = [gradient * scale for gradient in gradients]
        for parameter, gradient in zip(trained(self.network), gradients, strict=True):
            parameter.grad = gradient
        self.optimiser.param_groups[0]["lr"] = self.options.lr * float(factor)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)

    def state(self, prefix: str = "") -> dict[str, Tensor]:
        """Its moments, by the names of the parameters they belong to."""
        return {
            f"{prefix}{name}/{key}": value
            for name, parameter in self.network.named_parameters()
            for key, value in self.optimiser.state.get(parameter, {}).items()
            if value is not None
        }

    def load(self, state: Mapping[str, Tensor], prefix: str = "") -> None:
        """Take over what `state` gave."""
        for name, parameter in self.network.named_parameters():
            start = f"{prefix}{name}/"
            # moments lie in memory as the parameter does, or the arithmetic would not be the same bit for bit
            moments = {
                key.removeprefix(start): torch.empty_like(parameter).copy_(value)
                if value.shape == parameter.shape
                else value.to(parameter.device, copy=True)
                for key, value in state.items()
                if key.startswith(start)
            }
            if moments:
                self.optimiser.state[parameter] = moments


def trained(network: nn.Module) -> list[nn.Parameter]:
    """Its parameters, less those that are frozen."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def _make(parameters: list[nn.Parameter], o: Optimiser) -> torch.optim.Optimizer:
    match o.kind:
        case "adam":
            betas = (o.beta1, o.beta2)
            return torch.optim.Adam(parameters, o.lr, betas, weight_decay=o.weight_decay, fused=True)
        case "sgd":
            nesterov = o.beta1 > 0
            return torch.optim.SGD(parameters, o.lr, o.beta1, weight_decay=o.weight_decay, nesterov=nesterov)
        case "rmsprop":
            # Adam without momentum, long after its beginning, is RMSprop; and there is a fused Adam, which passes over
            # memory once where torch's RMSprop does six times
            optimiser = torch.optim.Adam(parameters, o.lr, (0.0, o.beta2), weight_decay=o.weight_decay, fused=True)
            for parameter in parameters:
                moments = {name: torch.zeros_like(parameter) for name in ("exp_avg", "exp_avg_sq")}
                optimiser.state[parameter] = {"step": torch.tensor(1e9, device=parameter.device), **moments}
            return optimiser
