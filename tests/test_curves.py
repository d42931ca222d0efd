"""curves.png: losses above, scores below, over images seen."""

import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from elegans import curves
from elegans.run import Record

RECORDS: list[Record] = [
    {
        "step": step,
        "images": 64 * step,
        "seconds": step / 10,
        "discriminator_loss": 1.4 - 0.1 * step,
        "generator_loss": 0.7 + 0.1 * step,
        "real_score": 0.5 * step,
        "fake_score": -0.5 * step,
        "one_pass": 1.0,
    }
    for step in range(1, 9)
]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn."""
    drawn: list[Figure] = []
    savefig = Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (drawn.append(self), savefig(self, *a, **k)))
    return drawn


def colourful(png: bytes) -> NDArray[np.bool_]:
    """Where the picture has colour: curves and their keys, neither axes nor text."""
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    return picture.max(2) - picture.min(2) > 80


def test_losses_above_and_scores_below(figures: list[Figure]) -> None:
    """Each curve has its name and exactly the values of the records."""
    png = curves.draw(RECORDS, "vanilla")
    losses, scores = figures[0].axes
    assert losses.get_title("left") == "vanilla"
    assert (losses.get_ylabel(), scores.get_ylabel()) == ("loss", "score (logit)")
    assert scores.get_xlabel() == "images seen"
    found = {line.get_label(): line.get_xydata() for axes in (losses, scores) for line in axes.get_lines()}
    names = ["discriminator_loss", "generator_loss", "real_score", "fake_score"]
    assert list(found) == [name.replace("_", " ") for name in names]
    for name in names:
        expected = [(record["images"], record[name]) for record in RECORDS]
        np.testing.assert_allclose(np.asarray(found[name.replace("_", " ")]), expected)
    half = colourful(png).shape[0] // 2
    assert colourful(png)[:half].sum() > 200
    assert colourful(png)[half:].sum() > 200


def test_a_value_that_begins_later(figures: list[Figure]) -> None:
    """A name that only some records have is drawn where it is."""
    curves.draw([*RECORDS, {"step": 9, "images": 999, "seconds": 1.0, "penalty": 0.3}], "x")
    losses = figures[0].axes[0]
    (penalty,) = [line for line in losses.get_lines() if line.get_label() == "penalty"]
    assert np.asarray(penalty.get_xydata()).tolist() == [[999, 0.3]]


def test_what_was_left_at_the_end_is_not_drawn(figures: list[Figure]) -> None:
    """The last record is the mean of whatever steps remained; a few of them would be a jump."""
    for step, last in ((100, 30), (100, 70)):
        records: list[Record] = [{"step": s, "images": s, "seconds": 1.0, "a_loss": 1.0} for s in (step, 2 * step)]
        curves.draw([*records, {"step": 2 * step + last, "images": 9.0, "seconds": 1.0, "a_loss": 5.0}], "x")
    few, most = (np.asarray(figure.axes[0].get_lines()[0].get_ydata()).tolist() for figure in figures)
    assert few == [1.0, 1.0]
    assert most == [1.0, 1.0, 5.0]


def test_only_losses_are_one_panel(figures: list[Figure]) -> None:
    png = curves.draw([{"step": s, "images": s, "seconds": s, "reconstruction_loss": 1 / s} for s in (1, 2, 3)], "ae")
    assert len(figures[0].axes) == 1
    assert figures[0].axes[0].get_xlabel() == "images seen"
    assert colourful(png).sum() > 200


@pytest.mark.parametrize("records", [RECORDS[:1], [{"step": 1, "images": 64, "seconds": 0.1}]])
def test_almost_nothing_is_a_picture_too(records: list[Record]) -> None:
    """One record, or one that says nothing."""
    assert Image.open(io.BytesIO(curves.draw(records, "x"))).width > 300
