"""Learning-rate factors as functions of progress, the share of a run that is done; and what is due when."""

import math

from elegans.config import Config

COOLDOWN = 0.2  # share of a run


def progress(config: Config, images: int, seconds: float) -> float:
    """The share of its length that a run has done: of the images where it has a horizon, else of the time.

    A run of so many minutes that counted in images would have to know its speed beforehand, and a machine that was
    busy then, or becomes so, would end its schedule elsewhere (docs/LOG.md). A run made longer than its horizon is
    above 1.

    Args:
        config: `horizon` and `minutes` are read; without both it is 0.
        images: seen so far.
        seconds: wall time so far.
    """
    if config.horizon is not None:
        return images / config.horizon
    return seconds / (60 * config.minutes) if config.minutes is not None else 0.0


def factor(schedule: str, progress: float) -> float:
    """What the learning rate is multiplied with. Past 1 it stays where it ended.

    Args:
        schedule: `constant`, `linear` (from 1 to 0), `cosine` (half a wave from 1 to 0, arXiv:1608.03983) or `cooldown`
            (1, and in the last fifth linearly to 0: Hägele et al. 2024, arXiv:2405.18392).
        progress: see `progress`.
    """
    t = min(max(progress, 0.0), 1.0)
    match schedule:
        case "linear":
            return 1 - t
        case "cosine":
            return (1 + math.cos(math.pi * t)) / 2
        case "cooldown":
            return min(1.0, (1 - t) / COOLDOWN)
        case _:
            return 1.0


def due(done: int, every: int) -> bool:
    """Whether something that happens every so many steps happens now, after `done` of them."""
    return done % every == 0
