"""`elegans interpolate`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def interpolate(
    run: Path,
    /,
    *,
    out: Path,
    label: int | None = None,
    cycle: Annotated[bool, Parameter(negative="")] = False,
    points: int | None = None,
    linear: Annotated[bool, Parameter(negative="")] = False,
    frames: int = 41,
    seed: int = 0,
    step: int | Literal["best"] | None = None,
    raw: Annotated[bool, Parameter(negative="")] = False,
    recipe: Path | None = None,
) -> None:
    """Walk through the latent space of a trained run: between two points, round through several, or through all labels.

    A film between two points goes there and back, so that it has no jump; with --points or --cycle it goes round.

    For example:

    elegans interpolate runs/demo --label 6 --out six.gif

    elegans interpolate runs/demo --cycle --frames 80 --out round.gif

    elegans interpolate runs/logograms-light --points 6 --frames 240 --out walk.mp4

    Parameters
    ----------
    run
        The run folder.
    out
        A film (.gif; .mp4 after pip install 'elegans[video]'), a sheet (.png), arrays (.npz), or a folder of PNGs.
    label
        The class of all frames; without it class 0, or none where the model has none.
    cycle
        One latent, all labels, each blending into the next.
    points
        A smooth round through so many latent points, instead of the way between two.
    linear
        Straight lines between the points instead.
    frames
        From one point to the other, or for the whole round.
    seed
        Of the points.
    step
        Of the checkpoint, or `best`, where it was measured in training; without it the newest.
    raw
        The weights as they are instead of their moving average.
    recipe
        The recipe file, where the networks are your own.
    """
    import numpy as np

    from elegans.explore import load
    from elegans.images import write

    model = load(run, step=step, raw=raw, recipe=recipe)
    walk = model.interpolate(frames, label=label, linear=linear, cycle=cycle, points=points, seed=seed)
    if out.suffix in (".gif", ".mp4") and not cycle and points is None:
        walk = np.concatenate([walk, walk[-2:0:-1]])
    same = -1 if cycle or not model.classes else label or 0
    write(out, walk, np.full(len(walk), same, np.int64), milliseconds=80)
    print(f"{len(walk)} frames of step {model.step} in {out}")
