"""What a request to train means: from a recipe and some wishes to a run folder and the loop."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from elegans import cpu, find, parallel
from elegans.batches import Batches
from elegans.config import Config
from elegans.errors import RequestError
from elegans.evaluate import judge
from elegans.find import Recipe
from elegans.loop import Method, follow, loop
from elegans.networks import check_pair, networks
from elegans.run import Run
from elegans.symptoms import Symptoms
from elegans.watch import Watch

LENGTHS = ("steps", "epochs", "minutes")  # of a training, one of which is given


def train(
    recipe: str | Path | Config | Recipe,
    *,
    run: str | Path | None = None,
    steps: int | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
    seed: int | None = None,
    batch: int | None = None,
    quiet: bool = False,
    fields: dict[str, Any] | None = None,
) -> Run:
    """Train a recipe in a run folder; the same call again goes on where it stopped.

    Of several processes that torchrun started, only the first returns; the others end when the training does.

    Args:
        recipe: its name, the path of a recipe file, a `Config`, or a `Recipe` with networks of your own.
        run: the folder; None makes a new numbered one under runs/.
        steps: how many steps in all.
        epochs: or how many times every image of the data set is seen.
        minutes: or how many minutes of wall time, with all that is done in them. Learning rates that fall do so over
            this time: if a run that has ended is made longer, they rise again to where they are in the longer one.
        seed: of weights, data order and noise.
        batch: images a step.
        quiet: say nothing on the way.
        fields: any other fields, `{"gan.loss": "hinge"}`.

    Returns:
        The run, trained.

    Raises:
        RequestError: something asked for does not exist or contradicts something else.
        Failure: a file, a disk or a download.
        Stopped: Ctrl-C or SIGTERM came; all is saved.
    """
    chosen = find.recipe(recipe)
    config = chosen.config.override(fields or {})
    others = {*find.names("methods")} - {config.method}
    if idle := [name for name in fields or {} if name.split(".")[0] in others]:
        raise RequestError(f"{idle[0]} changes nothing: {chosen.name!r} is trained by the method {config.method!r}")
    lengths = [f"--{name}" for name, value in zip(LENGTHS, (steps, epochs, minutes), strict=True) if value is not None]
    if len(lengths) > 1:
        raise RequestError(f"{' and '.join(lengths)} are lengths of one training; give one of them")
    given = {"steps": steps, "minutes": minutes, "seed": seed, "batch": batch}
    config = config.override({name: value for name, value in given.items() if value is not None})
    cpu.keep_memory()
    parallel.start(config.batch)
    if config.on_trouble == "balance" and parallel.count() > 1:
        raise RequestError("--on-trouble balance: the other processes would not know; train with one, or warn")
    build = find.find("data", config.data.name).build
    data, labels = parallel.in_turn(lambda: find.call(build, "data", config.data.settings, root=config.data.root))
    config = fit(config, data, labels)
    if epochs is not None:
        config = config.override({"steps": steps_in(config, epochs, len(data))})
    if (config.steps is None) == (config.minutes is None):
        found = "no length" if config.steps is None else "two lengths, steps and minutes"
        raise RequestError(f"recipe {chosen.name!r} has {found}: give --steps, --epochs or --minutes")
    device = parallel.device(config.device)
    batches = Batches(data, labels, config.batch, config.seed, config.data.order, device)
    with cpu.flushed():
        made = networks(config, chosen)
        if chosen.build and config.method == "gan":
            check_pair(made, config, chosen.name)
        method: Method = find.find("methods", config.method).build(config, made)
        if not parallel.first():
            follow(config, method, batches)
            parallel.leave()
        measure = judge(config, chosen) if config.every.measure else None
        symptoms = Symptoms(data, labels, bool(config.model.classes)) if config.method == "gan" else None
        folder = Run.create(run, config)  # last of all: what is refused leaves no folder behind
        with folder.locked(), Watch(folder, quiet) as watch:
            loop(folder, config, method, batches, watch, measure, symptoms)
    return folder


def steps_in(config: Config, epochs: float, images: int) -> int:
    """How many steps that many passes over a data set of so many images are, the last one whole.

    Raises:
        RequestError: not more than nothing.
    """
    if not 0 < epochs < math.inf:
        raise RequestError(f"--epochs {epochs}: more than 0")
    seen_a_step = config.batch * (config.gan.discriminator_steps if config.method == "gan" else 1)
    return math.ceil(epochs * images / seen_a_step)


def fit(config: Config, data: NDArray[np.uint8], labels: NDArray[np.int64]) -> Config:
    """The configuration with the shape and the number of classes of its data filled in.

    Raises:
        RequestError: the batch is larger than the data set, or the recipe has networks for images of another shape.
    """
    if config.batch > len(data):
        raise RequestError(
            f"batch = {config.batch} is more than the {len(data)} images of {config.data.name!r}; "
            f"give --batch {len(data)} or less"
        )
    shape, classes = tuple(data.shape[1:]), int(labels.max()) + 1
    if config.model.classes != 0 and classes and (stray := int((labels < 0).sum())):
        raise RequestError(
            f"{stray} of the {len(data)} images of {config.data.name!r} lie beside the folders of the classes and have "
            "none: put them into one of these, or give --model.classes 0"
        )
    if config.model.shape not in (None, shape):
        raise RequestError(f"model.shape = {config.model.shape}: the images of {config.data.name!r} are {shape}")
    wanted = classes if config.model.classes is None else config.model.classes
    if wanted not in (0, classes):  # 0: a model that is not conditional
        raise RequestError(f"model.classes = {wanted}: the data set {config.data.name!r} has {classes} classes")
    return config.override({"model.shape": shape, "model.classes": wanted})
