"""The configuration: what is accepted, what is refused in one clear line, and that it survives being written."""

from pathlib import Path
from typing import Any

import pytest

from elegans import Config, RequestError, find
from elegans.cli._flags import parse
from elegans.config import FORMAT, describe, flatten, load_json


def test_values_survive_json() -> None:
    config = Config().override({"gan.loss": "hinge", "data.n": 7, "model.shape": [3, 8, 8], "minutes": 2.5})
    again = Config.read(config.model_dump_json(), "a text")
    assert again == config
    assert again.model.shape == (3, 8, 8)
    assert again.data.settings == {"n": 7}


def test_override_leaves_the_original_alone() -> None:
    config = Config()
    other = config.override({"gan.generator.lr": 1e-3, "seed": 4})
    assert (other.gan.generator.lr, other.seed) == (1e-3, 4)
    assert (config.gan.generator.lr, config.seed) == (2e-4, 0)
    assert flatten(other) | {"gan.generator.lr": 2e-4, "seed": 0} == flatten(config)


def test_nested_values_replace_only_what_they_name() -> None:
    config = Config().override({"gan": {"loss": "hinge"}, "ema": {"ramp": 0.5}})
    assert (config.gan.loss, config.gan.update) == ("hinge", "alternating")
    assert (config.ema.ramp, config.ema.half_life) == (0.5, Config().ema.half_life)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bach": 3}, "no field 'bach'; did you mean 'batch'?"),
        ({"gan.los": "hinge"}, "no field 'gan.los'; did you mean 'gan.loss'?"),
        ({"gam.loss": "hinge"}, "no field 'gam.loss'; did you mean 'gan.loss'?"),
        (
            {"gan.generator.learning_rate": 1},
            "no field 'gan.generator.learning_rate'; did you mean 'gan.generator.lr'?",
        ),
        ({"gan.loss.kind": 1}, "no field 'gan.loss.kind'; did you mean 'gan.loss'?"),
        ({"model.shape.x": 1}, "no field 'model.shape.x'; did you mean 'model.shape'?"),
        ({"": 1}, "no field ''"),
        ({"gan.": 1}, "no field 'gan.'"),
        ({"batch": 0}, "batch = 0: input should be greater than 0"),
        ({"batch": -3}, "batch = -3: input should be greater than 0"),
        ({"batch": "many"}, "batch = 'many': input should be a valid integer"),
        ({"batch": 2.5}, "batch = 2.5: input should be a valid integer"),
        ({"seed": -1}, "seed = -1: input should be greater than or equal to 0"),
        ({"seed": 2**63}, f"seed = {2**63}: input should be less than"),
        ({"steps": 0}, "steps = 0: input should be greater than 0"),
        ({"minutes": -1}, "minutes = -1: input should be greater than 0"),
        ({"minutes": "nan"}, "minutes = 'nan'"),
        ({"minutes": "inf"}, "minutes = 'inf'"),
        ({"gan.generator.lr": "inf"}, "gan.generator.lr = 'inf'"),
        ({"gan.r1": "nan"}, "gan.r1 = 'nan'"),
        ({"gan.smoothing": 0.5}, "gan.smoothing = 0.5: input should be less than 0.5"),
        ({"gan.update": "both"}, "gan.update = 'both': input should be 'alternating' or 'one-pass'"),
        ({"latent.size": 0}, "latent.size = 0: input should be greater than 0"),
        ({"schedule": "linar"}, "schedule = 'linar': input should be 'constant', 'linear', 'cosine' or 'cooldown'"),
        ({"gan": 3}, "gan = 3: input should be a valid dictionary"),
        ({"gan": {"los": 3}}, "no field 'gan.los'; did you mean 'gan.loss'?"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError) as caught:
        Config().override(fields)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "pydantic" not in str(caught.value)


def test_one_length_replaces_the_other() -> None:
    config = Config().override({"steps": 10})
    assert (config.steps, config.minutes) == (10, None)
    config = config.override({"minutes": 3})
    assert (config.steps, config.minutes) == (None, 3)
    assert config.override({"seed": 1}).minutes == 3


def test_settings_of_one_part_do_not_go_along_to_another() -> None:
    config = find.recipe("vanilla").config
    other = config.override({"model.name": "shallow", "data.name": "rings"})
    assert other.model.settings == {}
    assert other.model.classes == config.model.classes == 0
    assert other.data.order == config.data.order == "random"  # not a setting of the data set
    assert config.override({"model.name": "mlp"}).model == config.model


def test_the_order_of_the_fields_does_not_matter() -> None:
    one = Config().override({"data.name": "rings", "data.n": 7})
    other = Config().override({"data.n": 7, "data.name": "rings"})
    assert one == other
    assert one.data.settings == {"n": 7}


def test_every_field_says_what_it_is() -> None:
    assert [name for name in flatten(Config()) if not describe(name) and not name.endswith(".name")] == []
    assert describe("gan.generator.lr") == "learning rate"
    assert describe("data.n") == describe("nothing.at.all") == ""


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        ([], {}),
        (["--gan.loss", "hinge", "--batch=32"], {"gan.loss": "hinge", "batch": "32"}),
        (["--model.generator", "[64, 32]"], {"model.generator": [64, 32]}),
        (["--gan.same-latent", "true"], {"gan.same_latent": True}),
        (["--data.root", "null"], {"data.root": None}),
        (["--data.root", "2024"], {"data.root": "2024"}),
        (["--data.n", "2024", "--model.slope=1e-2"], {"data.n": 2024, "model.slope": 0.01}),
        (["--model.kind", "a-1", "--model.classes", "3"], {"model.kind": "a-1", "model.classes": "3"}),
        (["--data.root=a=b"], {"data.root": "a=b"}),
        (["--gan.r1", "-1"], {"gan.r1": "-1"}),
        (["--model.x="], {"model.x": ""}),
    ],
)
def test_flags_are_fields(words: list[str], fields: dict[str, Any]) -> None:
    assert parse(words) == fields


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["batch"], "unexpected 'batch': fields are given as --name value"),
        (["-b", "3"], "unexpected '-b'"),
        (["--"], "unexpected '--'"),
        (["--batch"], "--batch needs a value"),
        (["--batch", "--seed", "3"], "--batch needs a value"),
        (["--batch", "3", "--batch=4"], "--batch is given twice"),
        (["--gan.same-latent", "1", "--gan.same_latent", "0"], "--gan.same_latent is given twice"),
    ],
)
def test_what_is_no_flag_is_refused(words: list[str], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        parse(words)


def test_text_from_the_command_line_is_read_by_the_fields_type() -> None:
    config = Config().override(
        parse(["--gan.r1", "1e-1", "--seed", "007", "--gan.same-latent", "no", "--data.order", "random"])
    )
    assert (config.gan.r1, config.seed, config.gan.same_latent, config.data.order) == (0.1, 7, False, "random")


def test_a_file_of_another_time_or_kind(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    with pytest.raises(RequestError, match="is not a run folder"):
        load_json(path)
    path.write_text(Config().model_dump_json().replace(f'"format":{FORMAT}', f'"format":{FORMAT + 1}'))
    with pytest.raises(RequestError, match="was written by a newer elegans; upgrade this one"):
        load_json(path)
    path.write_text('{"bach": 3}')
    with pytest.raises(RequestError, match=r"config\.json: there is no field 'bach'; did you mean 'batch'"):
        load_json(path)
    path.write_text("{")
    with pytest.raises(RequestError, match=r"config\.json"):
        load_json(path)


def test_a_loss_is_one_name_however_it_is_written() -> None:
    """What compares names, as the diagnosis and a run that is gone on with do, sees one."""
    assert Config().override({"gan.loss": "least-squares"}).gan.loss == "least_squares"


def test_augmentations_by_commas() -> None:
    assert Config().override({"gan.augment": "flip,shift"}).gan.augment == ["flip", "shift"]
    assert Config().override({"gan.augment": ["turn"]}).gan.augment == ["turn"]
    assert Config().override({"gan.augment": ""}).gan.augment == []
