"""The typed configuration: plain values, checked, read from JSON and from dotted overrides. Imports no torch."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from elegans.errors import RequestError, nearest

FORMAT = 1  # of config.json; a change of meaning adds one, and `load_json` then upgrades older files


T = TypeVar("T", bound="Section")


class Section(BaseModel):
    """A group of plain values. Unknown names, wrong types and values out of range are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


class Part(Section):
    """A file by its name (`models/mlp.py` is `mlp`) and the settings its `build` takes, checked when it is built."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @property
    def settings(self) -> dict[str, Any]:
        """The values that are not fields of this class: the part's own settings."""
        return dict(self.model_extra or {})


class Data(Part):
    """The data set, and in which order it is seen."""

    name: str = Field("mnist5k", description="a data set: see `elegans data`")
    root: str | None = Field(None, description="the folder (or zip) that holds the files of the set")
    order: Literal["shuffled", "random"] = Field(
        "shuffled", description="every image once an epoch in a new order, or independent draws with replacement"
    )


class Model(Part):
    """The networks. Shape and classes come from the data set and are recorded when a run begins."""

    name: str = Field("mlp", description="a file in models/, or 'recipe' for networks in your own recipe file")
    shape: tuple[int, int, int] | None = Field(None, description="channels, height, width; None: those of the data")
    classes: int | None = Field(None, ge=0, description="number of classes; None: that of the data")


class Latent(Section):
    """The noise a generator starts from."""

    size: int = Field(100, gt=0, description="number of latent dimensions")
    distribution: Literal["normal", "uniform", "unit"] = Field(
        "normal", description="normal: N(0, 1); uniform: U(-1, 1); unit: U[0, 1)"
    )


class Optimiser(Section):
    """How one network's weights follow its gradients.

    `adam` is Kingma & Ba 2015 (arXiv:1412.6980); `sgd` has Nesterov's momentum (Sutskever et al. 2013), which is
    `beta1`; `rmsprop` is Hinton's, with `beta2` the decay of the squares, as its first moment has none.
    """

    kind: Literal["adam", "sgd", "rmsprop"] = Field("adam", description="adam, sgd or rmsprop")
    lr: float = Field(2e-4, gt=0, description="learning rate")
    beta1: float = Field(0.5, ge=0, lt=1, description="decay of the first moment; the momentum of sgd")
    beta2: float = Field(0.999, ge=0, lt=1, description="decay of the second moment")
    weight_decay: float = Field(0.0, ge=0, description="weight of half the sum of squares of all weights in the loss")
    clip: float = Field(0.0, ge=0, description="largest norm of the gradient of the whole network; 0: no limit")


class Auxiliary(Section):
    """What the class head's cross-entropy counts, where a discriminator has one (Odena et al. 2017, arXiv:1610.09585).

    In its three modes: on generated images in the generator's loss, and in the discriminator's on generated and on
    real ones.
    """

    generator: float = Field(1.0, ge=0, description="in the generator's loss")
    fake: float = Field(0.0, ge=0, description="on generated images in the discriminator's loss")
    real: float = Field(1.0, ge=0, description="on real images in the discriminator's loss")


class Gan(Section):
    """How generator and discriminator are trained against each other."""

    update: Literal["alternating", "one-pass"] = Field(
        "alternating", description="the discriminator first and then the generator, or both from one pass"
    )
    loss: str = Field("non_saturating", description="a pair in losses.py")
    discriminator_steps: int = Field(1, gt=0, description="discriminator updates a step, each on its own real batch")
    generator_steps: int = Field(1, gt=0, description="generator updates a step")
    same_latent: bool = Field(
        False, description="the generator is updated on the latents of the discriminator's first update"
    )
    smoothing: float = Field(0.0, ge=0, lt=0.5, description="one-sided label smoothing: the real target is 1 - this")
    label_noise: float = Field(0.0, ge=0, lt=0.5, description="share of real/fake labels swapped for the discriminator")
    r1: float = Field(0.0, ge=0, description="weight of the R1 penalty on real images")
    r2: float = Field(0.0, ge=0, description="weight of the R2 penalty on generated images")
    gradient_penalty: float = Field(0.0, ge=0, description="weight of the WGAN-GP penalty between the two")
    spread: float = Field(
        0.0, ge=0, description="weight, for the generator, of how much less its images of a class differ than real ones"
    )
    labels: Literal["data", "uniform"] = Field(
        "data", description="of generated images: those of the real batch, or each class as often"
    )
    augment: list[str] = Field(
        [], description="what is done to all images the discriminator sees, as in flip,shift: see augment.py"
    )
    balance: float = Field(
        0.0, ge=0, le=1, description="how far the learning rates follow the losses, so that no player runs away"
    )
    auxiliary: Auxiliary = Auxiliary()
    generator: Optimiser = Optimiser()
    discriminator: Optimiser = Optimiser()

    @field_validator("loss")
    @classmethod
    def _underscores(cls, loss: str) -> str:
        return loss.replace("-", "_")

    @field_validator("augment", mode="before")
    @classmethod
    def _list(cls, augment: Any) -> Any:
        return [kind for kind in augment.split(",") if kind] if isinstance(augment, str) else augment


class Autoencoder(Section):
    """How an encoder and a decoder are trained together."""

    beta: float = Field(1.0, ge=0, description="weight of the divergence from N(0, I), where codes are Gaussians")
    noise: float = Field(0.0, ge=0, description="standard deviation of noise on the inputs, of a range of 1")
    optimiser: Optimiser = Optimiser(lr=1e-3, beta1=0.9)


class Ema(Section):
    """Exponential moving average of the generator, whose weights are the ones sampled from."""

    half_life: int = Field(20_000, ge=0, description="images until a weight counts half; 0: no average")
    ramp: float = Field(0.1, gt=0, description="the half-life is at most this share of the images seen so far")


class Every(Section):
    """Cadences, in steps."""

    log: int = Field(100, gt=0, description="a record in metrics.jsonl")
    sample: int = Field(500, gt=0, description="a sheet of samples")
    save: int = Field(1000, gt=0, description="a checkpoint")
    keep: int = Field(2, gt=0, description="how many of the newest checkpoints stay, beside the best one")
    measure: int = Field(0, ge=0, description="all metrics on 2,000 images, and a checkpoint of the best; 0: never")


class Config(Section):
    """All that a run is, but for its weights."""

    format: int = Field(FORMAT, description="of this file")
    recipe: str = Field("own", description="where these values come from")
    seed: int = Field(0, ge=0, lt=2**63, description="of weights, data order and noise")
    batch: int = Field(64, gt=0, description="images a step")
    steps: int | None = Field(None, gt=0, description="length of the training, in steps")
    minutes: float | None = Field(None, gt=0, description="length of the training, in minutes of wall time")
    horizon: int | None = Field(
        None, gt=0, description="images over which schedules run; None: the run's length, be it steps or minutes"
    )
    schedule: Literal["constant", "linear", "cosine", "cooldown"] = Field(
        "constant", description="of both learning rates; cooldown: constant, and to nothing in the last fifth"
    )
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps")
    method: str = Field("gan", description="a file in methods/")
    on_trouble: Literal["warn", "balance", "stop"] = Field(
        "warn", description="say it; or let the learning rates follow the losses from then on; or save and stop"
    )
    data: Data = Data()
    model: Model = Model()
    latent: Latent = Latent()
    gan: Gan = Gan()
    autoencoder: Autoencoder = Autoencoder()
    ema: Ema = Ema()
    every: Every = Every()

    def override(self, fields: Mapping[str, Any]) -> "Config":
        """This configuration with some fields replaced.

        Args:
            fields: dotted names and values, `{"gan.generator.lr": 1e-3}`; nested mappings work too.

        Raises:
            RequestError: a field that does not exist (with the nearest name), a wrong type or range.
        """
        values = self.model_dump()
        for name, value in sorted(fields.items(), key=lambda field: not field[0].endswith(".name")):  # names come first
            *path, last = name.split(".")
            here = values
            for i, key in enumerate(path):
                here = here.get(key, {})
                if not isinstance(here, dict) or key not in _names(type(self), path[:i]):
                    raise RequestError(f"there is no field {name!r}{nearest(name, sorted(flatten(self)))}")
            if isinstance(here.get(last), dict) and isinstance(value, Mapping):
                here[last] = here[last] | dict(value)
            elif path in (["data"], ["model"]) and last == "name" and here.get("name") != value:
                # settings of one part mean nothing to another; only what every part has goes along
                keep = _names(type(self), path)
                values[path[0]] = {k: v for k, v in here.items() if k in keep} | {"name": value}
            else:
                here[last] = value
        if "steps" in fields or "minutes" in fields:  # one length replaces the other
            values |= {"steps": fields.get("steps"), "minutes": fields.get("minutes")}
        return validated(type(self), values)

    @classmethod
    def read(cls, text: str, source: str) -> "Config":
        """The configuration in a JSON text.

        Raises:
            RequestError: not JSON, or not a configuration; `source` names the file in the message.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            raise RequestError(f"{source}: {_explain(error, cls)}") from None


def validated(kind: type[T], values: Mapping[str, Any]) -> T:
    """`values` as a `kind`; pydantic's complaint becomes one line with the field, the value and the reason."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise RequestError(_explain(error, kind)) from None


def explain(error: ValidationError, prefix: str, known: list[str]) -> str:
    """The first complaint of pydantic as one line: the field, the reason and, for an unknown name, the nearest one."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(p) for p in first["loc"])
    name = f"{prefix}{where}"
    if not first["loc"]:  # not one field: the whole, such as a text that is no JSON
        return first["msg"]
    if first["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"there is no field {name!r}{nearest(name, known)}"
    if first["type"].startswith("missing"):
        return f"{name} must be given"
    return f"{name} = {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}"


def flatten(section: BaseModel, prefix: str = "") -> dict[str, Any]:
    """Dotted names and values of all fields, in order."""
    flat: dict[str, Any] = {}
    for name, value in section:
        if isinstance(value, BaseModel):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def describe(path: str) -> str:
    """What the field of that dotted name means; empty for a part's own setting."""
    kind: Any = Config
    for key in path.split("."):
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)) or key not in kind.model_fields:
            return ""
        field = kind.model_fields[key]
        kind = field.annotation
    return field.description or ""


def _names(kind: Any, path: list[str]) -> list[str]:
    for key in path:
        kind = kind.model_fields[key].annotation
    return list(kind.model_fields)


def _explain(error: ValidationError, kind: type[Section]) -> str:
    known = sorted(flatten(kind())) if kind is Config else list(kind.model_fields)
    return explain(error, "", known)


def load_json(path: Path) -> Config:
    """The configuration in a file.

    Raises:
        RequestError: the file is not there or does not hold one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise RequestError(f"{path} is not there: {path.parent} is not a run folder") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"{path} cannot be read: {error}") from None
    try:
        newer = json.loads(text)["format"] > FORMAT
    except (ValueError, KeyError, TypeError):
        newer = False  # pydantic says it better
    if newer:
        raise RequestError(f"{path} was written by a newer elegans; upgrade this one: pip install -U elegans")
    return Config.read(text, str(path))
