"""tanh by the sigmoid: torch's to rounding, with its gradients, and never beyond one."""

import pytest
import torch

from elegans.models._tanh import Tanh, tanh


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 2e-7), (torch.float64, 4e-16)])
def test_it_is_torchs_to_rounding(dtype: torch.dtype, error: float) -> None:
    x = torch.linspace(-20, 20, 100_001, dtype=dtype)
    assert (tanh(x) - x.tanh()).abs().max() < error
    assert tanh(x).abs().max() == 1


def test_at_the_ends_and_in_the_middle_it_is_exact() -> None:
    x = torch.tensor([-torch.inf, -1e30, 0.0, 1e30, torch.inf])
    assert torch.equal(tanh(x), torch.tensor([-1.0, -1.0, 0.0, 1.0, 1.0]))
    assert tanh(torch.tensor(torch.nan)).isnan()


def test_its_gradients_are_right() -> None:
    x = torch.linspace(-3, 3, 20, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(tanh, x)
    assert torch.autograd.gradgradcheck(lambda x: tanh(x).pow(2), x)


def test_maps_stay_as_they_lie() -> None:
    x = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)
    before = x.clone()
    assert Tanh()(x).is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(x, before)
