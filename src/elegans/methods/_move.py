"""How a method moves its networks: by gradients of a function, recorded with the optimisers that follow them."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from elegans import parallel
from elegans.methods._state import Said
from elegans.optimisers import Updater
from elegans.recorded import Recorded
from elegans.tape import Outcome


class Move:
    """A function of tensors that gives what there is to say and gradients, and the optimisers that follow these.

    With several processes both are means over all of them, and only the function is recorded.

    Args:
        function: as for `Recorded`; the first of its groups of tensors are gradients, `laid`, one for each updater.
        updaters: the optimisers.
        networks: that the function calls.
    """

    def __init__(self, function: Callable[..., Outcome], updaters: Sequence[Updater], *networks: nn.Module) -> None:
        self.function, self.updaters, self.alone = function, updaters, parallel.count() == 1
        more = [tensor for updater in updaters for tensor in updater.changed()] if self.alone else []
        self.recorded = Recorded(self._all if self.alone else function, *networks, more=more)

    def __call__(self, *inputs: Tensor | None) -> tuple[Said, Sequence[Sequence[Tensor]]]:
        """Move the networks.

        Returns:
            What there is to say, and the function's other groups of tensors.

        Raises:
            FloatingPointError: gradients are no numbers; the weights they belong to are as they were.
        """
        outcome = self.recorded(*inputs)
        said, (found, *others) = outcome if self.alone else self._follow(*outcome)
        for updater, wrong in zip(self.updaters, found, strict=True):
            updater.check(wrong)
        return said, others

    def _all(self, *inputs: Tensor | None) -> Outcome:
        return self._follow(*self.function(*inputs))

    def _follow(self, said: Said, groups: Sequence[Sequence[Tensor]]) -> Outcome:
        players = len(self.updaters)
        said, gradients = parallel.mean(said, *groups[:players])
        found = [updater.move(of) for updater, of in zip(self.updaters, gradients, strict=True)]
        return said, [found, *groups[players:]]
