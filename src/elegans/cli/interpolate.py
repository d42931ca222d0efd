"""`elegans interpolate`."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def interpolate(
    run: Path,
    /,
    *,
    out: Path,
    label: int | None = None,
    cycle: Annotated[bool, Parameter(negative="")] = False,
    linear: Annotated[bool, Parameter(negative="")] = False,
    frames: int = 41,
    seed: int = 0,
    step: int | None = None,
    raw: Annotated[bool, Parameter(negative="")] = False,
    recipe: Path | None = None,
) -> None:
    """Walk through the latent space of a trained run: between two points, or through all labels.

    A gif goes there and back, so that it has no jump; with --cycle it goes round.

    For example:

    elegans interpolate runs/demo --label 6 --out six.gif

    elegans interpolate runs/demo --cycle --frames 80 --out round.gif

    Parameters
    ----------
    run
        The run folder.
    out
        A film (.gif), a sheet (.png), arrays (.npz), or a folder of single PNGs.
    label
        The class of all frames; without it class 0, or none where the model has none.
    cycle
        One latent, all labels, each blending into the next.
    linear
        A straight line between the points instead of the arc.
    frames
        From one point to the other, or for the whole round.
    seed
        Of the points.
    step
        Of the checkpoint; without it the newest.
    raw
        The weights as they are instead of their moving average.
    recipe
        The recipe file, where the networks are your own.
    """
    import numpy as np

    from elegans.explore import load
    from elegans.images import write

    model = load(run, step=step, raw=raw, recipe=recipe)
    walk = model.interpolate(frames, label=label, linear=linear, cycle=cycle, seed=seed)
    if out.suffix == ".gif" and not cycle:
        walk = np.concatenate([walk, walk[-2:0:-1]])
    same = -1 if cycle or not model.classes else label or 0
    write(out, walk, np.full(len(walk), same, np.int64), milliseconds=80)
    print(f"{len(walk)} frames of step {model.step} in {out}")
