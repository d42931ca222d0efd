"""Losses and scores of a run over images seen, as a picture."""

import io
from collections.abc import Sequence

from elegans.run import PLACE, Record


def draw(records: Sequence[Record], title: str) -> bytes:
    """The PNG of a run's records: losses above, scores and how often the discriminator is right below."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter

    steps = [record["step"] for record in records[-3:]]
    if len(steps) == 3 and 2 * (steps[2] - steps[1]) < steps[1] - steps[0]:
        records = records[:-1]  # what was left at the end, too few steps for means like the others
    names = list(dict.fromkeys(name for record in records for name in record if name not in PLACE))
    panels = [
        ("loss", [n for n in names if n.endswith("loss") or n == "penalty"]),
        ("score (logit)", [n for n in names if n.endswith("score")]),
        ("real or fake, share right", [n for n in names if n == "accuracy"]),
        ("Fréchet distance", [n for n in names if n == "fid"]),
        ("share", [n for n in names if n in ("agreement", "precision", "recall", "coverage", "distinct")]),
    ]
    panels = [(label, group) for label, group in panels if group]
    figure = Figure(figsize=(7, 2.6 * max(len(panels), 1)), layout="constrained", dpi=110)
    FigureCanvasAgg(figure)
    for at, (label, group) in enumerate(panels, 1):
        axes = figure.add_subplot(len(panels), 1, at)
        for name in group:
            there = [r for r in records if name in r]
            seen, values = [r["images"] for r in there], [r[name] for r in there]
            alone = "o" if len(there) == 1 else None  # a line of one point is not to be seen
            axes.plot(seen, values, label=name.replace("_", " "), linewidth=1.2, marker=alone)
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.legend(frameon=False, fontsize="small", ncols=3)
        axes.spines[["top", "right"]].set_visible(False)
        if at == 1:
            axes.set_title(title, fontsize="medium", loc="left")
        if at == len(panels):
            axes.set_xlabel("images seen")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
