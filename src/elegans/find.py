"""A name is a file: `find("models", "mlp")` is `elegans/models/mlp.py`. No list of names exists anywhere."""

import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pydantic import ConfigDict, ValidationError, validate_call

from elegans.config import Config, explain
from elegans.errors import RequestError, nearest

T = TypeVar("T")
_ROOT = Path(__file__).parent


@dataclass(frozen=True)
class Recipe:
    """A named configuration, with what it says of itself and, for one's own, the networks.

    Attributes:
        name: the file's name without `.py`, with dashes.
        config: the values.
        about: the docstring.
        build: `build(shape, classes, latent, **settings)` -> dict of modules, when the recipe brings its networks.
    """

    name: str
    config: Config
    about: str = ""
    build: Callable[..., Any] | None = None


def names(kind: str) -> list[str]:
    """All names of a kind (`recipes`, `models`, `data`, `methods`, `metrics`), sorted, with dashes."""
    return sorted(p.stem.replace("_", "-") for p in (_ROOT / kind).glob("*.py") if not p.stem.startswith("_"))


def find(kind: str, name: str) -> ModuleType:
    """The module of that name.

    Raises:
        RequestError: there is no such file; the message has the nearest name.
    """
    if name.replace("_", "-") not in names(kind):
        noun = {"data": "data set"}.get(kind, kind.removesuffix("s"))
        raise RequestError(f"there is no {noun} {name!r}{nearest(name, names(kind))}")
    return importlib.import_module(f"elegans.{kind}.{name.replace('-', '_')}")


def recipe(wanted: str | Path | Config | Recipe) -> Recipe:
    """A recipe by its name, by the path of a `.py` file, or as it is.

    Raises:
        RequestError: no such recipe or file, or the file holds no `recipe = Config(...)`.
    """
    if isinstance(wanted, Recipe):
        return Recipe(wanted.name, wanted.config.override({"recipe": wanted.name}), wanted.about, wanted.build)
    if isinstance(wanted, Config):
        return Recipe(wanted.recipe, wanted)
    if str(wanted).endswith(".py"):
        name, module = Path(wanted).stem, _load(Path(wanted))
    else:
        name, module = str(wanted).replace("_", "-"), find("recipes", str(wanted))
    config = getattr(module, "recipe", None)
    if not isinstance(config, Config):
        raise RequestError(f"{wanted} holds no recipe: it needs a line `recipe = Config(...)`, see docs/extending.md")
    build = getattr(module, "build", None)
    if build is not None:
        config = config.model_copy(update={"model": config.model.model_copy(update={"name": "recipe"})})
    return Recipe(name, config.override({"recipe": name}), (module.__doc__ or "").strip(), build)


def first_line(about: str) -> str:
    """What a docstring says first, without the full stop."""
    return about.split("\n", 1)[0].rstrip(".")


def facts(about: str) -> dict[str, str]:
    """The lines `Name: value` of a recipe's docstring, by the name in small letters: source, command, minutes, result.

    A value goes on in the lines after it that are indented.
    """
    found = re.findall(r"^(Source|Command|Minutes|Result): (.+(?:\n[ \t]+.+)*)", about, re.MULTILINE)
    return {"minutes": "", "result": ""} | {name.lower(): " ".join(value.split()) for name, value in found}


def call(build: Callable[..., T], section: str, settings: Mapping[str, Any], **given: Any) -> T:
    """`build(**given, **settings)`, with the settings checked and read by the types in its signature.

    Raises:
        RequestError: a setting `build` does not have, or of a wrong type or range; `section` names it in full.
    """
    import inspect

    known = [f"{section}.{name}" for name in inspect.signature(build).parameters if name not in given]
    options = ConfigDict(arbitrary_types_allowed=True, coerce_numbers_to_str=True)
    checked: Callable[..., T] = validate_call(config=options)(build)
    try:
        return checked(**given, **settings)
    except ValidationError as error:
        raise RequestError(explain(error, f"{section}.", known)) from None


def _load(path: Path) -> ModuleType:
    if not path.is_file():
        raise RequestError(f"there is no recipe file {path}")
    spec = importlib.util.spec_from_file_location(f"elegans_own_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ValidationError as error:
        raise RequestError(f"{path}: {explain(error, '', [])}") from error
    except Exception as error:
        raise RequestError(f"{path} does not run: {type(error).__name__}: {error}") from error
    return module
