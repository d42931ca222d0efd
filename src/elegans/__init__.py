"""Small generative models, finished.

    import elegans

    run = elegans.train("vanilla", run="runs/a", steps=2000)
    model = elegans.load("runs/a")
    images = model.sample(64, seed=0)  # uint8 [64, 28, 28, 1]

The names below are imported when they are used: `import elegans` alone imports no torch.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elegans.config import Config
    from elegans.errors import Failure, RequestError
    from elegans.explore import Model, load
    from elegans.find import Recipe
    from elegans.run import Run
    from elegans.stop import Stopped
    from elegans.training import train

__all__ = ["Config", "Failure", "Model", "Recipe", "RequestError", "Run", "Stopped", "load", "train"]

_HOME = {
    "Config": "config",
    "Failure": "errors",
    "Model": "explore",
    "Recipe": "find",
    "RequestError": "errors",
    "Run": "run",
    "Stopped": "stop",
    "load": "explore",
    "train": "training",
}


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'elegans' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"elegans.{_HOME[name]}"), name)
    globals()[name] = value
    return value
