"""`elegans manifold`."""

from pathlib import Path
from typing import Literal


def manifold(
    run: Path,
    /,
    *,
    out: Path,
    split: Literal["train", "test"] = "test",
    step: int | Literal["best"] | None = None,
    recipe: Path | None = None,
) -> None:
    """Draw the latent space of a trained autoencoder: the codes of images, and the images of a grid of codes.

    With two Gaussian latents it is all of it; larger ones are cut along the codes' two principal directions.

    For example:

    elegans manifold runs/vae --out manifold.png

    Parameters
    ----------
    run
        The run folder.
    out
        The picture (.png).
    split
        Which images of the run's data set; of one that is not divided it is all of them.
    step
        Of the checkpoint, or `best`, where it was measured in training; without it the newest.
    recipe
        The recipe file, where the networks are your own.
    """
    from elegans.disk import exporting
    from elegans.errors import RequestError

    if out.suffix != ".png":
        raise RequestError(f"--out {out}: the name ends in .png")
    from elegans import manifold as of
    from elegans.explore import load
    from elegans.reconstruct import encode, variational
    from elegans.reconstruct import split as images_of

    model = load(run, step=step, recipe=recipe)
    variational(model)  # complains if it has no encoder, before the data are read
    images, labels, which = images_of(model.config, split)
    codes = encode(model, images)
    drawn = of.draw(model, codes, labels, f"{model.config.recipe}, step {model.step}: {which}")
    with exporting(out):
        out.write_bytes(drawn)
    shown = of.plane(model, codes)
    print(f"{which}, step {model.step}: {shown.share:.0%} of the variance of the codes is in the picture, {out}")
