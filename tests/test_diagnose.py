"""Each trouble is provoked by a training that really fails so, and is named; healthy trainings are left alone."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import elegans
from elegans import Config, Failure, Run
from elegans.cli import main
from elegans.config import Data, Ema, Every, Gan, Latent, Model, Optimiser
from elegans.diagnose import CLASS, COLLAPSE, DEAD, diagnose, history
from elegans.find import Recipe
from elegans.models import mlp
from elegans.models._blocks import Verdict
from elegans.run import Record

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def recipe(**gan: Any) -> Recipe:
    """A small pair of perceptrons on drawn rings of 16 pixels that is healthy without `gan`."""
    return Recipe(
        "small",
        Config(
            batch=16,
            data=Data(name="rings", n=500, size=16),  # type: ignore[call-arg]
            model=Model(  # type: ignore[call-arg]
                name="mlp", classes=0, generator=[64], discriminator=[64], batch_norm=True, dropout=0.3
            ),
            latent=Latent(size=16),
            gan=Gan(update="one-pass", generator=Optimiser(lr=1e-3), discriminator=Optimiser(lr=4e-4)),
            ema=Ema(half_life=500),
            every=Every(log=50, sample=100, save=10_000),
        ).override({f"gan.{name}": value for name, value in gan.items()}),
    )


def train(folder: Path, chosen: Recipe, steps: int, **fields: Any) -> Run:
    dotted = {name.replace("__", "."): value for name, value in fields.items()}
    return elegans.train(chosen, run=folder, steps=steps, quiet=True, fields=dotted)


def troubles(run: Run) -> dict[str, str]:
    """Those of the whole run, by name, with evidence and remedy."""
    return {trouble.name: f"{trouble.evidence}. {trouble.remedy}" for _, trouble in history(run.records(), run.config)}


def rates(generator: float, discriminator: float) -> dict[str, Any]:
    return {"generator.lr": generator, "discriminator.lr": discriminator}


# --- trainings that fail ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["non_saturating", "minimax", "hinge"])
def test_a_discriminator_that_wins(loss: str, tmp_path: Path) -> None:
    run = train(tmp_path / "run", recipe(**rates(1e-5, 1e-2), loss=loss), 600)
    assert troubles(run).keys() == {"the discriminator wins"}
    said = troubles(run)["the discriminator wins"]
    assert "to 100.0% of the images rightly in the last 10 records, up to step" in said
    assert "--gan.discriminator.lr 0.0025, or --gan.balance 1" in said
    steepness = [record["fake_gradient"] for record in run.records() if "fake_gradient" in record]
    vanished = steepness[-1] < 0.02 * steepness[0]
    assert vanished == (loss == "minimax") == ("--gan.loss non_saturating" in said)


def test_a_discriminator_that_is_too_weak(tmp_path: Path) -> None:
    run = train(tmp_path / "run", recipe(**rates(1e-3, 1e-7)), 600)
    assert troubles(run).keys() == {"the discriminator is too weak"}
    (said,) = troubles(run).values()
    assert "--gan.discriminator.lr 4e-07, or --gan.discriminator_steps 2" in said


class One(nn.Module):
    """One image whatever the latent."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.image = nn.Parameter(torch.zeros(shape))

    def forward(self, z: torch.Tensor, y: torch.Tensor | None = None) -> torch.Tensor:
        return torch.tanh(self.image).expand(len(z), *self.image.shape)


class Linear(nn.Module):
    """A score that is linear in the pixels."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))

    def forward(self, x: torch.Tensor, y: torch.Tensor | None = None) -> Verdict:
        return Verdict((x * self.weight).sum((1, 2, 3)))


def test_players_that_run_after_each_other(tmp_path: Path) -> None:
    """The Dirac-GAN (Mescheder et al. 2018, arXiv:1801.04406, section 2), whose players turn about the equilibrium."""

    def build(shape: tuple[int, int, int], classes: int, latent: int) -> dict[str, nn.Module]:
        return {"generator": One(shape), "discriminator": Linear(shape)}

    sgd = {"kind": "sgd", "lr": 1.0, "clip": 1.0}
    config = recipe(generator=sgd, discriminator=sgd).config
    chosen = Recipe("dirac", config.override({"model.name": "recipe", "model.classes": 0}), build=build)
    found = troubles(train(tmp_path / "run", chosen, 600))
    assert "the players run after each other" in found
    assert "the discriminator is too weak" not in found  # which is a part of it
    assert "--gan.generator.lr 0.25 --gan.discriminator.lr 0.25" in found["the players run after each other"]


def test_samples_that_collapse(tmp_path: Path) -> None:
    """A generator that makes five steps while the discriminator makes one."""
    run = train(tmp_path / "run", recipe(**rates(3e-3, 1e-3), generator_steps=5), 800)
    said = troubles(run)[COLLAPSE]
    assert said.startswith("samples differ 0.")
    assert "--gan.spread 0.1, or smaller learning rates, --gan.generator.lr 0.0015" in said


def test_a_dead_generator(tmp_path: Path) -> None:
    """Rates so high that the outputs saturate: no gradient comes through any more."""
    momentum = {"generator.beta1": 0.95, "discriminator.beta1": 0.95, "update": "one-pass"}
    run = train(tmp_path / "run", recipe(**rates(2e-2, 2e-2), **momentum), 1200)
    assert DEAD in troubles(run)
    assert COLLAPSE not in {trouble.name for trouble in diagnose(run.records(), run.config)}


@pytest.mark.parametrize("reads", [False, True])
def test_labels_that_are_ignored(reads: bool, tmp_path: Path) -> None:
    def build(shape: tuple[int, int, int], classes: int, latent: int) -> dict[str, nn.Module]:
        return mlp.build(shape, classes if reads else 0, latent, generator=[64], discriminator=[64], batch_norm=True)

    fields = {"model.name": "recipe", "data.classes": 4, "model.classes": None}
    chosen = Recipe("labels", recipe().config.override(fields), build=build)
    run = train(tmp_path / "run", chosen, 1100)
    assert ("the labels are ignored" in troubles(run)) != reads
    if not reads:
        assert "the classes explain 0.0" in troubles(run)["the labels are ignored"]


@pytest.mark.parametrize("loud", [False, True])
def test_one_class_that_collapses(loud: bool, tmp_path: Path) -> None:
    """Its vector is so loud in the generator that the latent beside it is not heard; the others hear it."""

    def build(shape: tuple[int, int, int], classes: int, latent: int) -> dict[str, nn.Module]:
        networks = mlp.build(shape, classes, latent, [64], [64], dropout=0.3)
        with torch.no_grad():
            vectors = networks["generator"].given.label.weight.mul_(0.1)
            vectors[2] *= 300 if loud else 1
        return networks

    chosen = Recipe("loud", recipe().config.override({"model.name": "recipe", "model.classes": None}), build=build)
    found = troubles(train(tmp_path / "run", chosen, 1100, data__classes=4))
    assert found.keys() == ({CLASS} if loud else set())
    if loud:
        assert found[CLASS].startswith("samples of class 2 differ 0.")
        assert "--gan.spread 0.1, or smaller learning rates" in found[CLASS]


def test_samples_that_are_copies(tmp_path: Path) -> None:
    """Ten images for a generator that can hold them."""
    chosen = recipe(**rates(1e-3, 1e-3))
    run = train(tmp_path / "run", chosen, 3000, data__n=10, batch=10, model__generator=[128, 128], every__sample=200)
    assert "samples are copies" in troubles(run)  # and they are fewer than ten, which is a collapse, too


@pytest.mark.parametrize("update", ["alternating", "one-pass"])
def test_numbers_that_are_none(update: str, tmp_path: Path) -> None:
    """The layer is named where it happened; the message says what to do; the checkpoint before is whole."""
    kinds = {"generator.kind": "sgd", "discriminator.kind": "sgd"}
    with pytest.raises(Failure) as caught:
        train(tmp_path / "run", recipe(**kinds, **rates(300.0, 300.0), update=update), 600, every__save=1)
    assert "the output of discriminator.layers." in str(caught.value)
    assert "is not finite at step" in str(caught.value)
    assert "--gan.generator.lr 75 --gan.discriminator.lr 75" in str(caught.value)
    saved = Run(tmp_path / "run").restore()
    assert saved is not None
    assert all(tensor.isfinite().all() for tensor in saved[0]["discriminator"].values())


# --- trainings that do not --------------------------------------------------------------------------------------------


def test_a_healthy_training_is_left_alone(tmp_path: Path) -> None:
    run = train(tmp_path / "run", recipe(), 1200)
    assert troubles(run) == {}
    assert {"variety", "off", "change", "copied"} < {name for record in run.records() for name in record}


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: path.stem)
def test_the_trainings_of_the_gallery(path: Path) -> None:
    """Records of whole trainings, as scripts/make_histories.py took them: healthy ones, and some that went wrong."""
    found = json.loads(path.read_text())
    config = Config.read(json.dumps(found["config"]), path.name)
    records: list[Record] = [dict(zip(found["names"], row, strict=True)) for row in found["rows"]]
    records = [{name: value for name, value in record.items() if value is not None} for record in records]
    assert [[step, trouble.name] for step, trouble in history(records, config)] == found["troubles"]


def test_there_are_histories() -> None:
    assert len(HISTORIES) > 15


# --- metrics ----------------------------------------------------------------------------------------------------------


def measured(**columns: list[float]) -> list[Record]:
    rows = zip(*columns.values(), strict=True)
    return [{"step": 500.0 * (i + 1), **dict(zip(columns, row, strict=True))} for i, row in enumerate(rows)]


def test_metrics_that_fall() -> None:
    config = recipe().config.override({"model.classes": 10})
    for name in ("recall", "coverage", "distinct"):
        assert diagnose(measured(**{name: [0.3, 0.6, 0.5, 0.4, 0.31]}), config) == []
        assert diagnose(measured(**{name: [0.3, 0.6, 0.1, 0.4]}), config) == []
        (trouble,) = diagnose(measured(**{name: [0.3, 0.6, 0.25, 0.2]}), config)
        assert (trouble.name, trouble.evidence) == (COLLAPSE, f"{name} fell from 0.60 to 0.20")
    (gone,) = diagnose(measured(agreement=[0.8, 0.9], agreement_worst=[0.05, 0.0]), config)
    assert (gone.name, gone.evidence) == (CLASS, "0% of the samples of one are recognised as it")
    assert diagnose(measured(agreement=[0.8, 0.9], agreement_worst=[0.05, 0.11]), config) == []
    assert diagnose(measured(agreement=[0.4, 0.9], agreement_worst=[0.05, 0.0]), config) == []  # the others fail, too
    (alike,) = diagnose(measured(distinct=[0.9, 0.91], distinct_worst=[0.2, 0.1]), config)
    assert (alike.name, alike.evidence) == (CLASS, "10% of the samples of one are no repetition")
    assert diagnose(measured(distinct=[0.9, 0.91], distinct_worst=[0.3, 0.1]), config) == []
    assert diagnose(measured(distinct=[0.91], distinct_worst=[0.1]), config) == []  # one is not yet a trend
    (ignored,) = diagnose(measured(agreement=[0.12, 0.1, 0.11]), config)
    assert (ignored.name, ignored.evidence[:3]) == ("the labels are ignored", "11%")
    assert diagnose(measured(agreement=[0.12, 0.1, 0.4]), config) == []


def names(records: list[Record], **gan: Any) -> list[str]:
    return [trouble.name for trouble in diagnose(records, recipe(**gan).config)]


def test_where_a_trouble_begins() -> None:
    """Each rule at both sides of its thresholds, on records of 100 steps each."""

    def both(right: float, critic: float, player: float, n: int = 6, every: int = 100) -> list[Record]:
        told = {"accuracy": right, "discriminator_loss": critic, "generator_loss": player}
        return [{"step": every * (i + 1), **told} for i in range(n)]

    def sheets(**columns: list[float]) -> list[Record]:
        rows = zip(*columns.values(), strict=True)
        return [{"step": 200 * (i + 1), **dict(zip(columns, row, strict=True))} for i, row in enumerate(rows)]

    wins, weak, circles = "the discriminator wins", "the discriminator is too weak", "the players run after each other"
    assert names(both(0.99, 0.1, 5)) == [wins]
    assert names(both(0.98, 0.1, 5)) == []
    assert names(both(0.99, 0.1, 5, n=4)) == []  # not 500 steps yet
    assert names(both(0.99, 0.1, 5, n=4, every=200)) == []  # not five records yet
    assert (
        names([*both(0.9, 0.1, 5), {"step": 700, "accuracy": 1.0, "discriminator_loss": 0, "generator_loss": 9}]) == []
    )
    assert names(both(0.99, 0.1, 5), loss="wasserstein") == []  # 0 is nothing special there

    far, near = ({"variety": [0.9] * 5, "off": [off] * 5, "change": [0.5] * 5} for off in (25.0, 15.0))
    assert names(both(0.53, 1.38, 0.7) + sheets(**far)) == [weak]
    assert names(both(0.54, 1.38, 0.7) + sheets(**far)) == []
    assert names(both(0.53, 1.38, 0.7) + sheets(**near)) == []  # it may well be near the equilibrium
    assert names(both(0.5, 1.6, 0.7) + sheets(**far)) == [circles]  # of which being weak is a part
    assert names(both(0.5, 1.6, 0.6) + sheets(**far)) == [weak]  # the generator only wins
    assert names(both(0.6, 1.58, 3)) == []

    def looks(variety: list[float], off: float = 3.0, change: float = 0.5) -> list[str]:
        n = len(variety)
        return names(sheets(variety=variety, off=[off] * n, change=[change] * n))

    assert looks([0.8, 0.8, 0.47, 0.47]) == [COLLAPSE]
    assert looks([0.8, 0.8, 0.8, 0.47]) == []  # one sheet is not yet a trend
    assert looks([0.8, 0.8, 0.49, 0.47]) == []
    assert looks([2.0, 2.0, 0.61, 0.61]) == []  # no more than real images is expected
    assert looks([0.8, 0.8, 0.47, 0.47], off=50) == []  # noise varies, too
    assert looks([0.29, 0.29, 0.17, 0.17]) == []  # it was never varied
    assert looks([0.19, 0.15, 0.15, 0.15]) == [COLLAPSE]
    assert looks([0.1, 0.1, 0.13, 0.15]) == []  # it grows
    assert looks([0.009] * 4, change=0.009) == [DEAD]
    assert looks([0.009] * 4, change=0.02) == [COLLAPSE]
    assert looks([0.1] * 3) == []  # not four sheets yet
    early = sheets(variety=[0.1] * 4, off=[3.0] * 4, change=[0.5] * 4)
    assert names([record | {"step": record["step"] / 2} for record in early]) == []  # not 500 steps yet

    def alike(worst: list[float], variety: float = 0.8) -> list[str]:
        n = len(worst)
        columns = {"variety": [variety] * n, "off": [3.0] * n, "change": [0.5] * n, "class_worst": [5.0] * n}
        return names(sheets(variety_worst=worst, **columns))

    assert alike([0.5, 0.19, 0.19, 0.19]) == [CLASS]
    assert alike([0.19, 0.19, 0.19, 0.2]) == []
    assert alike([0.5, 0.5, 0.19, 0.19]) == []  # two sheets are not yet a trend
    assert alike([0.5, 0.15, 0.16, 0.169]) == [CLASS]
    assert alike([0.5, 0.15, 0.16, 0.171]) == []  # it grows
    assert alike([0.5, 0.19, 0.19, 0.19], variety=0.47) == []  # the others have little, too
    assert alike([0.01] * 4, variety=0.15) == [COLLAPSE]  # of which it is a part

    def told(values: list[float]) -> list[str]:
        return names(sheets(told=values))

    assert told([0.9, 0.5, 0.2, 0.2, 0.2]) == ["the labels are ignored"]
    assert told([0.2] * 4) == []  # not 1,000 steps yet
    assert told([0.9, 0.5, 0.26, 0.2, 0.2]) == []
    assert told([0.9, 0.5, 0.1, 0.1, 0.2]) == []  # it grows
    assert names(sheets(copied=[0, 0, 0.3, 0.3])) == ["samples are copies"]
    assert names(sheets(copied=[0, 0.3, 0.2, 0.3])) == []
    assert names(measured(recall=[0.6, 0.5, 0.4, 0.2])) == []  # one measurement is not yet a trend


def test_an_autoencoder_has_no_players() -> None:
    assert diagnose(measured(accuracy=[1.0] * 20), Config(method="autoencoder")) == []
    assert diagnose(measured(accuracy=[1.0] * 20, discriminator_loss=[0.0] * 20, generator_loss=[9.0] * 20), Config())


# --- what is done about it --------------------------------------------------------------------------------------------


def test_it_is_said_once_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elegans.train(recipe(**rates(1e-5, 1e-2)), run=tmp_path / "run", steps=700)
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("the discriminator wins") == 1
    assert "step 500: the discriminator wins: it named" in said or "step 550: the discriminator wins: it named" in said
    with pytest.raises(SystemExit, match="0"):
        main(["diagnose", str(tmp_path / "run")])
    assert capsys.readouterr().out.count("the discriminator wins") == 1


def test_stop(tmp_path: Path) -> None:
    """Everything is saved; the same command goes on."""
    chosen = recipe(**rates(1e-5, 1e-2))
    with pytest.raises(Failure, match=r"stopped at step \d+.*the discriminator wins.*The same command goes on"):
        train(tmp_path / "run", chosen, 700, on_trouble="stop")
    run = Run(tmp_path / "run")
    assert run.steps()[-1] == run.records()[-1]["step"] < 700
    assert train(tmp_path / "run", chosen, 700, on_trouble="stop").steps()[-1] == 700


def test_balance(tmp_path: Path) -> None:
    """From then on the winner learns more slowly; an interrupted run does the same as one that was not."""
    chosen = recipe(**rates(1e-5, 1e-2))
    warned, at_once = train(tmp_path / "a", chosen, 800), train(tmp_path / "b", chosen, 800, on_trouble="balance")
    train(tmp_path / "c", chosen, 650, on_trouble="balance")
    resumed = train(tmp_path / "c", chosen, 800, on_trouble="balance")
    hashes = []
    for run in (warned, at_once, resumed):
        saved = run.restore()
        assert saved is not None
        assert ("balance" in saved[0]) == (run is not warned)
        hashes.append([saved[0]["generator"][name].sum().item() for name in sorted(saved[0]["generator"])])
    assert hashes[0] != hashes[1] == hashes[2]


def test_the_command_says_what_passed_and_that_nothing_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run.create(tmp_path / "run", recipe().config.override({"steps": 1}))
    for i in range(30):
        right = 1.0 if i < 15 else 0.8
        run.log({"step": 50 * i, "accuracy": right, "discriminator_loss": 0.5, "generator_loss": 0.7})
    with pytest.raises(SystemExit, match="0"):
        main(["diagnose", str(run.path)])
    assert capsys.readouterr().out.rstrip().endswith(". It passed")
    run.rewind(100)
    with pytest.raises(SystemExit, match="0"):
        main(["diagnose", str(run.path)])
    assert "too short to judge: 100 steps, of which at least 500" in capsys.readouterr().out
    for i in range(3, 30):
        run.log({"step": 50 * i, "accuracy": 0.8, "discriminator_loss": 0.5, "generator_loss": 0.7})
    with pytest.raises(SystemExit, match="0"):
        main(["diagnose", str(run.path)])
    assert "nothing wrong is known" in capsys.readouterr().out
