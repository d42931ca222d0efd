"""Measured while it trains: at which steps, what is recorded, which checkpoint stays, and that it goes on the same."""

from pathlib import Path
from typing import Any

import pytest

import elegans
from elegans import Config, RequestError, Run, evaluate
from elegans.config import Every, Model

FIELDS: dict[str, Any] = {"model.width": 4, "model.discriminator_width": 4, "schedule": "constant"}
FIELDS |= {"every.measure": 3, "every.save": 4, "every.log": 4, "every.keep": 1, "every.sample": 100}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate, "QUICK", 100)


def train(folder: Path, steps: int, **fields: object) -> Run:
    return elegans.train("demo", run=folder, steps=steps, batch=8, quiet=True, fields=FIELDS | fields)


def measured(run: Run) -> dict[int, float]:
    return {int(record["step"]): record["fid"] for record in run.records() if "fid" in record}


def test_metrics_are_recorded_when_they_are_due_and_at_the_end(tmp_path: Path) -> None:
    run = train(tmp_path / "a", 7)
    assert list(measured(run)) == [3, 6, 7]
    records = {int(r["step"]): r for r in run.records() if "fid" in r}
    assert {"fid", "kid", "agreement", "recall", "coverage", "distinct", "images", "seconds"} < records[3].keys()
    assert "copies" not in records[3]  # what is compared with all of the training takes long
    assert records[6]["images"] == 48
    assert all(value == value for record in records.values() for value in record.values())


def test_measuring_changes_nothing_else_and_is_the_same_after_an_interruption(tmp_path: Path) -> None:
    at_once, unmeasured = train(tmp_path / "a", 7), train(tmp_path / "b", 7, **{"every.measure": 0})
    train(tmp_path / "c", 5)
    resumed = train(tmp_path / "c", 7)
    hashes = [(run.path / "step-00000007" / "ema.safetensors").read_bytes() for run in (at_once, unmeasured, resumed)]
    assert hashes[0] == hashes[1] == hashes[2]
    assert measured(unmeasured) == {}
    assert {step: value for step, value in measured(resumed).items() if step != 5} == measured(at_once)


def test_the_checkpoint_of_the_best_step_stays_and_can_be_loaded(tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", Config(recipe="x", model=Model(name="mlp"), every=Every(keep=1)))
    for step, fid in ((1, 30.0), (2, 10.0), (3, 20.0), (4, None), (5, 15.0)):
        if fid is not None:
            run.log({"step": step, "fid": fid})
        run.save(step, {"ema": {}}, {})
    assert run.best() == 2
    assert run.steps() == [2, 5]
    run.log({"step": 6, "fid": 5.0})
    run.save(6, {"ema": {}}, {})
    assert run.steps() == [6]


def test_best_is_a_step_that_can_be_asked_for(tmp_path: Path) -> None:
    run = train(tmp_path / "a", 6)
    best = run.best()
    assert best == min(measured(run), key=lambda step: measured(run)[step])
    assert elegans.load(run, step="best").step == best
    unmeasured = train(tmp_path / "b", 2, **{"every.measure": 0})
    with pytest.raises(RequestError, match=r"was not measured while it trained: train with --every\.measure"):
        elegans.load(unmeasured, step="best")


def test_the_first_number_is_that_of_the_averaged_generator(tmp_path: Path) -> None:
    """The same images, judged again from the checkpoint."""
    run = train(tmp_path / "a", 3)
    model = elegans.load(run, step=3)
    images, labels = model.sample(100, labels="balanced"), model.labels(100, "balanced")
    record = next(r for r in run.records() if "fid" in r)
    card = evaluate.card(images, labels, run.config.data)
    assert record["agreement"] == card["metrics"]["agreement"]
    assert record["distinct"] == card["metrics"]["distinct"]
    assert record["fid"] != card["metrics"]["fid"]  # against fewer real images


def test_a_card_has_the_best_step_beside_the_last(tmp_path: Path) -> None:
    run = train(tmp_path / "a", 6, **{"every.keep": 9})
    run.log({"step": 3, "fid": 0.0, "images": 24, "seconds": 1.0})
    card = evaluate.evaluate(run, n=100)
    assert (card["step"], card["best"]["step"]) == (6, 3)
    assert card["best"]["metrics"] == evaluate.evaluate(run, n=100, step="best")["metrics"] != card["metrics"]
