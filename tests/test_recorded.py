"""What is replayed is what was written: the same bits for every recipe; and what cannot be replayed never is."""

import os
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from elegans import find, recorded
from elegans.batches import Batches
from elegans.health import first_wrong
from elegans.methods.autoencoder import Autoencoder
from elegans.methods.gan import Gan
from elegans.networks import networks
from elegans.recorded import Recorded
from elegans.tape import Outcome, results
from elegans.training import fit

SHAPES = {"cifar10": (3, 32, 32), "faces": (3, 28, 28), "stacked": (3, 28, 28), "xor": (1, 1, 2)}
BATCH = 4
Made = Gan | Autoencoder
AUTO = "autoencoder.optimiser"


def method(name: str, fields: dict[str, Any]) -> tuple[Made, Batches]:
    """Of a recipe, and images of noise."""
    recipe = find.recipe(name)
    shape = SHAPES.get(recipe.config.data.name, (1, 28, 28))
    images = np.random.default_rng(0).integers(0, 256, (40, *shape), np.uint8)
    labels = np.arange(40) % 10 if recipe.config.model.classes != 0 else np.zeros(40, np.int64)
    config = fit(recipe.config.override({"batch": BATCH} | fields), images, labels)
    made: Made = find.find("methods", config.method).build(config, networks(config, recipe))
    return made, Batches(images, labels, config.batch, config.seed, config.data.order)


def used(made: Made) -> list[Recorded]:
    """What was called."""
    moves = made.moves.values() if isinstance(made, Gan) else [made.move]
    return [move.recorded for move in moves if move.recorded.tape is not None]


def compare(name: str, fields: dict[str, Any]) -> None:
    """Steps as they are written and steps that are replayed have the same bits, and they are replayed."""
    (plain, batches), (replayed, _) = method(name, fields), method(name, fields)
    for number in range(6):
        with recorded.off():
            expected = plain.step(number, number / 6, batches)
        said = replayed.step(number, number / 6, batches)
        assert list(said) == list(expected)
        for what, value in said.items():
            assert torch.equal(value, expected[what]), (number, what)
    assert not used(plain)
    assert [one.tape.why_not for one in used(replayed) if one.tape] == [""] * len(used(replayed))
    assert used(replayed)
    assert all(one.program for one in used(replayed))
    state = replayed.state()
    for file, tensors in plain.state().items():
        for key, tensor in tensors.items():
            assert torch.equal(tensor, state[file][key]), (file, key)


@pytest.mark.parametrize("name", find.names("recipes"))
def test_each_recipe_is_replayed_bit_for_bit(name: str) -> None:
    compare(name, {})


OPTIONS = [
    {"update": "alternating", "r1": 0.1, "r2": 0.2, "label_noise": 0.3, "same_latent": True},
    {"update": "alternating", "gradient_penalty": 1.0, "labels": "uniform", "loss": "wasserstein"},
    {"update": "alternating", "loss": "relativistic", "discriminator_steps": 2, "generator_steps": 3},
    {"update": "one-pass", "loss": "hinge", "spread": 1.0, "augment": ["flip", "shift", "cutout", "colour", "turn"]},
    {"update": "one-pass", "loss": "least-squares", "label_noise": 0.3, "gradient_penalty": 1.0, "balance": 0.5},
    {"update": "one-pass", "r1": 0.1, "discriminator_steps": 2, "generator_steps": 2},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", ["demo", "vanilla"])
def test_with_every_option_too(name: str, options: dict[str, Any]) -> None:
    compare(name, {f"gan.{key}": value for key, value in options.items()})


@pytest.mark.parametrize("kind", ["adam", "rmsprop", "sgd"])
@pytest.mark.parametrize("clip", [0.0, 0.1])
@pytest.mark.parametrize(("name", "players"), [("intro", ["gan.generator", "gan.discriminator"]), ("vae", [AUTO])])
def test_with_every_optimiser_at_the_rate_of_the_moment(name: str, players: list[str], kind: str, clip: float) -> None:
    fields = {"kind": kind, "clip": clip, "weight_decay": 0.1}
    of_players = {f"{player}.{key}": value for player in players for key, value in fields.items()}
    compare(name, {"schedule": "cosine"} | of_players)


@pytest.mark.parametrize("name", ["vae", "demo", "intro"])
def test_in_a_replayed_step_too_gradients_that_are_no_numbers_move_nothing(name: str) -> None:
    made, batches = method(name, {})
    for number in range(5):
        made.step(number, 0.0, batches)
    network = made.generator if isinstance(made, Gan) else made.decoder
    with torch.no_grad():
        next(network.parameters()).fill_(float("nan"))
    updaters = [*made.updaters.values()] if isinstance(made, Gan) else [made.updater]
    tensors = [x for updater in updaters for x in [*updater.parameters, *updater.changed()[1:]]]  # first: done
    before = deepcopy(tensors)
    with pytest.raises(FloatingPointError):
        made.step(5, 0.0, batches)
    assert all(torch.equal(now.nan_to_num(7), was.nan_to_num(7)) for now, was in zip(tensors, before, strict=True))


# --- a function by itself ---------------------------------------------------------------------------------------------


class Function:
    """Something to record, with a weight; it counts how often it is called as it is written."""

    def __init__(self, body: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.weight = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
        self.body, self.calls = body, 0
        self.recorded = Recorded(self.gradients)

    def gradients(self, x: Tensor) -> Outcome:
        self.calls += 1
        loss = self.body(x, self.weight).sum()
        return {"loss": loss.detach()}, [torch.autograd.grad(loss, [self.weight])]

    def check(self, *xs: Tensor) -> None:
        """It gives what its function gives."""
        for x in xs:
            said, ((found,),) = self.recorded(x)
            loss = self.body(x, self.weight).sum()
            assert torch.equal(said["loss"], loss.detach())
            assert torch.equal(found, torch.autograd.grad(loss, self.weight)[0])
            assert not found.requires_grad


def many(n: int = 8, size: int = 3) -> list[Tensor]:
    return list(torch.randn(n, size, generator=torch.Generator().manual_seed(0)))


def test_after_two_calls_that_are_the_same_the_function_is_not_called_again() -> None:
    made = Function(lambda x, w: (w * x).exp())
    made.check(*many())
    assert made.calls == 2
    assert made.recorded.tape is not None
    assert made.recorded.tape.text().startswith(
        "def step(x0: Tensor, c0: Tensor):\n    v1 = torch.ops.aten.mul(c0, x0)"
    )


def test_weights_are_those_of_the_moment() -> None:
    made = Function(lambda x, w: (w * x).exp())
    made.check(*many(3))
    with torch.no_grad():
        made.weight.mul_(-0.5)
    made.check(*many())
    assert made.calls == 2


def test_a_cache_that_the_first_call_fills_is_waited_for() -> None:
    kept: list[Tensor] = []

    def cached(x: Tensor, w: Tensor) -> Tensor:
        if not kept:
            kept.append(torch.arange(3.0).cos())
        return w * x * kept[0]

    made = Function(cached)
    made.check(*many())
    assert made.calls == 3


def _by_item(x: Tensor, w: Tensor) -> Tensor:
    return w * x if x.sum().item() > 0 else w.exp()


def _by_bool(x: Tensor, w: Tensor) -> Tensor:
    return w * x if x.sum() > 0 else w.exp()


def _by_list(x: Tensor, w: Tensor) -> Tensor:
    return w * x if x.tolist()[0] > 0 else w.exp()


def _by_numpy(x: Tensor, w: Tensor) -> Tensor:
    return w * x if x.detach().numpy().mean() > 0 else w.exp()


def _by_array(x: Tensor, w: Tensor) -> Tensor:
    return w * x if np.asarray(x).mean() > 0 else w.exp()


def _by_size(x: Tensor, w: Tensor) -> Tensor:
    return w * x / max(len(x[x > 0]), 1)


def _by_places(x: Tensor, w: Tensor) -> Tensor:
    return w[(x > 0).nonzero().squeeze(1)] * 2


@pytest.mark.parametrize("body", [_by_size, _by_places])
def test_what_has_sizes_that_depend_on_values_is_called_as_it_is_written(
    body: Callable[[Tensor, Tensor], Tensor],
) -> None:
    made = Function(body)
    made.check(*[torch.tensor([1.0, 2.0, 3.0])] * 4, torch.tensor([1.0, -2.0, 3.0]))
    assert made.calls == 5
    assert made.recorded.tape is not None
    assert "the size of what it gives depends on values" in made.recorded.tape.why_not


@pytest.mark.parametrize("body", [_by_item, _by_bool, _by_list, _by_numpy, _by_array])
def test_what_depends_on_values_is_called_as_it_is_written(body: Callable[[Tensor, Tensor], Tensor]) -> None:
    made = Function(body)
    xs = many(20)
    made.check(*sorted(xs, key=lambda x: -float(x[0])))  # alike at first
    made.check(*sorted(xs, key=lambda x: -float(x.sum())))
    assert made.calls == 40
    assert made.recorded.tape is not None
    assert "read" in made.recorded.tape.why_not


def test_what_changes_by_itself_is_called_as_it_is_written() -> None:
    made = Function(lambda x, w: w * x * made.calls)
    made.check(*many())
    assert made.calls == 8


def test_new_tensors_that_differ_are_noticed() -> None:
    draw = np.random.default_rng(0)
    made = Recorded(lambda x: ({"a": (x * torch.from_numpy(draw.random(3))).sum()}, []))
    ones = torch.ones(3, dtype=torch.float64)
    assert len({made(ones)[0]["a"].item() for _ in range(8)}) == 8
    assert made.program is None


def test_with_another_shape_the_function_is_called() -> None:
    made = Function(lambda x, w: w * x)
    made.check(*many(3))
    made.check(torch.ones(1), torch.ones(2, 3), torch.ones(3).double())
    assert made.calls == 5
    made.check(*many())
    assert made.calls == 5


def test_hooks_are_called() -> None:
    network, seen = nn.Linear(3, 1), []
    network.register_forward_hook(lambda *_: seen.append(1))
    made = Recorded(lambda x: ({"a": network(x).sum()}, []), network)
    for x in many():
        made(x)
    assert len(seen) == 8


def test_where_a_replayed_step_goes_wrong_the_layer_is_found() -> None:
    made, batches = method("intro", {})
    for number in range(4):
        made.step(number, 0.0, batches)
    assert isinstance(made, Gan)
    assert all(one.program for one in used(made))
    with torch.no_grad():
        next(made.generator.parameters()).fill_(float("nan"))
    found = first_wrong(made, lambda: made.step(4, 0.0, batches))
    assert found is not None
    assert found.startswith("the output of generator.")


def test_within_off_the_function_is_called() -> None:
    made = Function(lambda x, w: w * x)
    made.check(*many())
    with recorded.off():
        made.check(*many())
    assert made.calls == 10
    made.check(*many())
    assert made.calls == 10


def called_as_written(body: str, **environment: str) -> int:
    """How often of eight times a function is, in a process without the checks of types, which draw random numbers."""
    program = (
        "import random; import torch; from elegans.recorded import Recorded; calls = []\n"
        f"made = Recorded(lambda x: (calls.append(1), ({{'a': {body}}}, []))[1])\n"
        "for i in range(8): made(torch.ones(1))\n"
        "print(len(calls))"
    )
    command = [sys.executable, "-c", program]
    return int(subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True).stdout)


def test_torchs_own_switch_is_heeded() -> None:
    assert called_as_written("x + 1", PYTORCH_JIT="1") == 2
    assert called_as_written("x + 1", PYTORCH_JIT="0") == 8


def test_random_numbers_of_python_are_noticed() -> None:
    assert called_as_written("x + 1 if random.random() < 2 else x") == 8


def test_random_numbers_of_numpy_are_noticed() -> None:
    made = Function(lambda x, w: w * x if np.random.rand() < 2 else w.exp())
    made.check(*many())
    assert made.calls == 8


class Restless(nn.Module):
    """Networks that do something beside what they give."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.layer, self.norm = kind, nn.Linear(3, 3), nn.BatchNorm1d(3)
        self.lstm, self.table = nn.LSTM(3, 3), nn.Embedding(3, 3, sparse=True)
        self.register_buffer("last", torch.zeros(3))

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer(x)
        if self.kind == "statistics":
            self.norm(y)
        elif self.kind == "unused draw":
            torch.rand(3)
        elif self.kind == "changed constant":
            t = torch.tensor([0.0, 0.0, 0.0])
            t += 1
            y = y * t
        elif self.kind == "bound anew":
            self.last = x.mean(0).detach()
        elif self.kind == "data":
            self.layer.weight.data = self.layer.weight.data * 0.9
        elif self.kind == "own state":
            with torch.random.fork_rng():
                torch.manual_seed(1)
                y = y + torch.rand(3)
        elif self.kind == "lstm":
            y = self.lstm(y)[0]
        elif self.kind == "sparse":
            y = y + self.table(torch.tensor([0, 1, 2, 0]))
        return y


KINDS = ["statistics", "unused draw", "changed constant", "bound anew", "data", "own state", "lstm", "sparse"]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_else_a_network_does_happens(kind: str) -> None:
    torch.manual_seed(0)
    plain = Restless(kind)
    network = deepcopy(plain)

    def gradients(net: Restless, x: Tensor) -> Outcome:
        loss = (net(x) * torch.rand(4, 3)).square().sum()
        weights = [*net.layer.parameters(), *(net.table.parameters() if kind == "sparse" else [])]
        return {"loss": loss.detach()}, [torch.autograd.grad(loss, weights)]

    made = Recorded(lambda x: gradients(network, x), network)
    for number, x in enumerate(torch.randn(8, 4, 3)):
        torch.manual_seed(number)
        expected = gradients(plain, x)
        torch.manual_seed(number)
        found = made(x)
        for a, b in zip(results(found), results(expected), strict=True):
            assert torch.equal(a.to_dense(), b.to_dense()), number
        for name, value in plain.state_dict().items():
            assert torch.equal(value, network.state_dict()[name]), (number, name)


def test_where_recording_fails_the_function_is_called() -> None:
    network = nn.BatchNorm1d(3)

    def step(x: Tensor) -> Outcome:
        y = network(x) * torch.rand(3)
        if torch.utils._python_dispatch._get_current_dispatch_mode() is not None:
            raise NotImplementedError("as some parts of torch do")
        return {"a": y.sum()}, []

    made = Recorded(step, network)
    for number in range(1, 5):
        torch.manual_seed(0)
        made(torch.randn(4, 3))
        assert network.num_batches_tracked == number
        after = torch.rand(1)
        torch.manual_seed(0)
        torch.randn(4, 3)
        torch.rand(3)
        assert torch.equal(after, torch.rand(1))


def test_errors_are_its_own() -> None:
    made = Function(lambda x, w: w[:2] * x)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="size of tensor a"):
            made.recorded(torch.ones(3))


def test_backward_hooks_are_called() -> None:
    network, seen = nn.Linear(3, 1), []
    network.register_full_backward_hook(lambda *_: seen.append(1))
    made = Recorded(lambda x: ({}, [torch.autograd.grad(network(x).sum(), [x, *network.parameters()])]), network)
    for x in many():
        made(x.requires_grad_())
    assert len(seen) == 8


def test_what_is_not_replayed_is_not_kept() -> None:
    made = Function(_by_item)
    made.check(*many(1))
    assert made.recorded.tape is not None
    assert not made.recorded.tape.constants


def test_an_operation_that_torchscript_would_mistake_is_not_replayed() -> None:
    # it takes view(dtype) for view(size), and a number of a type for a size
    made = Function(lambda x, w: w * x.view(torch.int32).view(3).view(torch.float32))
    made.check(*many())
    assert made.calls == 8
    assert made.recorded.tape is not None
    assert "aten::view" in made.recorded.tape.why_not


def test_a_copy_has_its_own_weights() -> None:
    made = Function(lambda x, w: w * x)
    made.check(*many())
    twin = deepcopy(made)
    with torch.no_grad():
        twin.weight.add_(1)
    twin.check(*many())
    made.check(*many())
    assert made.calls == 2
    assert twin.calls == 4


def test_infinities_and_the_smallest_integer_are_written() -> None:
    def body(x: Tensor, w: Tensor) -> Tensor:
        x = x.masked_fill(x > 0, float("inf")).clamp(max=float("inf")).masked_fill(x > 0, float("-inf")).exp()
        least = torch.full((3,), -(2**63))
        return w * x + (least == -(2**63)) * w * 1e-30

    made = Function(body)
    made.check(*many())
    assert made.calls == 2


def test_a_recorded_call_keeps_nothing_alive() -> None:
    def step(x: Tensor) -> Outcome:
        for _ in range(50):
            x = x + 1
        return {"a": x[0]}, []

    made = Recorded(step)
    made(torch.ones(10))
    assert made.tape is not None
    assert len(made.tape.names) < 5  # of 50
