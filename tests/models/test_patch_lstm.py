"""The LSTMs of patches: parameters of the original, where patches go, what is fed back, and what is refused."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from elegans import find
from elegans.errors import RequestError
from elegans.models.patch_lstm import build, cut, join
from elegans.networks import networks

SHAPE, LATENT, N = (1, 28, 28), 5, 3
SMALL: dict[str, Any] = {"generator_units": 12, "features": 32, "discriminator_units": 10}


def of_recipe(name: str) -> dict[str, nn.Module]:
    recipe = find.recipe(name)
    return networks(recipe.config.override({"model.shape": SHAPE, "model.classes": 10}), recipe)


@pytest.mark.parametrize(
    ("recipe", "generator", "discriminator"),
    [("patch-lstm", 17_596_996, 2_242_002), ("patch-lstm-16", 17_420_449, 2_006_802)],
)
def test_parameters_are_those_of_the_original(recipe: str, generator: int, discriminator: int) -> None:
    count = {name: sum(p.numel() for p in network.parameters()) for name, network in of_recipe(recipe).items()}
    assert count == {"generator": generator, "discriminator": discriminator}


def test_patches_are_upper_left_upper_right_lower_left_lower_right() -> None:
    image = torch.zeros(1, 1, 28, 28)
    for k, (top, left) in enumerate([(0, 0), (0, 14), (14, 0), (14, 14)]):
        image[:, :, top : top + 14, left : left + 14] = k
    patches = cut(image, (2, 2))
    assert patches.shape == (1, 4, 196)
    assert [patch.unique().tolist() for patch in patches[0]] == [[0], [1], [2], [3]]
    within = cut(torch.arange(784.0).view(1, 1, 28, 28), (2, 2))[0, 1].view(14, 14)
    torch.testing.assert_close(within, torch.arange(784.0).view(28, 28)[:14, 14:])


@pytest.mark.parametrize("grid", [(1, 1), (2, 2), (4, 4), (7, 7), (14, 14), (28, 1), (4, 2)])
def test_what_was_cut_is_joined_again(grid: tuple[int, int]) -> None:
    images = torch.randn(N, 3, 28, 28)
    torch.testing.assert_close(join(cut(images, grid), (3, 28, 28), grid), images)


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("output", ["maximum", "tanh"])
def test_steps_are_those_of_the_equations(output: Any, told: bool) -> None:
    """Against torch's own LSTM, patch by patch, in float64."""
    g = build(SHAPE, 10, LATENT, generator_layers=2, told=told, output=output, **SMALL)["generator"].double()
    z, y = torch.randn(N, LATENT, dtype=torch.float64), torch.tensor([2, 0, 9])
    stack = nn.LSTM(32, 12, 2, batch_first=True).double()
    for k in range(2):
        getattr(stack, f"weight_ih_l{k}").data.copy_(g.layers[k].weight)
        getattr(stack, f"weight_hh_l{k}").data.copy_(g.layers[k].recurrent)
        getattr(stack, f"bias_ih_l{k}").data.copy_(g.layers[k].bias)
        getattr(stack, f"bias_hh_l{k}").data.zero_()
    code = g.mapping(z, y) if told else z
    state = g.start(code).expand(2, -1, -1)
    state, patch, patches = (state, state), torch.zeros(N, 196, dtype=torch.float64), []
    for t in range(4):
        if told:
            x = patch @ g.patch.weight.T + g.scale[t] * (g.told(code) + g.patch.bias) + g.place[t]
        else:
            x = g.patch(patch) + g.label.weight[y]
        h, state = stack(torch.relu(x).unsqueeze(1), tuple(s.contiguous() for s in state))
        patch = g.out(h[:, 0])
        patch = patch.tanh() if output == "tanh" else patch
        patches.append(patch)
    drawn = torch.stack(patches, 1)
    if output == "maximum":
        drawn = drawn.relu()
        drawn = 2 * drawn / (drawn.amax(2, keepdim=True) + 1e-7) - 1
    torch.testing.assert_close(cut(g(z, y), (2, 2)), drawn)


def lstm(**settings: Any) -> nn.Module:
    return build(SHAPE, 10, LATENT, critic="lstm", **SMALL | settings)["discriminator"]


def test_the_score_is_the_difference_of_the_logits_of_torchs_own_lstm() -> None:
    d, x, y = lstm().double(), torch.randn(N, *SHAPE, dtype=torch.float64), torch.tensor([4, 4, 1])
    stack = nn.LSTM(196, 10, 2, batch_first=True).double()
    for k in range(2):
        getattr(stack, f"weight_ih_l{k}").data.copy_(d.layers[k].weight)
        getattr(stack, f"weight_hh_l{k}").data.copy_(d.layers[k].recurrent)
        getattr(stack, f"bias_ih_l{k}").data.copy_(d.layers[k].bias)
        getattr(stack, f"bias_hh_l{k}").data.zero_()
    state = (d.start + d.label.weight[y]).expand(2, -1, -1).contiguous()
    logits = d.logits(stack(cut(x, (2, 2)), (state, state))[0][:, -1])
    torch.testing.assert_close(d(x, y).score, logits[:, 0] - logits[:, 1])
    real = nn.functional.cross_entropy(logits, torch.zeros(N, dtype=torch.long))
    torch.testing.assert_close(nn.functional.softplus(-d(x, y).score).mean(), real)


def test_dropout_is_for_training() -> None:
    d, x = lstm(dropout=0.5), torch.randn(N, *SHAPE)
    assert not torch.equal(d(x).score, d(x).score)
    d.eval()
    torch.testing.assert_close(d(x).score, d(x).score, rtol=0, atol=0)


@pytest.mark.parametrize("classes", [0, 10])
@pytest.mark.parametrize("critic", ["lstm", "projection"])
@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("output", ["maximum", "tanh"])
def test_every_weight_is_trained(output: Any, told: bool, critic: Any, classes: int) -> None:
    made = build(SHAPE, classes, LATENT, generator_layers=2, told=told, output=output, critic=critic, **SMALL)
    y = torch.arange(N)
    images = made["generator"](torch.randn(N, LATENT), y)
    assert images.abs().max() <= 1
    parameters = [p for network in made.values() for p in network.parameters()]
    for gradient in torch.autograd.grad(made["discriminator"](images, y).score.square().sum(), parameters):
        assert gradient.isfinite().all()
        assert gradient.any()


@pytest.mark.parametrize("critic", ["lstm", "projection"])
def test_the_class_changes_image_and_score(critic: Any) -> None:
    made = {name: network.eval() for name, network in build(SHAPE, 10, LATENT, critic=critic, **SMALL).items()}
    images = made["generator"](torch.randn(1, LATENT).expand(10, -1), torch.arange(10))
    scores = made["discriminator"](images[:1].expand(10, -1, -1, -1), torch.arange(10)).score
    for values in (images.flatten(1), scores.unsqueeze(1)):
        assert (torch.cdist(values, values) + torch.eye(10) > 1e-6).all()


def test_shares_of_classes_and_no_label() -> None:
    g, z, y = build(SHAPE, 10, LATENT, **SMALL)["generator"], torch.randn(N, LATENT), torch.tensor([7, 0, 3])
    torch.testing.assert_close(g(z, torch.eye(10)[y]), g(z, y))
    first: Tensor = g(z, torch.zeros(N, dtype=torch.long))
    torch.testing.assert_close(g(z), first)
    torch.testing.assert_close(g(z, torch.full((N,), -1)), first)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"grid": [3, 4]}, "28 x 28 pixels cannot be cut into 3 x 4 patches"),
        ({"grid": [4, 3]}, "28 x 28 pixels cannot be cut into 4 x 3 patches"),
        ({"grid": [0, 4]}, r"model\.grid\.0 = 0: input should be greater than 0"),
        ({"dropout": 1.0}, r"model\.dropout = 1\.0: input should be less than 1"),
        ({"critic": "judge"}, r"model\.critic = 'judge': input should be 'lstm' or 'projection'"),
        ({"shape": (1, 30, 30)}, "multiples of 4 here, not 30 x 30"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], message: str) -> None:
    recipe = find.recipe("patch-lstm-49")
    fields = {"model.shape": SHAPE, "model.classes": 10, "model.grid": [2, 2]}
    with pytest.raises(RequestError, match=message):
        networks(recipe.config.override(fields | {f"model.{k}": v for k, v in settings.items()}), recipe)
