"""What a request to train comes to before the first step, and what of it is refused: then nothing is left behind."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import elegans
from elegans import Config, Failure, RequestError, Run, loop, schedules
from elegans.config import Data, Latent, Model
from elegans.find import Recipe
from elegans.models._blocks import Verdict
from elegans.models.mlp import build as mlp
from elegans.networks import check_pair
from elegans.symptoms import Symptoms

TINY: dict[str, Any] = {"data.name": "rings", "data.n": 64, "model.width": 8, "model.discriminator_width": 8}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"gan.loss": "hing"}, "did you mean 'hinge'"),
        ({"model.width": 0}, "model.width = 0"),
        ({"gan.augment": "flipp"}, "did you mean 'flip'"),
        ({"model.name": "mlp"}, "model.generator must be given"),
        (
            {"autoencoder.beta": 2},
            "autoencoder.beta changes nothing: 'demo' is trained",
        ),
    ],
)
def test_what_is_refused_leaves_no_folder(fields: dict[str, Any], said: str, tmp_path: Path) -> None:
    """It would stand in the way of the same command without the mistake."""
    with pytest.raises(RequestError, match=said):
        elegans.train("demo", run=tmp_path / "run", steps=1, quiet=True, fields=TINY | fields)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("lengths", "said"), [({}, "has no length: give --steps"), ({"steps": 3, "minutes": 1.0}, "two lengths")]
)
def test_a_recipe_without_a_length_or_with_two(lengths: dict[str, Any], said: str, tmp_path: Path) -> None:
    model = Model.model_validate({"name": "mlp", "generator": [8], "discriminator": [8]})
    config = Config(data=Data(name="rings", n=64), batch=8, model=model, **lengths)
    with pytest.raises(RequestError, match=said):
        elegans.train(config, run=tmp_path / "run", quiet=True)
    assert elegans.train(config, run=tmp_path / "run", steps=1, quiet=True).steps() == [1]


def test_pictures_beside_the_folders_of_the_classes(tmp_path: Path) -> None:
    """They have no class, and would be taken for the first one."""
    for place in ("a", "b", "."):
        for i in range(4):
            path = tmp_path / "pictures" / place / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((28, 28), 40 * i, np.uint8)).save(path)
    fields = {"data.name": "folder", "data.root": str(tmp_path / "pictures"), "data.size": 28, "data.channels": 1}
    small: dict[str, Any] = {"steps": 1, "batch": 4, "quiet": True}
    with pytest.raises(RequestError, match="4 of the 12 images of 'folder' lie beside the folders of the classes"):
        elegans.train("demo", run=tmp_path / "run", fields=fields, **small)
    assert elegans.train("demo", run=tmp_path / "run", fields=fields | {"model.classes": 0}, **small).steps() == [1]


@pytest.mark.parametrize("classes", [1, 2, 3, 10])
def test_a_sheet_of_any_number_of_classes(classes: int, tmp_path: Path) -> None:
    fields = TINY | {"data.classes": classes}
    run = elegans.train("demo", run=tmp_path / "run", steps=1, batch=8, quiet=True, fields=fields)
    with Image.open(run.frames()[-1]) as sheet:
        assert 0.6 < sheet.width / sheet.height < 1.7


@pytest.mark.parametrize(("classes", "shown"), [(1, 1), (3, 3), (10, 10), (40, 20), (64, 32), (100, 32)])
def test_the_classes_stand_in_turn_on_a_sheet_each_at_least_twice(classes: int, shown: int) -> None:
    labels = loop.labelled(Config(model=Model(classes=classes)))
    assert torch.equal(labels, torch.arange(len(labels)) % shown)
    assert labels.bincount().min() > 1


def test_real_images_of_a_hundred_classes_have_not_collapsed() -> None:
    """Nor would a sheet of one image a class tell."""
    draw, labels = np.random.default_rng(0), np.arange(2000) % 100
    centres = draw.integers(60, 190, (100, 1, 8, 8))
    images = (centres[labels] + draw.integers(-60, 60, (2000, 1, 8, 8))).astype(np.uint8)
    on_sheet = loop.labelled(Config(model=Model(classes=100))).numpy()
    shown = images[on_sheet + 100 * np.arange(len(on_sheet)) % 2000].transpose(0, 2, 3, 1)
    assert Symptoms(images, labels, True)(shown, on_sheet)["variety"] == pytest.approx(1, abs=0.15)


def test_a_run_of_steps_that_goes_on_by_the_clock_learns_again(tmp_path: Path) -> None:
    """Its schedule was laid out for the steps and has ended; by the time it has not."""
    config = Config(steps=10, schedule="linear")
    run = Run.create(tmp_path / "run", config)
    assert loop.laid_out(run, config, 8).horizon == 80
    longer = loop.laid_out(run, config.override({"minutes": 10}), 8)
    assert longer.horizon is None
    assert schedules.factor("linear", schedules.progress(longer, 80, 60.0)) == pytest.approx(0.9)


def test_a_checkpoint_of_other_networks_is_one_line(tmp_path: Path) -> None:
    """Whoever changes the networks in a file of one's own, and goes on."""
    config = Config(steps=2, batch=8, data=Data(name="rings", n=64), latent=Latent(size=4), model=Model(name="recipe"))

    def recipe(width: int) -> Recipe:
        return Recipe("mine", config, "", lambda shape, classes, latent: mlp(shape, classes, latent, [width], [width]))

    elegans.train(recipe(8), run=tmp_path / "run", steps=1, quiet=True)
    with pytest.raises(Failure, match=r"holds other networks than the recipe makes now: .*size mismatch"):
        elegans.train(recipe(9), run=tmp_path / "run", steps=2, quiet=True)


class Generator(torch.nn.Module):
    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape, self.layer = shape, torch.nn.Linear(4, int(np.prod(shape)))

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layer(z).view(-1, *self.shape)


class Without(Generator):
    def forward(self, z: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(z)


class Discriminator(torch.nn.Module):
    def __init__(self, verdict: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.layer, self.verdict = torch.nn.Linear(784, 1), verdict

    def forward(self, x: Tensor, y: Tensor | None = None) -> Any:
        return self.verdict(self.layer(x.flatten(1)))


@pytest.mark.parametrize(
    ("generator", "verdict", "said"),
    [
        (Without((1, 28, 28)), lambda s: Verdict(s.squeeze(1)), "the generator of 'mine' does not take labels"),
        (Generator((1, 14, 14)), lambda s: Verdict(s.squeeze(1)), "makes images (1, 14, 14); those of the data are"),
        (Generator((1, 28, 28)), lambda s: s.squeeze(1), "the discriminator of 'mine' returns a Tensor, not a Verdict"),
        (Generator((1, 28, 28)), Verdict, "has scores [8, 1] for 8 images, not [8]"),
        (Generator((1, 28, 28)), lambda s: Verdict(s.squeeze(1)), ""),
    ],
)
def test_what_is_wrong_with_a_pair_of_ones_own(
    generator: torch.nn.Module, verdict: Callable[[Tensor], Any], said: str, tmp_path: Path
) -> None:
    config = Config(steps=1, batch=8, data=Data(name="rings", n=64), latent=Latent(size=4), model=Model(name="recipe"))
    made = {"generator": generator, "discriminator": Discriminator(verdict)}
    mine = Recipe("mine", config, "", lambda shape, classes, latent: made)
    with pytest.raises(RequestError, match=re.escape(said)) if said else nullcontext():
        elegans.train(mine, run=tmp_path / "run", quiet=True)


def test_the_trial_of_a_pair_of_ones_own_leaves_no_trace() -> None:
    """Statistics, modes of modules, and the numbers that are drawn next."""
    frozen = torch.nn.BatchNorm1d(784).eval()

    def verdict(score: Tensor) -> Verdict:
        torch.rand(1)
        return Verdict(score.view(4, -1, 1).flatten())  # which looks at groups, as two images would not be

    judge = Discriminator(verdict)
    judge.layer = torch.nn.Sequential(frozen, torch.nn.BatchNorm1d(784), torch.nn.Dropout(), torch.nn.Linear(784, 1))
    made = {"generator": Generator((1, 28, 28)), "discriminator": judge}
    config = Config(batch=8, latent=Latent(size=4), model=Model(name="recipe", shape=(1, 28, 28)))
    before = {name: value.clone() for name, value in judge.state_dict().items()}
    torch.manual_seed(0)
    drawn = torch.rand(3)
    torch.manual_seed(0)
    check_pair(made, config, "mine")
    assert torch.equal(drawn, torch.rand(3))
    assert all(torch.equal(value, before[name]) for name, value in judge.state_dict().items())
    assert not frozen.training
    assert all(module.training for module in judge.modules() if module is not frozen)
