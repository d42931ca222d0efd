"""The networks of a configuration, with their initial weights."""

from torch import nn

from elegans import find, seeds
from elegans.config import Config
from elegans.errors import RequestError
from elegans.find import Recipe


def networks(config: Config, recipe: Recipe) -> dict[str, nn.Module]:
    """Build them: from the recipe if it brings its own, else from the file in models/ that the configuration names.

    Args:
        config: with `model.shape` known.
        recipe: whose configuration it is.

    Raises:
        RequestError: no such model, settings it does not have, or images it cannot make.
    """
    if config.model.name == "recipe" and recipe.build is None:
        raise RequestError(f"the networks of {recipe.name!r} are in a file of your own: add --recipe FILE.py")
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
