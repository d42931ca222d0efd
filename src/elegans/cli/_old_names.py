"""Flags of the systems the recipes come from, in today's names: see docs/coming-from.md."""

from typing import Any

from elegans.errors import RequestError

_RATES = ("gan.generator.lr", "gan.discriminator.lr")
_BETAS = ("gan.generator.beta1", "gan.discriminator.beta1")
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


def translate(fields: dict[str, Any], given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Old flags as what they mean now.

    Args:
        fields: what stands on the command line, by name, old names among them.
        given: what the command takes as options of its own, such as `run` and `epochs`; None where it is not given.

    Returns:
        The fields without old names, and the options.

    Raises:
        RequestError: the same thing is said twice, or the value of an option is no number.
    """
    new, options = dict(fields), dict(given)
    for old in [name for name in fields if name in _NAMES]:
        value = new.pop(old)
        for name in _NAMES[old]:
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
