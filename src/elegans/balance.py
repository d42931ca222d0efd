"""Learning rates that follow the losses: the player who is losing learns faster, the one who wins slower.

"If the discriminator's loss goes to zero and the generator's explodes, lower the discriminator's learning rate", as
the seeds advise, done by a controller.
"""

import math

import torch
from torch import Tensor

DECAY = 0.99  # of the moving averages of the losses, a step
EVEN = {"discriminator": 2 * math.log(2), "generator": math.log(2)}  # losses where neither knows anything


class Balance:
    """Two factors for two learning rates, from moving averages of the two losses.

    A player's factor is its share of both losses, each counted in units of what it is at the equilibrium of the
    non-saturating game (2 ln 2 and ln 2; Goodfellow et al. 2014, theorem 1), times two: (1, 1) at equilibrium, and
    never more than 2. Losses below zero, as those of a Wasserstein critic, count as zero.

    Args:
        strength: 0 leaves the rates alone, 1 follows the losses fully.
    """

    def __init__(self, strength: float) -> None:
        self.strength = strength
        self.means = {player: torch.tensor(0.0) for player in EVEN}

    def observe(self, losses: dict[str, Tensor]) -> None:
        """Take note of a step's losses, by player."""
        for player, mean in self.means.items():
            mean.mul_(DECAY).add_((1 - DECAY) * losses[player].detach().cpu().clamp(min=0) / EVEN[player])

    def factor(self, player: str) -> float:
        """Of that player's learning rate."""
        if not self.strength:
            return 1.0
        total = float(sum(self.means.values()))
        if total <= 0:  # nothing seen yet
            return 1.0
        return 1 + self.strength * (2 * float(self.means[player]) / total - 1)

    def state(self) -> dict[str, Tensor]:
        """What it remembers."""
        return {**self.means, "strength": torch.tensor(self.strength, dtype=torch.float64)}

    def load(self, state: dict[str, Tensor]) -> None:
        """Take over what `state` gave."""
        for player, mean in self.means.items():
            mean.copy_(state[player])
        self.strength = float(state.get("strength", self.strength))
