"""The operations of a call, written down as they come from autograd to the kernels: the text of a program.

TorchScript's interpreter runs it. What cannot be written down, or would not be the same the next time, is said as the
reason why not.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakIdKeyDictionary

Outcome = tuple[dict[str, Tensor], Sequence[Sequence[Tensor]]]  # what there is to say, by name; and gradients
Program = Any  # of inputs and constants -> list of tensors
SAME = {torch.ops.aten.detach.default, torch.ops.aten.alias.default}  # other names of a tensor, to all but autograd


@dataclass
class Line:
    """A call as text; the variables it gives and takes, whether it does more than that, and what is called."""

    text: str
    gives: list[str]
    takes: set[str]
    changes: bool = False
    operator: str = ""


class Tape(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The operations of a call, as they come from autograd to the kernels.

    Args:
        inputs: of the call.
    """

    def __init__(self, inputs: Sequence[Tensor | None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        given = [x for x in inputs if x is not None]
        self.layout = layout(inputs)
        # by identity and without keeping anything alive: a step that is recorded needs no more memory than others
        self.names: Any = WeakIdKeyDictionary({x: f"x{i}" for i, x in enumerate(given)})
        self.inputs, self.variables = [f"x{i}" for i in range(len(given))], 0
        self.constants: list[Tensor] = []  # what was there before the call: parameters, buffers
        self.lists: list[list[Tensor]] = []  # of such; TorchScript leaves out what changes those of one it has made
        self.lines: list[Line] = []
        self.why_not = "" if all(x.device.type == "cpu" for x in given) else "only tried on a CPU"

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # there is nothing for torch's compiler to skip, and importing it would take most of a second

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = operator(*args, **(kwargs or {}))
        if not self.why_not:
            try:
                self._write(operator, args, kwargs or {}, made)
            except TypeError as error:
                self.why_not = f"{operator}: {error}"
        return made

    def end(self, outcome: Outcome) -> None:
        """Note what the call gave."""
        if self.why_not:
            return
        self.said, self.groups = list(outcome[0]), [len(group) for group in outcome[1]]
        self.results = [self._name(x) for x in results(outcome)]

    def text(self) -> str:
        """The program."""
        given = [f"{name}: Tensor" for name in [*self.inputs, *map(self._name, self.constants)]]
        given += [f"l{i}: List[Tensor]" for i in range(len(self.lists))]
        lines = [line.text for line in self._needed()]
        return "\n    ".join([f"def step({', '.join(given)}):", *lines, f"return [{', '.join(self.results)}]\n"])

    def program(self) -> Program | None:
        """It, to be called with the inputs, the constants and the lists; None, with the reason noted, if TorchScript
        lacks or mistakes an operation."""
        try:
            program: Program = torch.jit.CompilationUnit(self.text()).step
        except RuntimeError as error:
            self.why_not = str(error)
            return None
        calls = [node for node in program.graph.nodes() if not node.kind().startswith("prim::")]
        understood = Counter(called(node.schema()) for node in calls if node.kind() != "aten::__getitem__")
        mistaken = understood - Counter(line.operator for line in self._needed())
        if mistaken:
            self.why_not = f"TorchScript takes another operation for {', '.join(mistaken)}"
            return None
        return program

    def says_the_same(self, other: "Tape") -> bool:
        """Whether the next call would, as far as two calls tell."""
        mine, others = ([*tape.constants, *(x for some in tape.lists for x in some)] for tape in (self, other))
        return self.text() == other.text() and same(mine, others)

    def _needed(self) -> list[Line]:
        """The calls that something depends on."""
        needed, kept = set(self.results), []
        for line in reversed(self.lines):
            if line.changes or needed.intersection(line.gives):
                needed |= line.takes
                kept.append(line)
        return kept[::-1]

    def _write(self, operator: Any, args: Any, kwargs: dict[str, Any], made: Any) -> None:
        if operator in SAME:
            self.names[made] = self._name(args[0])
            return
        if operator is torch.ops.aten._local_scalar_dense.default:
            raise TypeError("the value of a tensor is read")
        if torch.Tag.dynamic_output_shape in operator.tags and not places(args):
            raise TypeError("the size of what it gives depends on values")
        takes: set[str] = set()
        words = [self._word(x, takes) for x in args] + [f"{k}={self._word(x, takes)}" for k, x in kwargs.items()]
        call = f"torch.ops.{operator._schema.name.replace('::', '.')}({', '.join(words)})"
        how = operator._schema.is_mutable, called(str(operator._schema))
        if made is None or (isinstance(made, Tensor) and made in self.names):  # it has changed what it was given
            self.lines.append(Line(call, [], takes, True, how[1]))
        elif isinstance(made, Tensor):
            self.names[made] = name = self._new()
            self.lines.append(Line(f"{name} = {call}", [name], takes, *how))
        elif isinstance(made, list):
            whole = self._new()
            self.lines.append(Line(f"{whole} = {call}", [whole], takes, *how))
            for i, x in enumerate(made):
                self.names[x] = name = self._new()
                self.lines.append(Line(f"{name} = {whole}[{i}]", [name], {whole}))
        elif isinstance(made, tuple) and all(x is None or isinstance(x, Tensor) for x in made):
            names = [self._new() for _ in made]
            self.names.update((x, name) for x, name in zip(made, names, strict=True) if x is not None)
            self.lines.append(Line(f"{', '.join(names)} = {call}", names, takes, *how))
        else:
            raise TypeError(f"it gives a {type(made).__name__}")

    def _word(self, x: Any, takes: set[str]) -> str:
        """An argument as text; the variables in it are noted in `takes`."""
        if isinstance(x, Tensor):
            takes.add(self._name(x))
            return self._name(x)
        if isinstance(x, list | tuple):
            if x and all(isinstance(part, Tensor) and self.names.get(part, "c").startswith("c") for part in x):
                self.lists.append(list(x))
                return f"l{len(self.lists) - 1}"
            return f"[{', '.join(self._word(part, takes) for part in x)}]"
        if isinstance(x, float) and not math.isfinite(x):
            return f"float('{x}')"
        if isinstance(x, torch.device):
            return f"torch.device('{x}')"
        if x is None or isinstance(x, bool | int | float | str):
            return repr(x)
        if isinstance(x, torch.dtype | torch.layout | torch.memory_format):
            return str(x)
        raise TypeError(f"it takes a {type(x).__name__}")

    def _name(self, x: Tensor) -> str:
        if x not in self.names:
            self.names[x] = f"c{len(self.constants)}"
            self.constants.append(x)
        name: str = self.names[x]
        return name

    def _new(self) -> str:
        self.variables += 1
        return f"v{self.variables}"


def places(args: Sequence[Any]) -> bool:
    """Whether what is called is an index, by numbers and not by a mask."""
    indices = args[1] if len(args) > 1 and isinstance(args[1], list) else []
    return bool(indices) and not any(x is not None and x.dtype in (torch.bool, torch.uint8) for x in indices)


def called(schema: str) -> str:
    """The operator of a schema, in the variant for tensors where one takes a number in a tensor's place."""
    return re.sub(r"[._]hacked_twin|\.(Tensor|Scalar)(?=$|[._]hacked_twin)", "", schema.partition("(")[0])


class Reads(TorchFunctionMode):
    """Notices that the values of a tensor leave torch, which operations do not show."""

    def __init__(self, tape: Tape) -> None:
        super().__init__()
        self.tape = tape

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function in (Tensor.tolist, Tensor.numpy, Tensor.__array__, Tensor.__dlpack__):
            self.tape.why_not = f"{function.__name__}: the values of a tensor are read"
        return function(*args, **(kwargs or {}))


def layout(inputs: Sequence[Tensor | None]) -> list[Any]:
    """What a recording depends on besides values."""
    return [x if x is None else (x.shape, x.stride(), x.dtype) for x in inputs]


def results(outcome: Outcome) -> list[Tensor]:
    """All tensors of it."""
    return [*outcome[0].values(), *(x for group in outcome[1] for x in group)]


def same(some: Sequence[Tensor], others: Sequence[Tensor]) -> bool:
    """Whether they are, or have the same values."""
    try:
        return all(a is b or torch.equal(a, b) for a, b in zip(some, others, strict=True))
    except RuntimeError:  # sparse ones cannot be compared
        return False
