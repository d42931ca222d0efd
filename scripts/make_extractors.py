"""Train one of the classifiers whose features the metrics use, and write it into src/elegans/metrics.

    OMP_NUM_THREADS=1 python scripts/make_extractors.py mnist          # or fashion, or cifar10

The full training set is found as by `elegans train`; the test set is looked at once, at the end, with the float16
weights as they are shipped. Prints the accuracy there, the parameters, the seconds and the sha256. The same seed gives
the same weights on the same machine with the same number of threads; elsewhere sums are rounded otherwise.

No generator is ever trained against these networks: what has been optimised no longer measures.
"""

import hashlib
import json
import math
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn.functional import affine_grid, cross_entropy, grid_sample
from torch.nn.utils.fusion import fuse_conv_bn_eval

from elegans.data._files import Files
from elegans.find import find
from elegans.metrics._extractor import Classifier, Extractor, load
from elegans.seeds import fix, generator

TO = Path(__file__).parent.parent / "src" / "elegans" / "metrics"
BATCH, DECAY, MOMENTUM, SEED = 128, 5e-4, 0.9, 0


@dataclass(frozen=True)
class Setting:
    """How one set is learned.

    Attributes:
        widths: of the three stages and of the hidden layer.
        epochs: passes over the training set.
        rate: the learning rate at its highest, of SGD with Nesterov momentum; it rises for a fifth of the steps and
            falls to zero along a cosine (L. Smith, N. Topin 2017, arXiv:1708.07120).
        smoothing: the share of each label given to all classes alike.
        degrees: images are turned by up to so much, either way.
        scale: and scaled by up to this share.
        shift: and moved by up to so many whole pixels along each axis.
        flip: whether left and right are exchanged, every other time.
        padding: what comes in at the edges, in the words of torch's grid_sample.
    """

    widths: tuple[int, int, int, int]
    epochs: int
    rate: float = 0.1
    smoothing: float = 0.0
    degrees: float = 0.0
    scale: float = 0.0
    shift: int = 2
    flip: bool = False
    padding: str = "zeros"


SETTINGS = {
    "mnist": Setting((24, 48, 96, 128), epochs=8, degrees=10, scale=0.1),
    "fashion": Setting((32, 64, 128, 128), epochs=20, flip=True),
    "cifar10": Setting((64, 128, 256, 128), epochs=25, shift=4, flip=True, padding="reflection"),
}


def main() -> None:
    """Train, fold, round, measure, write."""
    name = "".join(sys.argv[1:])
    if name not in SETTINGS:
        sys.exit(f"name one of {', '.join(SETTINGS)}")
    setting, module, begin = SETTINGS[name], find("data", name), time.perf_counter()
    images, labels = module.build(split="train")
    images, labels = torch.from_numpy(np.array(images)), torch.from_numpy(np.array(labels))
    channels, height, width = images.shape[1:]
    shape, classes = (channels, height, width), int(labels.max()) + 1

    fix(SEED, 0, f"extractor {name}")
    network = Classifier(channels, setting.widths, classes)
    trained = with_norm(network)
    learn(trained, images, labels, setting)
    fold(trained, network)
    weights = {key: value.half().contiguous() for key, value in network.state_dict().items()}
    network.load_state_dict({key: value.float() for key, value in weights.items()})
    seconds = time.perf_counter() - begin

    tests, answers = module.build(split="test")
    accuracy = float((Extractor(name, "", 0.0, shape, network).see(tests)[1].argmax(1) == answers).mean())
    files: Files = module.files.form()
    notes = {
        "name": name,
        "accuracy": accuracy,
        "shape": shape,
        "widths": setting.widths,
        "classes": classes,
        "recipe": asdict(setting) | {"batch": BATCH, "decay": DECAY, "momentum": MOMENTUM, "seed": SEED},
        "data": dict(files.sha256),
        "torch": torch.__version__,
        "made by": "scripts/make_extractors.py",
    }
    content = save(weights, {"notes": json.dumps(notes)})  # in one, for safetensors writes several in any order
    digest = hashlib.sha256(content).hexdigest()
    (TO / f"{name}.safetensors").write_bytes(content)
    (TO / f"{name}.sha256").write_text(f"{digest}  {name}.safetensors\n", encoding="ascii")  # as sha256sum -c reads it
    assert load(name).accuracy == accuracy
    print(f"{name}: test accuracy {accuracy:.4f}, {sum(w.numel() for w in weights.values()):,} parameters, "
          f"{len(content):,} bytes, {seconds:.0f} s\n{digest}")  # fmt: skip


def with_norm(network: Classifier) -> nn.Sequential:
    """The same layers with batch norm after each convolution."""
    layers = nn.Sequential()
    for layer in (*network.maps, *network.hidden, network.head):
        layers.append(layer)
        if isinstance(layer, nn.Conv2d):
            layers.append(nn.BatchNorm2d(layer.out_channels))
    return layers


def fold(trained: nn.Sequential, network: Classifier) -> None:
    """Put into the convolutions of `network` what batch norm does after them."""
    norms = [layer for layer in trained.eval() if isinstance(layer, nn.BatchNorm2d)]
    convolutions = [layer for layer in network.maps if isinstance(layer, nn.Conv2d)]
    for convolution, norm in zip(convolutions, norms, strict=True):
        convolution.load_state_dict(fuse_conv_bn_eval(convolution, norm).state_dict())


def learn(network: nn.Sequential, images: Tensor, labels: Tensor, setting: Setting) -> None:
    """Train in place; the loss of the last batch of each epoch goes to stderr, only to be seen."""
    decayed = [p for p in network.parameters() if p.ndim > 1]  # neither biases nor batch norm
    rest = [p for p in network.parameters() if p.ndim == 1]
    groups: list[dict[str, Any]] = [{"params": decayed}, {"params": rest, "weight_decay": 0.0}]
    optimiser = torch.optim.SGD(groups, setting.rate, MOMENTUM, weight_decay=DECAY, nesterov=True)
    each = len(images) // BATCH
    total, step, begin = each * setting.epochs, 0, time.perf_counter()
    network.train()
    for epoch in range(setting.epochs):
        order = torch.randperm(len(images), generator=generator(SEED, epoch, "order"))
        for i in range(each):
            chosen = order[i * BATCH : (i + 1) * BATCH]
            for group in optimiser.param_groups:
                group["lr"] = setting.rate * one_cycle((step + 1) / total)
            x = augment(images[chosen].float() / 255, setting, generator(SEED, step, "augment"))
            x = (x * 2 - 1).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):  # nearly twice as fast where the processor multiplies bfloat16
                logits = network(x)
            loss = cross_entropy(logits.float(), labels[chosen], label_smoothing=setting.smoothing)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            step += 1
        done = time.perf_counter() - begin
        print(f"epoch {epoch + 1}/{setting.epochs}, loss {loss.item():.4f}, {done:.0f} s", file=sys.stderr, flush=True)


def one_cycle(t: float, peak: float = 0.2) -> float:
    """The share of the learning rate at t, from 0 to 1 of the training."""
    return t / peak if t < peak else (1 + math.cos(math.pi * (t - peak) / (1 - peak))) / 2


def augment(x: Tensor, setting: Setting, draw: torch.Generator) -> Tensor:
    """Images in [0, 1], each turned, scaled, moved and flipped by its own draw, in one interpolation."""
    n, size = len(x), x.shape[-1]
    turn, grow, right, down = torch.rand(4, n, generator=draw) * 2 - 1
    angle, grow = turn * math.radians(setting.degrees), 1 + grow * setting.scale
    side = 1 - 2.0 * torch.randint(2, (n,), generator=draw) if setting.flip else torch.ones(n)
    # whole pixels, of which the grid counts size / 2 to a unit: a move alone does not blur
    right, down = ((way * (setting.shift + 0.5)).round().clamp(-setting.shift, setting.shift) for way in (right, down))
    cos, sin, move = grow * angle.cos(), grow * angle.sin(), 2 / size
    rows = (side * cos, -sin, right * move, side * sin, cos, down * move)
    matrix = torch.stack(rows, 1).reshape(n, 2, 3)
    grid = affine_grid(matrix, list(x.shape), align_corners=False)
    return grid_sample(x, grid, padding_mode=setting.padding, align_corners=False)


if __name__ == "__main__":
    main()
