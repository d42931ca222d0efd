"""The networks of a configuration, with their initial weights."""

from typing import Any

import torch
from torch import Tensor, nn

from elegans import find, seeds
from elegans.config import Config
from elegans.errors import RequestError
from elegans.find import Recipe
from elegans.models._blocks import Verdict


def networks(config: Config, recipe: Recipe) -> dict[str, nn.Module]:
    """Build them: from the recipe if it brings its own, else from the file in models/ that the configuration names.

    Args:
        config: with `model.shape` known.
        recipe: whose configuration it is.

    Raises:
        RequestError: no such model, settings it does not have, or images it cannot make.
    """
    if config.model.name == "recipe" and recipe.build is None:
        raise RequestError(f"recipe {recipe.name!r} brings no networks: name your own file that does, --recipe FILE.py")
    build = recipe.build or find.find("models", config.model.name).build
    seeds.fix(config.seed, 0, "weights")
    given = {"shape": config.model.shape, "classes": config.model.classes or 0, "latent": config.latent.size}
    try:
        made: dict[str, nn.Module] = find.call(build, "model", config.model.settings, **given)
    except RequestError:
        raise
    except ValueError as error:
        raise RequestError(f"model {config.model.name!r}: {error}") from None
    return made


def check_pair(made: dict[str, nn.Module], config: Config, name: str) -> None:
    """Ask a gan's networks of one's own for a batch and a verdict, and say what is wrong before torch does in other
    words. It leaves no trace in them or in torch's numbers.

    Args:
        made: what the recipe's `build` gave.
        config: `batch`, `latent` and `model.shape` are read.
        name: of the recipe.

    Raises:
        RequestError: images of another shape, or no verdict with a score each.
    """
    if {*made} != {"generator", "discriminator"}:  # which the method says better
        return
    n, y = config.batch, torch.zeros(config.batch, dtype=torch.long)
    images = _asked("generator", made, torch.zeros(n, config.latent.size), y, name)
    assert config.model.shape is not None
    if tuple(images.shape) != (n, *config.model.shape):
        made_of = tuple(images.shape[1:])
        raise RequestError(
            f"the generator of {name!r} makes images {made_of}; those of the data are {config.model.shape}"
        )
    verdict = _asked("discriminator", made, images, y, name)
    if not isinstance(verdict, Verdict):
        kind = type(verdict).__name__
        raise RequestError(
            f"the discriminator of {name!r} returns a {kind}, not a Verdict: `return Verdict(score)`, which is in "
            "elegans.models._blocks"
        )
    if verdict.score.shape != (n,):
        scores = list(verdict.score.shape)
        raise RequestError(f"the discriminator of {name!r} has scores {scores} for {n} images, not [{n}]: squeeze them")


def _asked(player: str, made: dict[str, nn.Module], x: Any, y: Tensor, name: str) -> Any:
    network = made[player]
    training = [module for module in network.modules() if module.training]  # some may be meant to be in evaluation
    network.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            return network(x, y=y)
    except TypeError as error:
        if "unexpected keyword argument 'y'" not in str(error):
            raise
        raise RequestError(f"the {player} of {name!r} does not take labels: `def forward(self, x, y=None)`") from None
    finally:
        for module in training:
            module.training = True
