"""Layers of bytes are linear layers of what the bytes stand for, whatever is black, and are replayed as they are."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elegans.models import _sparse
from elegans.models._layout import lay
from elegans.models._sparse import WIDE, OfBytes
from elegans.models.dense_autoencoder import build
from elegans.recorded import Recorded
from elegans.tape import Outcome
from elegans.tensors import from_bytes

N, K = 20, 90


@pytest.fixture(autouse=True)
def one_core_of_amds(cores: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """With several, or with other processors, nothing is left out."""
    cores(1)
    monkeypatch.setattr(_sparse, "is_amds", lambda: True)


@pytest.fixture
def sums(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many numbers each sum of rows was made of."""
    made: list[int] = []
    original = torch.embedding_bag

    def counted(of: Tensor, rows: Tensor, *more: Any) -> Any:
        made.append(len(rows))
        return original(of, rows, *more)

    monkeypatch.setattr(torch, "embedding_bag", counted)
    return made


def bytes_(share: float, n: int = N) -> Tensor:
    """Rows of which about that share is not black."""
    return torch.randint(1, 256, (n, K)).mul_(torch.rand(n, K) < share).to(torch.uint8)


def layer(outputs: int = WIDE, bias: bool = True) -> OfBytes:
    made = OfBytes(K, outputs, bias)
    lay(made)
    return made


def check(ours: OfBytes, x: Tensor) -> None:
    """Values and gradients are those of torch's layer, in double precision."""
    theirs = nn.Linear(K, ours.out_features, ours.bias is not None, dtype=torch.float64)
    theirs.load_state_dict(ours.state_dict())
    weights = torch.randn(len(x), ours.out_features, dtype=torch.float64)
    found = []
    for of, seen in ((ours, x), (theirs, x.double() / 255)):
        made = of(seen)
        found.append([made, *torch.autograd.grad((made * weights).sum(), [*of.parameters()])])
    for some, right in zip(*found, strict=True):
        assert (some - right).abs().max() <= 1e-5 * right.abs().max()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.2])
def test_it_is_torchs_layer_without_what_is_black(share: float, bias: bool, sums: list[int]) -> None:
    x = bytes_(share)
    check(layer(bias=bias), x)
    assert sums == 2 * [int(x.count_nonzero())]  # the values, and the gradient of the weight


def test_black_rows_and_columns() -> None:
    x = bytes_(0.2)
    x[[0, 7, -1]] = 0
    x[:, [0, 50, -1]] = 0
    check(layer(), x)


@pytest.mark.parametrize("case", ["bright", "narrow", "by rows", "several cores", "double", "not AMD's"])
def test_else_it_is_a_dense_product(
    case: str, sums: list[int], cores: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, x = layer(WIDE - 1 if case == "narrow" else WIDE), bytes_(0.5 if case == "bright" else 0.2)
    match case:
        case "by rows":
            ours.weight.data = ours.weight.data.contiguous()
        case "several cores":
            cores(2)
        case "double":
            ours.double()
        case "not AMD's":
            monkeypatch.setattr(_sparse, "is_amds", lambda: False)
    check(ours, x)
    assert not sums


def test_of_floats_it_is_any_linear_layer(sums: list[int]) -> None:
    ours, x = layer(), torch.randn(3, K)
    assert torch.equal(ours(x), nn.functional.linear(x, ours.weight, ours.bias))
    assert not sums


def test_a_replayed_step_follows_what_is_black() -> None:
    ours = layer()

    def step(x: Tensor) -> Outcome:
        loss = ours(x).square().sum()
        return {"loss": loss.detach()}, [torch.autograd.grad(loss, [*ours.parameters()])]

    recorded = Recorded(step, ours)
    for share in (0.2, 0.2, 0.2, 0.1, 0.0, 0.25, 0.9):
        x = bytes_(share)
        (said, (gradients,)), (plain, (theirs,)) = recorded(x), step(x)
        assert torch.equal(said["loss"], plain["loss"])
        assert all(map(torch.equal, gradients, theirs))
    assert recorded.tape is not None
    assert recorded.program is not None, recorded.tape.why_not
    assert recorded.tape.text().count("product_of_bytes") == 2


@pytest.mark.parametrize("variational", [True, False])
def test_an_encoder_says_the_same_of_bytes(variational: bool, sums: list[int]) -> None:
    encoder = build((1, 9, 10), 0, 5, [WIDE, 20], variational)["encoder"]
    assert encoder.sees_bytes
    seen = bytes_(0.2).view(N, 1, 9, 10)
    ours, theirs = encoder(seen), encoder(from_bytes(seen))
    assert len(sums) == 1
    for some, right in zip(ours, theirs, strict=True):
        if right is not None:
            torch.testing.assert_close(some, right)


def test_what_one_byte_stands_for() -> None:
    assert _sparse.LEVELS[0] == 0
    assert _sparse.LEVELS[255] == 1
