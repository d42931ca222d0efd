"""Flags: dotted ones as fields, and those of the originals in today's names (docs/coming-from.md)."""

import json
from typing import Any

from elegans.config import describe
from elegans.errors import RequestError

_RATES = ("gan.generator.lr", "gan.discriminator.lr")
_BETAS = ("gan.generator.beta1", "gan.discriminator.beta1")
_OF_AUTOENCODERS = {
    "learning_rate": ("autoencoder.optimiser.lr",),
    "lr": ("autoencoder.optimiser.lr",),
    "beta_1": ("autoencoder.optimiser.beta1",),
    "beta": ("autoencoder.beta",),
}
_NAMES: dict[str, tuple[str, ...]] = {
    "batch_size": ("batch",),
    "outdir": ("run",),
    "learning_rate": _RATES,
    "beta_1": _BETAS,
    "encoding_dims": ("latent.size",),
    "nb_epoch": ("epochs",),
    "nb_batch": ("batch",),
    "nb_latent": ("latent.size",),
    "save_path": ("run",),
    "lr": _RATES,
    "beta": _BETAS,
}
_ELSEWHERE = {  # flags of the originals that are something else here (docs/coming-from.md)
    "lite": "it is a recipe here: elegans train acgan-lite",
    "unsupervised": "it is a recipe here, elegans train acgan-unsupervised, or --model.classes 0 with any other",
    "latent_type": "it is --latent.distribution here: normal, unit for U[0, 1), uniform for U(-1, 1)",
    "plot": "pictures are another command here: elegans sample RUN -n 6 --out digits.png",
}


def parse(tokens: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """Dotted flags as fields: `["--gan.loss", "hinge", "--batch=32"]` is `{"gan.loss": "hinge", "batch": "32"}`.

    Values that read as JSON lists or objects become those, and in a part's own settings numbers become numbers; the
    rest stays text, which the field's type reads.

    Raises:
        RequestError: a word that is no flag, a flag without a value, given twice, or that is something else here.
    """
    fields: dict[str, Any] = {}
    rest = list(tokens)
    while rest:
        flag = rest.pop(0)
        if not flag.startswith("--") or len(flag) == 2:
            raise RequestError(f"unexpected {flag!r}: fields are given as --name value, for example --batch 32")
        name, equals, value = flag[2:].partition("=")
        if elsewhere := _ELSEWHERE.get(name.replace("-", "_")):
            raise RequestError(f"--{name}: {elsewhere}")
        if not equals:
            if not rest or (rest[0].startswith("--") and len(rest[0]) > 2):
                raise RequestError(f"--{name} needs a value, for example --{name} 1")
            value = rest.pop(0)
        name = name.replace("-", "_")
        if name in fields:
            raise RequestError(f"--{name} is given twice")
        try:
            decoded = json.loads(value)
        except json.JSONDecodeError:
            decoded = value
        own = name.split(".")[0] in ("data", "model") and not describe(name)  # a setting whose type is not known here
        fields[name] = decoded if own or isinstance(decoded, list | dict | bool) or decoded is None else value
    return fields


def translate(fields: dict[str, Any], given: dict[str, Any], method: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Old flags as what they mean now.

    Args:
        fields: what stands on the command line, by name, old names among them.
        given: what the command takes as options of its own, such as `run` and `epochs`; None where it is not given.
        method: of the recipe, whose fields they are.

    Returns:
        The fields without old names, and the options.

    Raises:
        RequestError: the same thing is said twice, or the value of an option is no number.
    """
    new, options = dict(fields), dict(given)
    meant = _NAMES | (_OF_AUTOENCODERS if method == "autoencoder" else {})
    for old in [name for name in fields if name in meant]:
        value = new.pop(old)
        for name in meant[old]:
            if new.get(name) is not None or options.get(name) is not None:
                raise RequestError(f"--{old} is --{name} here, and that is given too; leave one of them out")
            if name in options:
                options[name] = _number(old, value) if name in ("epochs", "batch") else value
            else:
                new[name] = value
    return new, options


def _number(flag: str, value: Any) -> float:
    try:
        number = float(value)
    except ValueError:
        raise RequestError(f"--{flag} {value}: a number") from None
    return int(number) if number == int(number) else number
