"""benchmarks/script_peers.py: a script that knows nothing of it takes turns, and gives samples of its generator."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

RUNNER = Path(__file__).parent.parent / "benchmarks" / "script_peers.py"
SCRIPT = """
import argparse
import os

import torch
import torchvision.transforms as transforms
from torch import nn
from torchvision import datasets
from torchvision.utils import save_image

parser = argparse.ArgumentParser()
parser.add_argument("--latent_dim", type=int, default=3)
opt = parser.parse_args()
print(opt)
os.makedirs("../../data/mnist", exist_ok=True)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.seen = nn.Parameter(torch.zeros(()))

    def forward(self, {takes}):
        return (self.seen{label}).expand(len(z), 1, {size}, {size}) / 10


generator = Generator()
dataloader = torch.utils.data.DataLoader(
    datasets.MNIST(
        "../../data/mnist",
        train=True,
        download=True,
        transform=transforms.Compose(
            [transforms.Resize({size}), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])]
        ),
    ),
    batch_size=4,
    shuffle=True,
)
for epoch in range(10**9):
    for images, labels in dataloader:
        assert images.shape == (len(labels), 1, {size}, {size})
        assert torch.allclose(images.mean((1, 2, 3)), labels / 10, atol=0.01)
        generator.seen.data.fill_(1.0)
        print("a line a step")
        save_image(images, "images/none.png", nrow=2, normalize=True)
"""


@pytest.mark.parametrize(("conditional", "size"), [(False, 28), (True, 32)])
def test_a_script_is_driven_by_its_data_set(tmp_path: Path, conditional: bool, size: int) -> None:
    labels = np.arange(10)
    images = np.broadcast_to((labels / 10 * 127.5 + 127.5).astype(np.uint8)[:, None, None, None], (10, 1, 28, 28))
    np.savez(tmp_path / "known.npz", images=images, labels=labels)
    words = {"takes": "z, label", "label": " * label.view(-1, 1, 1, 1)"} if conditional else {"takes": "z", "label": ""}
    script = SCRIPT
    for name, value in (words | {"size": str(size)}).items():
        script = script.replace(f"{{{name}}}", value)
    (tmp_path / "peer.py").write_text(script)
    command = [sys.executable, RUNNER, tmp_path / "peer.py", tmp_path / "known.npz"]
    asked = f"0.2\n0.1\nsample {tmp_path / 'made.npz'}\n"
    said = subprocess.run(command, input=asked, capture_output=True, text=True, check=True, cwd=tmp_path)
    ready, first, second, sampled = map(json.loads, said.stdout.splitlines())
    assert (ready, sampled) == ("ready", "sampled")
    for window, least in ((first, 0.2), (second, 0.1)):
        assert window["images"] > 0
        assert least <= window["seconds"] < least + 1
    with np.load(tmp_path / "made.npz") as made:
        assert made["images"].shape == (5000, 28, 28, 1)
        wanted = np.arange(5000) % 10 / 10 if conditional else np.full(5000, 0.1)
        assert np.abs(made["images"].mean((1, 2, 3)) / 127.5 - 1 - wanted).max() < 0.01
        assert ("labels" in made) == conditional
    assert sorted(path.name for path in tmp_path.iterdir()) == ["known.npz", "made.npz", "peer.py"]
