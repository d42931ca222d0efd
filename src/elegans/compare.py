"""Runs side by side: what each reached and what it cost; runs that differ in their seed alone are one row."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from elegans import find
from elegans.config import flatten
from elegans.errors import Failure, RequestError, nearest
from elegans.run import PLACE, Record, Run

SEED_ALONE = ("seed", "horizon", "device", "data.root")  # what may differ between runs that are one row
Cells = dict[str, str | int | float]


@dataclass(frozen=True)
class Scores:
    """The numbers of one run.

    Attributes:
        last: of its newest checkpoint, by metric.
        best: of the checkpoint that was best in training; empty where nothing was measured then.
        seen: what they were measured on and with. Numbers are comparable where it is the same.
        curve: images seen and metrics, at each moment it was measured in training.
    """

    last: dict[str, float]
    best: dict[str, float]
    seen: str
    curve: list[Record]


@dataclass(frozen=True)
class Row:
    """One or several runs of a recipe with the same values, but for the seed.

    Attributes:
        name: the recipe; with the folder where another row is of that recipe, too.
        data: the name of the data set.
        runs: how many there are.
        last: mean and, of several runs, standard deviation of each metric.
        best: the same of the checkpoints that were best in training.
        cost: minutes, images, images a second and parameters, means over the runs.
        seen: as in `Scores`; what several runs differ in is joined by "; ".
        curves: one a run.
    """

    name: str
    data: str
    runs: int
    last: dict[str, tuple[float, float | None]]
    best: dict[str, tuple[float, float | None]]
    cost: dict[str, float]
    seen: str
    curves: list[list[Record]]


def compare(runs: Iterable[str | Path | Run], metric: str = "fid") -> list[Row]:
    """A row for each recipe, the best of a data set first; runs that were never measured come last.

    The numbers are those of the run's card (`elegans evaluate RUN`); a run without one has what was measured while it
    trained (`--every.measure`), on fewer images.

    Args:
        runs: runs or their folders.
        metric: what they are sorted by, as it is called on a card.

    Raises:
        RequestError: no run, one that is none, or a metric that none of them has.
        Failure: a card that cannot be read.
    """
    groups: dict[tuple[object, ...], list[Run]] = {}
    for run in (run if isinstance(run, Run) else Run(run) for run in runs):
        groups.setdefault(_alike(run), []).append(run)
    if not groups:
        raise RequestError("nothing to compare: name some run folders")
    recipes = [group[0].config.recipe for group in groups.values()]
    rows = [_row(group, recipes.count(group[0].config.recipe) > 1) for group in groups.values()]
    known = dict.fromkeys(name for row in rows for name in row.last)
    if metric not in known and (known or metric != "fid"):
        raise RequestError(f"no run was measured by {metric!r}{nearest(metric, list(known))}")
    sign = 1 if less_is_better(metric) else -1

    def place(row: Row) -> tuple[bool, str, float, str]:
        mean, _ = row.last.get(metric, (0.0, None))
        return metric not in row.last, row.data, sign * mean, row.name

    return sorted(rows, key=place)


def less_is_better(metric: str) -> bool:
    """Whether a smaller value of it is the better one: the file of a metric says so in `LESS_IS_BETTER`."""
    found = [find.find("metrics", name) for name in find.names("metrics")]
    return metric.endswith("loss") or any(metric in getattr(module, "LESS_IS_BETTER", ()) for module in found)


def differences(rows: Sequence[Row]) -> list[str]:
    """What the rows were measured on and with, where that is not the same for all: then numbers do not compare."""
    seen = list(dict.fromkeys(part for row in rows if row.seen for part in row.seen.split("; ")))
    return seen if len(seen) > 1 else []


def cells(row: Row) -> Cells:
    """A row for a table: every cost and every metric by name, with its deviation `_std` and the best as `best_`."""
    made: Cells = {"recipe": row.name, "data": row.data, "runs": row.runs, **row.cost}
    for prefix, metrics in (("", row.last), ("best_", row.best)):
        for name, (mean, deviation) in metrics.items():
            made[prefix + name] = mean
            if deviation is not None:
                made[f"{prefix}{name}_std_of_runs"] = deviation
    return made | {"measured_on": row.seen}


def as_csv(rows: Sequence[Row]) -> bytes:
    """The table with all that is known, a column a name."""
    table = [cells(row) for row in rows]
    file = io.StringIO(newline="")
    writer = csv.DictWriter(file, list(dict.fromkeys(name for line in table for name in line)))
    writer.writeheader()
    writer.writerows(table)
    return file.getvalue().encode()


def draw(rows: Sequence[Row], metric: str) -> bytes:
    """The PNG: a line for each row with its last value, its deviation and its best; below, the metric over training."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter

    measured = [row for row in rows if metric in row.last]
    if not measured:
        raise RequestError("none of these runs was measured: `elegans evaluate RUN` does")
    followed = [row for row in measured if any(metric in record for curve in row.curves for record in curve)]
    heights = [0.32 * len(measured) + 0.7] + [3.0] * bool(followed)
    figure = Figure(figsize=(7, sum(heights)), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    colours = {row.name: f"C{i % 10}" for i, row in enumerate(measured)}
    for at, row in enumerate(measured):
        mean, deviation = row.last[metric]
        panels[0].errorbar(mean, at, xerr=deviation, fmt="o", color=colours[row.name], capsize=3)
        panels[0].annotate(f"{mean:.3g}", (mean, at), (0, 6), textcoords="offset points", ha="center", fontsize=7)
        if metric in row.best:
            panels[0].plot(row.best[metric][0], at, "o", mfc="none", color=colours[row.name])
    names = [row.name + f" ({row.runs} seeds)" * (row.runs > 1) for row in measured]
    panels[0].set_yticks(range(len(measured)), names)
    panels[0].set_ylim(len(measured) - 0.4, -0.8)
    panels[0].set_title(f"{metric.replace('_', ' ')}: last ●, best in training ○", fontsize="medium", loc="left")
    for row in followed:
        for i, curve in enumerate(row.curves):
            there = [record for record in curve if metric in record]
            seen, values = [record["images"] for record in there], [record[metric] for record in there]
            label = row.name if not i else None
            panels[1].plot(seen, values, color=colours[row.name], label=label, linewidth=1.2)
    if followed:
        panels[1].set_xlabel("images seen")
        panels[1].set_ylabel(f"{metric.replace('_', ' ')}, in training")
        panels[1].xaxis.set_major_formatter(EngFormatter(sep=""))
        panels[1].legend(frameon=False, fontsize="small", ncols=3)
    values = [row.last[metric][0] for row in measured]
    if min(values) > 0 and max(values) > 20 * min(values):
        panels[0].set_xscale("log")
    for axes in panels:
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _alike(run: Run) -> tuple[object, ...]:
    values = flatten(run.config).items()
    return tuple((n, repr(v)) for n, v in values if n not in SEED_ALONE and not n.startswith("every."))


def _row(runs: Sequence[Run], ambiguous: bool) -> Row:
    config, scores = runs[0].config, [_scores(run) for run in runs]
    costs = [_cost(run) for run in runs]
    known = dict.fromkeys(name for cost in costs for name in cost)
    return Row(
        name=f"{config.recipe} ({runs[0].path.name})" if ambiguous else config.recipe,
        data=config.data.name,
        runs=len(runs),
        last=_spread([score.last for score in scores]),
        best=_spread([score.best for score in scores]),
        cost={name: fmean(cost[name] for cost in costs if name in cost) for name in known},
        seen="; ".join(dict.fromkeys(score.seen for score in scores if score.seen)),
        curves=[score.curve for score in scores],
    )


def _spread(found: Sequence[dict[str, float]]) -> dict[str, tuple[float, float | None]]:
    """Mean and standard deviation of what all of them have; of one there is no deviation."""
    common = [name for name in found[0] if all(name in one for one in found)]
    columns = {name: [one[name] for one in found] for name in common}
    return {n: (fmean(values), stdev(values) if len(values) > 1 else None) for n, values in columns.items()}


def _scores(run: Run) -> Scores:
    curve = [record for record in run.records() if "fid" in record]
    path = run.path / "card.json"
    if path.exists():
        try:
            card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            sees, data = card["extractor"], card["data"]
            seen = f"{card['generated']:,} against {data['real']:,} of {data['name']} ({data['split']}), "
            last = card["metrics"] | card.get("reconstruction", {})
            was_best = card["best"]["metrics"] if "best" in card else last if run.best() == card["step"] else {}
            old = "" if card["step"] in run.steps()[-1:] else f", at step {card['step']}, which is not the newest"
            return Scores(last, was_best, f"{seen}{sees['name']} {sees['sha256'][:12]}{old}", curve)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Failure(f"{path} is no card ({error}): `elegans evaluate {run.path}` makes it again") from None
    if not curve:
        return Scores({}, {}, "", curve)
    best = min(curve, key=lambda record: record["fid"])
    last, was_best = ({n: v for n, v in one.items() if n not in PLACE} for one in (curve[-1], best))
    return Scores(last, was_best, "as measured while it trained", curve)


def _cost(run: Run) -> dict[str, float]:
    from elegans.networks import networks

    cost, records = {}, run.records()
    if records and records[-1]["seconds"] > 0:
        images, seconds = records[-1]["images"], records[-1]["seconds"]
        cost = {"minutes": seconds / 60, "images": images, "images_per_second": images / seconds}
    if run.config.model.name == "recipe":  # in a file of one's own, which is not known here
        return cost
    try:
        made = networks(run.config, find.Recipe(run.config.recipe, run.config))
    except RequestError as error:
        raise RequestError(f"{run.path}: {error}") from None
    return cost | {"parameters": float(sum(p.numel() for net in made.values() for p in net.parameters()))}
