"""Where networks with recurrent attention look: what every attention layer did at every step, and a picture of it."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor, nn

from elegans.errors import RequestError
from elegans.images import Bytes, sheet
from elegans.models._attention import RowAttention, VectorAttention
from elegans.tensors import to_bytes

Looked = NDArray[np.float32]
GAP = 2  # pixels between the panels of one image


@torch.no_grad()
def look(
    networks: Mapping[str, nn.Module], z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | None = None
) -> tuple[Bytes, dict[str, Looked]]:
    """Images of a generator, and how the networks that have attention looked while it drew and while it was judged.

    Args:
        networks: `generator` and `discriminator`, in evaluation mode.
        z: latents.
        y: labels.

    Returns:
        The images, uint8 [n, h, w, c], and by the networks' names, for each image and step: of attention to rows the
        weights [n, steps, rows], which sum to 1 over the rows; of attention to a vector the mean [n, steps, 1] of its
        gate, in (0, 1).

    Raises:
        RequestError: neither network has such attention.
    """
    records: dict[str, list[Tensor]] = {}
    hooks = []
    for name, network in networks.items():
        for layer in network.modules():
            if isinstance(layer, RowAttention | VectorAttention):
                records[name] = []
                hooks.append(_listen(layer, records[name]))
    if not records:
        raise RequestError("neither network has recurrent attention: there is nothing it looks at")
    try:
        images = networks["generator"](z, y)
        networks["discriminator"](images, y)
    finally:
        for hook in hooks:
            hook.remove()
    return to_bytes(images), {name: torch.stack(steps, 1).cpu().numpy() for name, steps in records.items()}


def _listen(layer: RowAttention | VectorAttention, record: list[Tensor]) -> torch.utils.hooks.RemovableHandle:
    """Write down what the layer does from now on."""
    if isinstance(layer, RowAttention):
        return layer.where.register_forward_hook(lambda module, given, weights: record.append(weights))
    return layer.register_forward_hook(lambda module, given, gate: record.append(gate.mean(1, keepdim=True)))


def draw(images: Bytes, looked: Sequence[Looked], columns: int) -> Bytes:
    """Every image beside what was looked at for it, a line a step, so that lines stand beside the rows they made.

    Weights of rows are a heat map: from left to right the rows of the image that was looked at, from top to bottom the
    steps, each relative to its largest. A mean gate is a bar, as long as the panel where it is 1.

    Args:
        images: uint8 [n, h, w, c].
        looked: [n, h, k] each.
        columns: images a row of the picture.

    Returns:
        uint8 [H, W, 3].
    """
    from matplotlib import colormaps

    n, h, w, c = images.shape
    parts = [np.broadcast_to(images, (n, h, w, 3)) if c == 1 else images]
    for values in looked:
        gap = np.full((n, h, GAP, 3), 64, np.uint8)
        if values.shape[2] == 1:
            heat = (np.arange(w) + 0.5 < w * values).astype(np.float32) * 0.6
        else:
            heat = values / values.max(2, keepdims=True)
        parts += [gap, (colormaps["magma"](heat)[..., :3] * 255).round().astype(np.uint8)]
    return sheet(np.concatenate(parts, 2), columns, gap=2 * GAP)
