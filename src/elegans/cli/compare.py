"""`elegans compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from elegans.compare import Row


def compare(
    runs: list[Path],
    /,
    *,
    metric: str = "fid",
    out: Annotated[list[Path] | None, Parameter(negative="")] = None,
) -> None:
    """Put runs side by side, the best of a data set first: what each reached, last and best, and what it cost.

    The numbers are those of `elegans evaluate RUN`; a run without a card has what was measured while it trained. Runs
    that differ in their seed alone are one row, with mean and standard deviation.

    For example:

    elegans compare runs/demo runs/vanilla

    elegans compare runs/* --metric recall --out runs.csv --out runs.png

    Parameters
    ----------
    runs
        The run folders.
    metric
        What they are sorted by, as it is called on a card.
    out
        Everything as a table (.csv), or the metric as a figure (.png); can be given several times.
    """
    from elegans.errors import RequestError

    for path in out or []:
        if path.suffix not in (".csv", ".png"):
            raise RequestError(f"--out {path}: the name ends in .csv or .png")
    from elegans import compare as of
    from elegans.disk import exporting, write_aside

    rows = of.compare(runs, metric)
    _show(rows, metric)
    made = [(path, of.as_csv(rows) if path.suffix == ".csv" else of.draw(rows, metric)) for path in out or []]
    for path, content in made:
        with exporting(path):
            write_aside(path, content)
        print(f"{'the table' if path.suffix == '.csv' else 'the figure'} is {path}")
    if seen := of.differences(rows):
        print("not all were measured alike, and numbers compare only within: " + "; ".join(seen))
    if missing := [row.name for row in rows if not row.last]:
        print(f"not measured: {', '.join(missing)}; `elegans evaluate RUN` does")


def _show(rows: "list[Row]", metric: str) -> None:
    from rich.console import Console
    from rich.table import Table

    title, also = metric.replace("_", " "), "recall" if metric == "fid" else "fid"
    best, second = any(metric in row.best for row in rows), any(also in row.last for row in rows)
    table = Table(box=None, pad_edge=False)
    table.add_column("", overflow="fold")
    table.add_column("data", overflow="fold")
    heads = [title, *[f"best {title}"] * best, *[also] * second]
    for head in [*heads, "minutes", "images", "images/s", "weights"]:
        table.add_column(head, justify="right", overflow="fold")
    for row in rows:
        numbers = [row.last.get(metric), *[row.best.get(metric)] * best, *[row.last.get(also)] * second]
        costs = (row.cost.get(name) for name in ("minutes", "images", "images_per_second", "parameters"))
        name = row.name + f", {row.runs} seeds" * (row.runs > 1)
        table.add_row(name, row.data, *map(_score, numbers), *map(_cost, costs))
    Console().print(table)


def _score(value: tuple[float, float | None] | None) -> str:
    if value is None:
        return ""
    mean, deviation = value
    return f"{mean:.3g}" if deviation is None else f"{mean:.3g} ± {deviation:.2g}"


def _cost(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if value < 999.5 else f"{value / 1000:.3g} k" if value < 999_500 else f"{value / 1e6:.3g} M"
