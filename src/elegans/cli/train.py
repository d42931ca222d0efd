"""`elegans train`."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter


def train(
    recipe: str,
    /,
    *fields: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    run: Path | None = None,
    steps: int | None = None,
    epochs: float | None = None,
    minutes: float | None = None,
    seed: int | None = None,
    batch: int | None = None,
    quiet: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Train a recipe. The same command again goes on where it stopped.

    Any field of the recipe can be changed with a dotted flag; `elegans recipes NAME` lists them all. Flags of the
    systems a recipe comes from, such as --encoding_dims, are understood too.

    For example:

    elegans train demo

    elegans train vanilla --run runs/a --minutes 15

    elegans train shallow --data.name fashion --gan.generator.lr 1e-4

    elegans train mine.py --steps 5000

    Parameters
    ----------
    recipe
        A name from `elegans recipes`, or the path of your own recipe file.
    run
        The run folder; without it a new numbered one under runs/.
    steps
        How many steps in all.
    epochs
        Or how many times every image of the data set is seen.
    minutes
        Or how many minutes of wall time in all.
    seed
        Of weights, data order and noise.
    batch
        Images a step.
    quiet
        Say nothing on the way.
    """
    from elegans import find
    from elegans.cli._flags import parse, translate

    options: dict[str, Any] = {
        "run": run,
        "steps": steps,
        "epochs": epochs,
        "minutes": minutes,
        "seed": seed,
        "batch": batch,
    }
    chosen = find.recipe(recipe)
    wanted, options = translate(parse(fields), options, chosen.config.method)
    chosen.config.override(wanted)  # before the slow import: a wrong name or value is answered at once
    from elegans.training import train

    train(chosen, quiet=quiet, fields=wanted, **options)
