"""Images at any size: tiles, memory, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import elegans
from elegans import render as module
from elegans.cli import main
from elegans.errors import RequestError
from elegans.models import coordinate, coordinate_seed, mlp
from elegans.render import render
from elegans.run import Run

Z = 5


def network(shape: tuple[int, int, int] = (1, 28, 28)) -> nn.Module:
    torch.manual_seed(2)
    return coordinate.build(shape, 10, Z, width=8, mapping=16)["generator"].eval()


def asked(n: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(n, Z, generator=torch.Generator().manual_seed(1)), torch.arange(n)


@pytest.mark.parametrize("places", [1, 23, 24, 100, 10_000])
def test_tiles_are_the_whole(places: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = network((3, 28, 28))
    assert isinstance(generator, coordinate.Generator)
    whole = generator.render(*asked(), 37, 23).add(1).mul(127.5).permute(0, 2, 3, 1)
    monkeypatch.setattr(module, "PLACES", places)
    made = render(generator, *asked(), (37, 23))
    assert made.shape == (3, 37, 23, 3)
    assert made.dtype == np.uint8
    assert np.abs(made - whole.detach().numpy()).max() <= 0.501
    assert made.std() > 3


def test_no_tile_holds_more_places_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """So what is computed at a time does not grow with the size."""
    generator, seen = network(), []
    assert isinstance(generator, coordinate.Generator)
    draw = generator.render

    def watched(z: Any, y: Any, height: int, width: int, rows: range | None = None) -> torch.Tensor:
        assert rows is not None
        seen.append((len(z), len(rows) * width))
        return draw(z, y, height, width, rows)

    monkeypatch.setattr(generator, "render", watched)
    monkeypatch.setattr(module, "PLACES", 4000)
    for side in (40, 63, 64, 300, 301):
        render(generator, *asked(2), (side, side))
    assert sum(places for _, places in seen) == 2 * sum(side**2 for side in (40, 63, 64, 300, 301))
    assert {n for n, _ in seen} == {1}
    assert max(places for _, places in seen) <= 4000
    render(generator, *asked(1), (2, 5000))  # a row is the least
    assert seen[-1] == (1, 5000)


class Largest(torch.overrides.TorchFunctionMode):
    """Notes the largest tensor that any function of torch gave."""

    numbers = 0

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


@pytest.mark.parametrize("generator", [network(), coordinate_seed.build((1, 28, 28), 10, Z)["generator"]])
def test_no_tensor_grows_with_the_size(generator: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLACES", 2048)
    largest = []
    for side in (128, 512):
        with Largest() as watch:
            render(generator, *asked(1), (side, side))
        largest.append(watch.numbers)
    assert largest[0] == largest[1] < 512 * 512


def test_a_network_of_one_size_is_refused() -> None:
    generator = mlp.build((1, 28, 28), 0, Z, [8], [8])["generator"]
    with pytest.raises(RequestError, match="--size: only networks of coordinates draw at any size"):
        render(generator, torch.zeros(1, Z), None, (56, 56))


@pytest.mark.parametrize("size", [(0, 28), (28, 0), (-1, 28), (28, 40_000)])
def test_a_size_that_is_not_to_be_had_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(RequestError, match=f"--size: {size[0]} x {size[1]} pixels: a side has 1 to"):
        render(network(), *asked(), size)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    fields = {"data.name": "rings", "data.n": 64, "model.width": 8, "model.discriminator_width": 4}
    return elegans.train("coordinate", run=tmp_path_factory.mktemp("run"), steps=2, batch=4, quiet=True, fields=fields)


def test_a_sample_of_the_size_of_the_data_is_the_sample(run: Run) -> None:
    model = elegans.load(run)
    small, same, large = model.sample(4, seed=5), model.sample(4, seed=5, size=28), model.sample(4, seed=5, size=280)
    assert np.abs(small.astype(int) - same).max() <= 1
    assert large.shape == (4, 280, 280, 1)
    reduced = large.reshape(4, 28, 10, 28, 10, 1).mean((2, 4))
    assert np.abs(reduced - small).mean() < 0.1 * small.std()


def test_the_command_draws_at_the_size_it_is_given(run: Run, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sample", str(run.path), "-n", "2", "--size", "50", "--out", str(tmp_path / "a.npz")])
    assert ended.value.code in (0, None)
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["images"].shape == (2, 50, 50, 1)
