"""`elegans invert`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def invert(
    run: Path,
    image: Path,
    /,
    *,
    label: int | None = None,
    out: Path | None = None,
    steps: int = 200,
    negative: Annotated[bool, Parameter(negative="")] = False,
    seed: int = 0,
    step: int | Literal["best"] | None = None,
    raw: Annotated[bool, Parameter(negative="")] = False,
    recipe: Path | None = None,
) -> None:
    """Find the latent of which a trained run makes an image, and its class.

    For example:

    elegans invert runs/demo seven.png

    elegans invert runs/demo seven.png --label 7 --out seven.gif

    Parameters
    ----------
    run
        The run folder.
    image
        An image file of any size; it is cut and scaled to what the model makes.
    label
        The class it is taken for; without it all are tried, and the best is kept.
    out
        The way there as a film (.gif: the image and what the model makes of it), both side by side (.png), or arrays
        (.npz: z, label, image and target).
    steps
        Of gradient descent.
    negative
        Exchange black and white first, for dark ink on white paper.
    seed
        Of the points where the descent begins.
    step
        Of the checkpoint, or `best`, where it was measured in training; without it the newest.
    raw
        The weights as they are instead of their moving average.
    recipe
        The recipe file, where the networks are your own.
    """
    import numpy as np

    from elegans import images
    from elegans.disk import exporting
    from elegans.errors import RequestError
    from elegans.explore import load
    from elegans.invert import invert, read
    from elegans.invert import negative as seems_negative

    if out is not None and out.suffix not in (".gif", ".png", ".npz"):
        raise RequestError(f"--out {out}: the name ends in .gif, .png or .npz")
    model = load(run, step=step, raw=raw, recipe=recipe)
    target = read(image, model)
    target = 255 - target if negative else target
    found = invert(model, target, label=label, steps=steps, seed=seed)
    what = f"label {found.label}, " if found.label >= 0 else ""
    print(f"{what}RMSE {found.errors[-1]:.1f} of 255 after {steps} steps{'' if out is None else f', in {out}'}")
    if not negative and seems_negative(model, target):
        print("its negative looks more like what this model makes: try --negative")
    if out is None:
        return
    if out.suffix == ".npz":
        with exporting(out):
            np.savez_compressed(out, z=found.z.numpy(), label=found.label, image=found.images[-1], target=target)
    elif out.suffix == ".png":
        images.write(out, np.stack([target, found.images[-1]]), np.full(2, found.label), classes=2)
    else:
        shown = np.unique(np.linspace(0, steps, 41).round().astype(int))
        film = np.stack([np.concatenate([target, made], axis=1) for made in found.images[shown]])
        images.write(out, film, np.full(len(film), found.label), milliseconds=80)
