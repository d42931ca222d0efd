"""Whether a training is well: what its records and samples say, and where numbers stop being finite."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from elegans import images, recorded
from elegans.config import Config, flatten
from elegans.diagnose import Trouble, diagnose
from elegans.errors import Failure
from elegans.images import Bytes
from elegans.methods._state import State
from elegans.run import Record, Run
from elegans.symptoms import Symptoms


class Health:
    """Keeps the records of a run at hand and says what is newly wrong.

    Args:
        run: it writes them down.
        config: of the run.
        symptoms: what is seen on a sheet; None: nothing.
    """

    def __init__(self, run: Run, config: Config, symptoms: Symptoms | None) -> None:
        self.run, self.config, self.symptoms = run, config, symptoms
        self.records, self.fresh = run.records(), False
        self.known = {trouble.name for trouble in diagnose(self.records, config)}
        if symptoms and (frames := run.frames()):
            assert config.model.shape is not None
            _, height, width = config.model.shape
            symptoms.before = images.read_sheet(frames[-1], height, width)

    def log(self, record: Record) -> None:
        """Write a record down."""
        self.run.log(record)
        self.records.append(record)
        self.fresh = True

    def look(self, at: Record, samples: Bytes, labels: NDArray[np.int64]) -> None:
        """Write down what a sheet shows."""
        if self.symptoms:
            self.log(at | self.symptoms(samples, labels if self.config.model.classes else None))

    def news(self) -> list[Trouble]:
        """What was not wrong before."""
        found = diagnose(self.records, self.config) if self.fresh else []
        self.fresh = False
        new = [trouble for trouble in found if trouble.name not in self.known]
        self.known |= {trouble.name for trouble in new}
        return new


def first_wrong(method: object, again: Callable[[], object]) -> str | None:
    """Where in a forward pass numbers first stop being finite: the output of a layer, by its name; None in none."""
    names = {
        layer: f"the output of {name}{'.' * bool(path)}{path}"
        for name, network in vars(method).items()
        if isinstance(network, nn.Module)
        for path, layer in network.named_modules()
    }
    found: list[str] = []

    def check(layer: nn.Module, _: object, output: object) -> None:
        parts = output if isinstance(output, tuple) else (output,)
        if not found and layer in names and not all(p.isfinite().all() for p in parts if isinstance(p, Tensor)):
            found.append(names[layer])

    handle = nn.modules.module.register_module_forward_hook(check)
    try:
        with recorded.off():  # what is replayed calls no hooks
            again()
    except FloatingPointError:
        pass
    finally:
        handle.remove()
    return found[0] if found else None


def healthy(record: dict[str, float], run: Run) -> None:
    """Stop where a loss is no longer a number: nothing after it can be of use."""
    if wrong := [name for name, value in record.items() if not math.isfinite(value)]:
        raise Failure(f"{wrong[0]} is {record[wrong[0]]} at step {record['step']}: {diverged(run)}")


def whole(state: State, step: int, run: Run) -> State:
    """Let no weights be saved that are no numbers: the checkpoint before is worth more."""
    for name, tensors in state.items():
        for key, tensor in tensors.items():
            if not tensor.isfinite().all():
                raise Failure(f"{name}/{key} is not finite at step {step}: {diverged(run)}")
    return state


def diverged(run: Run) -> str:
    """What that means, and what to do."""
    values, method = flatten(run.config), run.config.method
    rates = [name for name in values if name.startswith(f"{method}.") and name.endswith(".lr")]
    smaller = " ".join(f"--{name} {values[name] / 4:g}" for name in rates)
    return (
        f"the training has diverged. The checkpoints in {run.path} are from before; try smaller learning rates in a "
        f"new run: {smaller}"
    )
