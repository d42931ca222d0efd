"""`elegans sample`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def sample(
    run: Path,
    /,
    *,
    n: Annotated[int, Parameter(name=["-n", "--n"])] = 64,
    out: Path,
    label: int | None = None,
    balanced: Annotated[bool, Parameter(negative="")] = False,
    seed: int = 0,
    size: int | None = None,
    step: int | Literal["best"] | None = None,
    raw: Annotated[bool, Parameter(negative="")] = False,
    recipe: Path | None = None,
) -> None:
    """Draw images from a trained run.

    For example:

    elegans sample runs/demo -n 100 --balanced --out digits.png

    elegans sample runs/demo -n 5000 --label 3 --out threes.npz

    elegans sample runs/coordinate -n 10 --balanced --size 280 --out large.png

    Parameters
    ----------
    run
        The run folder.
    n
        How many images.
    out
        A sheet (.png), a film (.gif), arrays (.npz: images uint8 [n, h, w, c], labels int64 [n]), or a folder.
    label
        Of all images; without it labels are drawn at random.
    balanced
        All labels in turn.
    seed
        The same seed gives the same images.
    size
        Height of an image in pixels, which networks of coordinates can choose; without it that of the data.
    step
        Of the checkpoint, or `best`, where it was measured in training; without it the newest.
    raw
        The weights as they are instead of their moving average.
    recipe
        The recipe file, where the networks are your own.
    """
    from elegans.errors import RequestError

    if label is not None and balanced:
        raise RequestError("--label asks for one class and --balanced for all; give one of them")
    from elegans.explore import Labels, load
    from elegans.images import write

    model = load(run, step=step, raw=raw, recipe=recipe)
    which: Labels = "balanced" if balanced else label
    images = model.sample(n, seed=seed, labels=which, size=size)
    write(out, images, model.labels(n, which, seed), model.classes if balanced else 0)
    print(f"{n} images of step {model.step} in {out}")
