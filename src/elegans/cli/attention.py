"""`elegans attention`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def attention(
    run: Path,
    /,
    *,
    out: Path,
    n: Annotated[int, Parameter(name=["-n", "--n"])] = 20,
    seed: int = 0,
    step: int | Literal["best"] | None = None,
    raw: Annotated[bool, Parameter(negative="")] = False,
    recipe: Path | None = None,
) -> None:
    """Draw where a recurrent network with attention looks, beside the images it makes.

    To the right of an image a line for each step. Attention to rows: a heat map of the rows of the image, from left to
    right. Attention to the class: a bar as long as the mean of its gate. First the generator's, if it has attention,
    then the discriminator's. Classes come in turn.

    For example:

    elegans attention runs/attention-rnn --out look.png

    Parameters
    ----------
    run
        The run folder.
    out
        The picture (.png).
    n
        How many images.
    seed
        The same seed gives the same images.
    step
        Of the checkpoint, or `best`, where it was measured in training; without it the newest.
    raw
        The weights as they are instead of their moving average.
    recipe
        The recipe file, where the networks are your own.
    """
    from elegans.disk import exporting
    from elegans.errors import RequestError

    if out.suffix != ".png":
        raise RequestError(f"--out {out}: the name ends in .png")
    if n < 1:
        raise RequestError(f"-n {n}: at least one image")
    import torch

    from elegans.attention import draw, look
    from elegans.explore import load
    from elegans.images import enlarged, png

    model = load(run, step=step, raw=raw, recipe=recipe)
    y = torch.from_numpy(model.labels(n, "balanced")) if model.classes else None
    images, looked = look(model.networks, model.latents(n, seed), y)
    picture = draw(images, list(looked.values()), columns=min(n, 5))
    with exporting(out):
        out.write_bytes(png(picture, enlarged(images.shape[1])))
    print(f"{n} images of step {model.step} and where {' and '.join(looked)} looked in {out}")
