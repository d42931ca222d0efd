"""Flags of the originals mean what docs/coming-from.md says."""

import re
from typing import Any

import pytest

import elegans
from elegans import RequestError
from elegans.cli._flags import parse, translate

NONE: dict[str, Any] = {"run": None, "steps": None, "epochs": None, "minutes": None, "seed": None, "batch": None}


def test_the_flags_of_the_vanilla_command_line() -> None:
    old = {"batch_size": "64", "outdir": "runs/x", "learning_rate": "1e-4", "beta_1": "0.6", "encoding_dims": "50"}
    fields, options = translate(old, NONE | {"epochs": 3}, "gan")
    assert fields == {
        "gan.generator.lr": "1e-4",
        "gan.discriminator.lr": "1e-4",
        "gan.generator.beta1": "0.6",
        "gan.discriminator.beta1": "0.6",
        "latent.size": "50",
    }
    assert options == NONE | {"batch": 64, "run": "runs/x", "epochs": 3}


def test_the_flags_of_gandlf() -> None:
    old = {"nb_epoch": "50", "nb_batch": "32", "nb_latent": "10", "lr": "2e-4", "beta": ".5", "save_path": "runs/y"}
    fields, options = translate(old, NONE, "gan")
    assert fields["latent.size"] == "10"
    assert fields["gan.generator.lr"] == fields["gan.discriminator.lr"] == "2e-4"
    assert options == NONE | {"epochs": 50, "batch": 32, "run": "runs/y"}


def test_other_fields_pass() -> None:
    assert translate({"gan.loss": "hinge"}, NONE, "gan") == ({"gan.loss": "hinge"}, NONE)


@pytest.mark.parametrize(
    ("fields", "options", "message"),
    [
        ({"outdir": "a"}, {"run": "b"}, "--outdir is --run here, and that is given too"),
        ({"lr": "1e-3", "gan.generator.lr": "1e-4"}, {}, "--lr is --gan.generator.lr here"),
        ({"nb_batch": "many"}, {}, "--nb_batch many: a number"),
    ],
)
def test_what_contradicts_itself_is_refused(fields: dict[str, Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        translate(fields, NONE | options, "gan")


def test_an_epoch_is_every_image_once(tmp_path: Any) -> None:
    rings = {"data.name": "rings", "data.n": 100}
    run = elegans.train("intro", run=tmp_path / "a", epochs=2, batch=16, quiet=True, fields=rings)
    assert run.config.steps == 13  # 200 images in batches of 16, the last one whole
    twice = rings | {"gan.discriminator_steps": 2}
    run = elegans.train("intro", run=tmp_path / "b", epochs=2, batch=16, quiet=True, fields=twice)
    assert run.config.steps == 7
    with pytest.raises(RequestError, match="--epochs 0: more than 0"):
        elegans.train("intro", run=tmp_path / "c", epochs=0, quiet=True, fields=rings)
    with pytest.raises(RequestError, match="--steps and --epochs are lengths of one training"):
        elegans.train("intro", run=tmp_path / "c", epochs=1, steps=3, quiet=True, fields=rings)


def test_of_an_autoencoder_they_mean_its_own() -> None:
    """`--beta` is the weight of its divergence, and a rate for players that it has not would change nothing."""
    fields, _ = translate({"lr": 0.01, "beta": 4, "beta_1": 0.8}, NONE, "autoencoder")
    assert fields == {"autoencoder.optimiser.lr": 0.01, "autoencoder.beta": 4, "autoencoder.optimiser.beta1": 0.8}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--lite"], "elegans train acgan-lite"),
        (["--unsupervised"], "elegans train acgan-unsupervised"),
        (["--latent_type", "uniform"], "--latent.distribution here"),
        (["--plot=6"], "elegans sample RUN"),
    ],
)
def test_what_is_something_else_here_is_said(flags: list[str], said: str) -> None:
    with pytest.raises(RequestError, match=re.escape(said)):
        parse(flags)
