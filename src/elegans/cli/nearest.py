"""`elegans nearest`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def nearest(
    run: Path,
    /,
    *,
    out: Path,
    n: Annotated[int, Parameter(name=["-n", "--n"])] = 8,
    k: Annotated[int, Parameter(name=["-k", "--k"])] = 7,
    seed: int = 0,
    step: int | Literal["best"] | None = None,
    raw: Annotated[bool, Parameter(negative="")] = False,
    recipe: Path | None = None,
) -> None:
    """Show samples of a trained run, each with the training images nearest to it: are they copies?

    It also says how far 500 samples are from the nearest training image, and how far held-out images are. Samples that
    are much nearer than those are copies; samples that are blurred are somewhat nearer too.

    For example:

    elegans nearest runs/demo --out nearest.png

    Parameters
    ----------
    run
        The run folder.
    out
        A sheet (.png): a row a sample, the sample first.
    n
        How many samples on the sheet.
    k
        How many training images beside each.
    seed
        Of the samples.
    step
        Of the checkpoint, or `best`, where it was measured in training; without it the newest.
    raw
        The weights as they are instead of their moving average.
    recipe
        The recipe file, where the networks are your own.
    """
    import numpy as np

    from elegans import find, images
    from elegans.disk import exporting, write_aside
    from elegans.errors import RequestError
    from elegans.explore import load
    from elegans.nearest import nearest as find_nearest
    from elegans.splits import held_out, images_of

    if out.suffix != ".png":
        raise RequestError(f"--out {out}: the name ends in .png")
    if n < 1:
        raise RequestError(f"-n {n}: at least one sample")
    model = load(run, step=step, raw=raw, recipe=recipe)
    data = model.config.data
    train = images_of(data, "train")[0]
    if not 1 <= k <= len(train):
        raise RequestError(f"-k {k}: from 1 to the {len(train)} training images")
    samples = model.sample(max(n, 500), seed=seed)
    made = samples.transpose(0, 3, 1, 2)
    places, distances = find_nearest(made, train, k)
    rows = np.concatenate([samples[:n, None], train[places[:n]].transpose(0, 1, 3, 4, 2)], 1)
    picture = images.sheet(rows.reshape(-1, *samples.shape[1:]), k + 1)
    with exporting(out):
        write_aside(out, images.png(picture, images.enlarged(samples.shape[1])))

    split = held_out(data)
    others = images_of(data, "test")[0] if split else train
    others = others[np.random.default_rng(0).permutation(len(others))[:500]]
    # a training image is its own nearest; what counts is the next
    apart = find_nearest(others, train, 1)[1] if split else find_nearest(others, train, min(2, len(train)))[1]
    print(f"{n} samples of step {model.step}, each with its {k} nearest training images, in {out}")
    print(
        "median distance to the nearest training image (root mean square of the pixels' differences, of 255): "
        f"samples {np.median(distances[:, 0]):.1f}, "
        f"{'test images' if split else 'training images to another'} {np.median(apart[:, -1]):.1f}"
    )
    about = find.find("data", data.name).about
    if not about.free:
        print(f"{out} holds training images of {data.name} and may not be published; licence: {about.licence}")
