"""Learning-rate factors as functions of progress: images seen as a share of the run's horizon, from 0 to 1."""

import math


def factor(schedule: str, progress: float) -> float:
    """What the learning rate is multiplied with. Past the horizon it stays where it ended.

    Args:
        schedule: `constant`, `linear` (from 1 to 0) or `cosine` (half a wave from 1 to 0, arXiv:1608.03983).
        progress: images seen / horizon.
    """
    t = min(max(progress, 0.0), 1.0)
    match schedule:
        case "linear":
            return 1 - t
        case "cosine":
            return (1 + math.cos(math.pi * t)) / 2
        case _:
            return 1.0


def due(done: int, every: int) -> bool:
    """Whether something that happens every so many steps happens now, after `done` of them."""
    return done % every == 0
