"""A function of tensors that is written down while it runs, and from then on run without Python and without autograd.

Of a small network's step a fifth is calling its operations one by one: Python, and autograd's book of what was done,
which say the same at every step. So the operations are written down as they come, those of the backward passes among
them, as a program of some hundred lines for TorchScript's interpreter. It makes the same calls in the same order, so
that every number is the same, bit for bit. The fused code of a compiler would be faster; it needs one on the machine.
"""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from elegans.tape import Outcome, Program, Reads, Tape, layout, results, same

_off = os.environ.get("PYTORCH_JIT") == "0"  # torch's own switch


class Recorded:
    """The function; its first calls are recorded, those after two that were the same are replayed.

    A replay is tried before: it must have the results of the call, leave the same in the networks, and draw as many
    random numbers. It is never made where the function reads the value of a tensor or draws random numbers that are
    not torch's, where its calls differ, where a network has hooks by then, or where TorchScript lacks an operation; nor
    with tensors of other shapes than the recording's. What is replayed gives tensors of torch's inference mode.

    Args:
        function: of tensors, or None in their places; always the same ones are one and the same. What else it depends
            on does not change, but for parameters and buffers of its networks and torch's global generator.
        networks: that it calls.
        more: tensors that it changes and that are not the networks'.
    """

    ATTEMPTS = 4  # a first call may fill caches

    def __init__(self, function: Callable[..., Outcome], *networks: nn.Module, more: Sequence[Tensor] = ()) -> None:
        self.function, self.networks, self.more, self.attempts = function, networks, more, self.ATTEMPTS
        self.tape: Tape | None = None
        self.program: Program | None = None

    def __call__(self, *inputs: Tensor | None) -> Outcome:
        """What the function gives."""
        if _off or not (self.program or self.attempts):
            return self.function(*inputs)
        if self.program is None:
            return self._record(inputs)
        assert self.tape is not None
        if layout(inputs) != self.tape.layout:
            return self.function(*inputs)
        return self._replay(self.tape, self.program, inputs)

    def __getstate__(self) -> dict[str, Any]:
        """A copy begins anew: programs cannot be copied, and that of another method would move its weights."""
        return self.__dict__ | {"attempts": self.ATTEMPTS, "tape": None, "program": None}

    @staticmethod
    def _replay(tape: "Tape", program: "Program", inputs: Sequence[Tensor | None]) -> Outcome:
        given = [x for x in inputs if x is not None]
        # what torch's optimisations would save is less than what they cost to find, and they change the last bits; as
        # `torch.jit.optimized_execution` does it, which is a hundredth of a small step
        optimised = torch._C._get_graph_executor_optimize()
        torch._C._set_graph_executor_optimize(False)
        try:
            with torch.inference_mode():
                made = program(*given, *tape.constants, *tape.lists)
        finally:
            torch._C._set_graph_executor_optimize(optimised)
        groups, end = [], len(tape.said)
        for size in tape.groups:
            groups.append(made[end : end + size])
            end += size
        return dict(zip(tape.said, made, strict=False)), groups

    def _record(self, inputs: Sequence[Tensor | None]) -> Outcome:
        self.attempts -= 1
        tape, before, state, draws = Tape(inputs), self.tape, self._state(), other_draws()
        try:
            with tape, Reads(tape):
                outcome = self.function(*inputs)
        except Exception:  # be it an error of its own, then it comes again, or of what cannot be recorded
            self.attempts = 0
            self._restore(state)
            return self.function(*inputs)
        if other_draws() != draws:
            tape.why_not = "it draws random numbers that are not torch's"
        if any(hooks(module) for network in self.networks for module in network.modules()):
            tape.why_not = "there are hooks in a network"
        tape.end(outcome)
        self.tape = tape
        if not tape.why_not and before is not None and tape.says_the_same(before):
            self.program = tape.program()
            if self.program and not self._proven(tape, self.program, inputs, outcome, state):
                tape.why_not, self.program = "a replay does something else", None
        if tape.why_not:
            self.attempts = 0
        return outcome

    def _proven(
        self, tape: "Tape", program: "Program", inputs: Sequence[Tensor | None], outcome: Outcome, state: list[Tensor]
    ) -> bool:
        """Whether a replay from the state before does all that the call has done."""
        after = self._state()
        try:
            self._restore(state)
            found = self._replay(tape, program, inputs)
            return same([*results(found), *self._state()], [*results(outcome), *after])
        except RuntimeError:  # there are operations that TorchScript has and cannot run
            return False
        finally:
            self._restore(after)

    def _state(self) -> list[Tensor]:
        """What a call may change."""
        return [torch.get_rng_state(), *(x.detach().clone() for x in self._changed())]

    @torch.no_grad()
    def _restore(self, state: list[Tensor]) -> None:
        torch.set_rng_state(state[0])
        for x, saved in zip(self._changed(), state[1:], strict=True):
            x.copy_(saved)

    def _changed(self) -> list[Tensor]:
        return [*tensors(self.networks), *self.more]


@contextmanager
def off() -> Iterator[None]:
    """Within it, functions run as they are written: for those who have hooks in networks."""
    global _off
    before, _off = _off, True
    try:
        yield
    finally:
        _off = before


def tensors(networks: Sequence[nn.Module]) -> list[Tensor]:
    """Parameters and buffers."""
    return [x for network in networks for x in [*network.parameters(), *network.buffers()]]


def hooks(module: nn.Module) -> bool:
    """Whether something is to be called with what goes through it."""
    kinds = module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks
    return any(kinds)


def other_draws() -> tuple[Any, str]:
    """Where Python's and NumPy's random numbers are."""
    return random.getstate(), str(np.random.get_state(legacy=False))
