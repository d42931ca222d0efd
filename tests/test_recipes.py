"""Every recipe: it says what it is, its command is a command, it trains, it resumes bit for bit, it can be sampled."""

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import elegans
from elegans import Run, find
from elegans.cli import app
from elegans.cli._flags import parse

RECIPES = find.names("recipes")
SIZES = {"cifar10": 32}  # of pictures that have one size only; else a setting of the data set says it, or it is 28


@pytest.mark.parametrize("name", RECIPES)
def test_its_docstring_says_what_it_is(name: str) -> None:
    about = find.recipe(name).about
    facts = find.facts(about)
    assert 20 < len(find.first_line(about)) <= 120
    assert about.splitlines()[0].endswith(".")
    assert {"source", "command", "minutes", "result"} <= facts.keys()
    assert all(facts.values())
    assert float(facts["minutes"]) > 0


@pytest.mark.parametrize("name", RECIPES)
def test_its_command_trains_it_for_the_minutes_it_says(name: str) -> None:
    facts, config = find.facts(find.recipe(name).about), find.recipe(name).config
    words = shlex.split(facts["command"])
    assert words[:3] == ["elegans", "train", name]
    command, bound, _ = app().parse_args(words[1:], exit_on_error=False, print_error=False)
    assert command.__name__ == "train"
    config.override(parse(bound.args[1:]))  # whatever fields it sets are fields
    minutes = bound.arguments.get("minutes") or config.minutes
    assert minutes is None or minutes == float(facts["minutes"])
    assert bound.arguments["run"] == Path("runs", name)


@pytest.mark.parametrize("name", RECIPES)
def test_its_name_and_values_are_plain(name: str) -> None:
    config = find.recipe(name).config
    assert config.recipe == name
    assert elegans.Config.read(config.model_dump_json(), name) == config


@pytest.mark.parametrize("name", RECIPES)
def test_it_trains_and_resumes_bit_for_bit_and_can_be_sampled(name: str, tmp_path: Path) -> None:
    config = find.recipe(name).config
    fields: dict[str, Any] = {"every.log": 1, "every.sample": 2, "every.save": 2}
    fields |= {"horizon": 1000}  # a schedule is laid out once, for whatever length is asked for first
    shape, drawn = (1, 1, 2), "xor"  # what needs no files
    if config.data.name != "xor":
        size = SIZES.get(config.data.name, config.data.settings.get("size", 28))
        shape, drawn = (1, size, size), "rings"
        fields |= {"data.name": "rings", "data.size": size}
    fields |= {"data.n": 64}

    def train(folder: str, steps: int) -> Run:
        batch = min(config.batch, 4)
        return elegans.train(name, run=tmp_path / folder, steps=steps, batch=batch, quiet=True, fields=fields)

    train("a", 2)
    resumed, at_once = train("a", 4), train("b", 4)
    assert resumed.steps() == at_once.steps() == [2, 4]
    assert written(resumed) == written(at_once)
    assert measured(resumed) == measured(at_once)
    assert [record["step"] for record in resumed.records() if "variety" not in record] == [1, 2, 3, 4]
    assert (resumed.config.data.name, resumed.config.data.order) == (drawn, config.data.order)

    model = elegans.load(resumed)
    wanted = (2 if drawn == "xor" else 10) if config.model.classes is None else config.model.classes
    assert model.classes == wanted
    assert model.labels(6).tolist() == [-1] * 6 if not wanted else set(model.labels(200)) == set(range(wanted))
    for images, n in ((model.sample(6), 6), (model.interpolate(5), 5)):
        assert images.shape == (n, *shape[1:], 1)
        assert images.dtype == np.uint8
        assert images.std() > 0


def written(run: Run) -> dict[str, str]:
    """The hash of every file of the newest checkpoint."""
    manifest = json.loads((run.path / f"step-{run.steps()[-1]:08d}" / "manifest.json").read_text())
    hashes: dict[str, str] = manifest["sha256"]
    networks = ("encoder", "decoder", "codes") if run.config.method == "autoencoder" else ("generator", "ema")
    assert {f"{name}.safetensors" for name in (*networks, "optimisers")} <= hashes.keys()
    return hashes


def measured(run: Run) -> list[dict[str, float]]:
    return [{name: value for name, value in record.items() if name != "seconds"} for record in run.records()]
