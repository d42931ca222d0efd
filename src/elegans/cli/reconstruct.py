"""`elegans reconstruct`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def reconstruct(
    run: Path,
    /,
    *,
    n: Annotated[int, Parameter(name=["-n", "--n"])] = 10,
    out: Path,
    split: Literal["train", "test"] = "test",
    seed: int = 0,
    step: int | Literal["best"] | None = None,
    recipe: Path | None = None,
) -> None:
    """Show what a trained autoencoder makes of images, and measure it on all of them.

    The rows of the picture: the first images, what the encoder sees of them where that is noisy, what comes back, and
    the codes between. Printed are the means over the whole split.

    For example:

    elegans reconstruct runs/autoencoder --out pairs.png

    elegans reconstruct runs/vae -n 1000 --split train --out codes.npz

    Parameters
    ----------
    run
        The run folder.
    n
        How many images to show or to write.
    out
        A picture (.png), or arrays (.npz: originals, inputs, reconstructions uint8 [n, h, w, c], codes [n, d], labels).
    split
        Which images of the run's data set; of one that is not divided it is all of them.
    seed
        Of the noise.
    step
        Of the checkpoint, or `best`, where it was measured in training; without it the newest.
    recipe
        The recipe file, where the networks are your own.
    """
    from elegans.disk import exporting
    from elegans.errors import RequestError

    if out.suffix not in (".png", ".npz"):
        raise RequestError(f"--out {out}: the name ends in .png or .npz")
    import numpy as np

    from elegans import reconstruct as of
    from elegans.explore import load
    from elegans.images import png

    model = load(run, step=step, recipe=recipe)
    of.variational(model)  # complains if it has no encoder, before the data are read
    images, labels, which = of.split(model.config, split)
    if out.suffix == ".png" and n > 100:
        raise RequestError(f"-n {n}: a picture has a column an image, 100 at most; a .npz takes all")
    if not 1 <= n <= len(images):
        raise RequestError(f"-n {n}: 1 to {len(images):,}, as many images as there are")
    measured = of.measure(model, images, seed)
    some = images[:n]
    seen = of.inputs(model, some, seed)
    back, codes = of.reconstruct(model, seen), of.encode(model, seen)
    noisy = [seen] if model.config.autoencoder.noise else []
    with exporting(out):
        if out.suffix == ".png":
            maps = getattr(model.networks["decoder"], "code", None)  # of a convolutional one
            out.write_bytes(png(of.figure([some, *noisy, back], codes, maps)))
        else:
            np.savez_compressed(out, originals=some, inputs=seen, reconstructions=back, codes=codes, labels=labels[:n])
    print(f"{which}, step {model.step}")
    for name, value in measured.items():
        words = name.replace("_", " ").replace("psnr", "PSNR").replace("kl ", "KL ")
        print(f"  {words:20}{value:9.4f}" + (" dB" if name.endswith("psnr") else " nats"))
    print(f"{', '.join(['originals', *['noisy'] * len(noisy), 'reconstructions', 'codes'])} of {n} in {out}")
