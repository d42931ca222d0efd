"""A script of PyTorch-GAN as a contender of the table of quality: `python script_peers.py SCRIPT.py IMAGES.npz`.

The script runs as it is, with its own networks and settings, and answers as contenders.py does. What it asks of
torchvision is answered here, to its favour: its images wait in memory at the size it wants, and pictures that it saves
are not written. A line `sample FILE` writes 5,000 images of its generator, made as it makes its own: in training mode.
"""

import json
import os
import sys
import tempfile
import time
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from elegans.tensors import to_bytes

SAMPLES, TOGETHER = 5000, 100
answers = sys.stdout
scope: dict[str, Any] = {"__name__": "__main__"}  # of the script


class Resize:
    """As torchvision's, for a square."""

    def __init__(self, size: int) -> None:
        self.size = size


class Digits(torch.utils.data.Dataset[tuple[Tensor, Tensor]]):
    """In the place of `torchvision.datasets.MNIST`. The script gets an image only while it has the turn."""

    images: np.ndarray
    labels: np.ndarray

    def __init__(self, root: str, transform: list[Any], **settings: Any) -> None:
        size = next(one.size for one in transform if isinstance(one, Resize))
        self.x = scaled(torch.from_numpy(self.images).float() / 127.5 - 1, size)
        self.y = torch.from_numpy(self.labels)
        self.seen, self.end, self.began = 0, 0.0, 0.0
        say("ready")

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, at: int) -> tuple[Tensor, Tensor]:
        if time.perf_counter() >= self.end:
            if self.end:
                say({"images": self.seen, "seconds": time.perf_counter() - self.began})
            self.wait()
        self.seen += 1
        return self.x[at], self.y[at]

    def wait(self) -> None:
        """For the next turn."""
        for line in sys.stdin:
            what, *file = line.split()
            if what != "sample":
                self.seen, self.began = 0, time.perf_counter()
                self.end = self.began + float(what)
                return
            sample(Path(file[0]))
            say("sampled")
        sys.exit()


def scaled(images: Tensor, size: int) -> Tensor:
    """Images [n, 1, h, w] with sides of so many pixels."""
    if images.shape[-1] == size:
        return images
    return interpolate(images, (size, size), mode="bilinear", antialias=True)


@torch.no_grad()
def sample(file: Path) -> None:
    """Images uint8 [n, 28, 28, 1], with labels if they are asked for some, all as often."""
    generator, latent = scope["generator"], scope["opt"].latent_dim
    labels = torch.arange(SAMPLES) % 10
    conditional = len(signature(generator.forward).parameters) == 2
    made = []
    for part in labels.split(TOGETHER):
        z = torch.randn(len(part), latent)
        made.append(generator(z, part) if conditional else generator(z))
    known = {"labels": labels.numpy()} if conditional else {}
    np.savez(file, images=to_bytes(scaled(torch.cat(made), 28)), **known)


def say(what: Any) -> None:
    """To who asks; what the script prints goes nowhere."""
    print(json.dumps(what), file=answers, flush=True)


def stand_in() -> dict[str, ModuleType]:
    """What such a script imports of torchvision."""
    names = ("torchvision", "torchvision.transforms", "torchvision.datasets", "torchvision.utils")
    whole, transforms, datasets, utils = made = [ModuleType(name) for name in names]
    whole.__dict__.update(transforms=transforms, datasets=datasets, utils=utils)
    transforms.__dict__.update(Resize=Resize, Compose=list, ToTensor=str, Normalize=lambda mean, std=None: "")
    datasets.__dict__.update(MNIST=Digits)
    utils.__dict__.update(save_image=lambda *images, **settings: None)
    return dict(zip(names, made, strict=True))


def main() -> None:
    script, images = map(Path, sys.argv[1:])
    code = compile(script.read_text(encoding="utf-8"), script, "exec")
    with np.load(images) as known:
        Digits.images, Digits.labels = known["images"], known["labels"]
    sys.modules |= stand_in()
    sys.argv = [script.name]
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder) / "implementations" / script.stem  # it makes folders beside its own
        here.mkdir(parents=True)
        os.chdir(here)
        with open(os.devnull, "w") as nowhere:
            sys.stdout = nowhere
            exec(code, scope)


if __name__ == "__main__":
    main()
