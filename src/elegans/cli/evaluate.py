"""`elegans evaluate`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def evaluate(
    run: Path | None = None,
    /,
    *,
    images: Path | None = None,
    data: str | None = None,
    root: str | None = None,
    size: int | None = None,
    n: Annotated[int, Parameter(name=["-n", "--n"])] = 10_000,
    out: Path | None = None,
    seed: int = 0,
    step: int | Literal["best"] | None = None,
    raw: Annotated[bool, Parameter(negative="")] = False,
    recipe: Path | None = None,
    inception: Path | None = None,
) -> None:
    """Measure a trained run, or images from anywhere, against real ones: all metrics, and what they were measured on.

    Beside each number stands the floor: the same of real training images. The card of a run is kept in its folder.

    For example:

    elegans evaluate runs/demo -n 5000

    elegans evaluate --images samples.npz --data mnist --out card.json

    Parameters
    ----------
    run
        The run folder.
    images
        Instead of a run: a .npz (images uint8 [n, h, w, c] or [n, h, w], labels if there are), a folder or a zip of
        pictures, whose subfolders are classes. They have the size of those of the data set; nothing is scaled.
    data
        The data set that --images are to be like.
    root
        The folder with the files of that data set.
    size
        The height and width of its images, where it leaves the choice, as faces and a folder of your own do.
    n
        How many images to generate.
    out
        The card (.json); without it card.json in the run folder.
    seed
        Of what is drawn.
    step
        Of the checkpoint, or `best`, where it was measured in training; without it the newest.
    raw
        The weights as they are instead of their moving average.
    recipe
        The recipe file, where the networks are your own.
    inception
        The weights file of Inception, whose numbers can be read beside those of papers; needs elegans[inception].
    """
    import json

    from elegans.errors import RequestError

    if out and out.suffix != ".json":
        raise RequestError(f"--out {out}: the name ends in .json")
    if (run is None) == (images is None):
        raise RequestError("give a run folder, or --images with --data, and not both")
    if run is None and data is None:
        raise RequestError("--images are compared with real ones: name their data set with --data")
    if run is not None and (data, root, size) != (None, None, None):
        raise RequestError("--data, --root and --size go with --images: a run knows its own data")
    from rich.console import Console

    from elegans import evaluate as of
    from elegans.config import Data
    from elegans.disk import exporting, write_aside

    with Console(stderr=True).status("measuring, which takes a minute or so"):  # seen in a terminal only
        if run is not None:
            made = of.evaluate(run, n=n, seed=seed, step=step, raw=raw, recipe=recipe, inception=inception)
            out = out or run / "card.json"
        else:
            assert images is not None
            assert data is not None
            known = Data.model_validate({"name": data, "root": root} | ({} if size is None else {"size": size}))
            made = of.card(*of.read(images, known), known, seed=seed, inception=inception)
    _show(made)  # before the disk can refuse
    if out:
        with exporting(out):
            write_aside(out, (json.dumps(made, indent=1) + "\n").encode())
        print(f"the card is {out}")


def _show(card: dict[str, object]) -> None:
    from rich.console import Console
    from rich.table import Table

    metrics, floor, about = (dict(card[key]) for key in ("metrics", "floor", "data"))  # type: ignore[call-overload]
    best = dict(card.get("best") or {})  # type: ignore[call-overload]
    columns = {"generated": metrics, "real": floor}
    columns |= {f"best, step {best['step']}": best["metrics"]} if best else {}
    table = Table("", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right")
    for name in metrics:
        row = (f"{values[name]:.4g}" if name in values else "" for values in columns.values())
        table.add_row(name.replace("_", " "), *row)
    console = Console()
    console.print(table)
    for name, value in dict(card.get("reconstruction") or {}).items():  # type: ignore[call-overload]
        console.print(f"{name.replace('_', ' ')} {value:.4f}")
    sees = dict(card["extractor"])  # type: ignore[call-overload]
    console.print(
        f"{card['generated']:,} generated against {about['real']:,} real images of {about['name']} ({about['split']}); "
        f"in the column 'real' {about['floor']}; extractor {sees['name']} {sees['sha256'][:12]}",
        highlight=False,
    )
