"""Every model alone and every recipe's networks: shapes, ranges, gradients, and what is refused."""

import inspect
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from elegans import find
from elegans.config import Config
from elegans.errors import RequestError
from elegans.models._blocks import Label, Mapping, Shape, SpectralNorm, Verdict
from elegans.models._fourier import FourierConv, FourierTransposed
from elegans.models._layout import Flatten, Unflatten
from elegans.models._pixels import ToPixels, TransposedToPixels
from elegans.models._subpixel import ToSubpixels
from elegans.models._tanh import Tanh
from elegans.networks import networks

AUTOENCODERS = ["conv-autoencoder", "dense-autoencoder"]
MODELS, RECIPES = [name for name in find.names("models") if name not in AUTOENCODERS], find.names("recipes")
NEEDED: dict[str, dict[str, Any]] = {  # settings without default, and some that make large networks small
    "mlp": {"generator": [16, 24], "discriminator": [24, 16]},
    "conv-autoencoder": {"widths": [8, 4, 4]},
    "acgan": {"generator": [24, 16, 12, 8], "discriminator": [8, 8, 12, 12]},
    "patch-lstm": {"generator_units": 24, "discriminator_units": 16, "width": 8},
}
SHAPES: list[Shape] = [(1, 28, 28), (3, 32, 32), (1, 16, 24)]
ONLY: dict[str, list[Shape]] = {  # networks of one size, as their originals
    "cars": [(3, 32, 32), (1, 32, 32)],
    "logogram": [(1, 128, 128)],
}
ANY_SIDES = ["acgan-lite", "attention-rnn", "coordinate-seed", "mlp"]
SHAPED = [(model, shape) for model in MODELS for shape in ONLY.get(model, SHAPES)]
COLOUR = {"cifar10", "faces"}
N, LATENT = 6, 7


def built(model: str, shape: Shape | None = None, classes: int = 10, **settings: Any) -> dict[str, nn.Module]:
    shape = shape or ONLY.get(model, SHAPES)[0]
    fields = {"model.name": model, "model.shape": shape, "model.classes": classes, "latent.size": LATENT}
    settings = NEEDED.get(model, {}) | settings
    config = Config().override(fields | {f"model.{name}": value for name, value in settings.items()})
    return networks(config, find.recipe(config))


def conditional() -> list[str]:
    """The models whose generator has a vector for each label."""
    return [name for name in MODELS if any(isinstance(m, Label) for m in built(name)["generator"].modules())]


def of_recipe(name: str) -> tuple[Config, dict[str, nn.Module]]:
    config = find.recipe(name).config
    classes = 10 if config.model.classes is None else config.model.classes
    size = {"cifar10": 32}.get(config.data.name, config.data.settings.get("size", 28))
    shape = (1, 1, 2) if config.data.name == "xor" else (3 if config.data.name in COLOUR else 1, size, size)
    config = config.override({"model.shape": shape, "model.classes": classes})
    return config, networks(config, find.recipe(name))


def check(made: dict[str, nn.Module], shape: tuple[int, ...], latent: int) -> None:
    """Images of the right shape and range, scores of rank 1, and a gradient at every weight of both."""
    z, y = torch.randn(N, latent), torch.arange(N)
    images = made["generator"](10 * z, y)
    assert images.shape == (N, *shape)
    assert images.dtype == torch.float32
    assert images.abs().max() <= 1
    verdict = made["discriminator"](images, y)
    assert isinstance(verdict, Verdict)
    assert verdict.score.shape == (N,)
    told = verdict.score.square().sum()
    if verdict.classes is not None:
        assert verdict.classes.shape == (N, 10)
        told = told + verdict.classes.square().sum()
    for network in made.values():
        names = [name for name, p in network.named_parameters() if p.requires_grad]
        gradients = torch.autograd.grad(told, list(network.parameters()), retain_graph=True, allow_unused=True)
        without = [name for name, gradient in zip(names, gradients, strict=True) if gradient is None]
        assert without == []
        assert all(gradient.isfinite().all() for gradient in gradients)
        assert any(gradient.any() for gradient in gradients)


@pytest.mark.parametrize("classes", [0, 10])
@pytest.mark.parametrize(("model", "shape"), SHAPED, ids=str)
def test_every_model_makes_images_of_every_shape_and_judges_them(model: str, classes: int, shape: Shape) -> None:
    check(built(model, shape, classes), shape, LATENT)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_has_networks_that_work(recipe: str) -> None:
    config, made = of_recipe(recipe)
    assert config.model.shape is not None
    if set(made) == {"generator", "discriminator"}:
        check(made, config.model.shape, config.latent.size)


@pytest.mark.parametrize("recipe", RECIPES)
def test_initial_weights_are_those_of_the_seed(recipe: str) -> None:
    config, first = of_recipe(recipe)
    torch.manual_seed(77)
    again = networks(config, find.recipe(recipe))
    other = networks(config.override({"seed": config.seed + 1}), find.recipe(recipe))
    for name, network in first.items():
        values, same, different = (list(n.state_dict().values()) for n in (network, again[name], other[name]))
        assert all(torch.equal(a, b) for a, b in zip(values, same, strict=True))
        assert not all(torch.equal(a, b) for a, b in zip(values, different, strict=True))


@pytest.mark.parametrize("model", MODELS)
def test_without_labels_there_are_images_and_scores_too(model: str) -> None:
    made, shape = built(model), ONLY.get(model, SHAPES)[0]
    images = made["generator"](torch.randn(N, LATENT))
    assert images.shape == (N, *shape)
    assert made["discriminator"](images).score.shape == (N,)


@pytest.mark.parametrize("model", [name for name in MODELS if name not in (*ANY_SIDES, "patch-lstm")])
@pytest.mark.parametrize("shape", [(1, 30, 28), (1, 28, 30), (3, 33, 33)], ids=str)
def test_sides_that_are_no_multiple_of_four_are_refused(model: str, shape: Shape) -> None:
    with pytest.raises(RequestError, match=f"model '{model}': .*multiples of 4 here, not {shape[1]} x {shape[2]}"):
        built(model, shape)


@pytest.mark.parametrize("model", ANY_SIDES)
def test_some_take_any_sides(model: str) -> None:
    check(built(model, (2, 5, 3)), (2, 5, 3), LATENT)


@pytest.mark.parametrize("model", conditional())
def test_the_label_changes_the_image_and_the_score(model: str) -> None:
    made = {name: network.eval() for name, network in built(model).items()}
    z = torch.randn(1, LATENT).expand(10, -1)
    images = made["generator"](z, torch.arange(10))
    verdict = made["discriminator"](images[:1].expand(10, -1, -1, -1), torch.arange(10))
    told = [verdict.score.unsqueeze(1)] if verdict.classes is None else []  # else the class is what it should find out
    for values in (images.flatten(1), *told):
        differences = torch.cdist(values, values) + torch.eye(10)
        assert (differences > 1e-6).all()


@pytest.mark.parametrize("model", conditional())
def test_a_row_that_is_wholly_one_class_is_that_label(model: str) -> None:
    generator = built(model)["generator"].eval()
    z, y = torch.randn(N, LATENT), torch.tensor([3, 1, 4, 1, 5, 9])
    torch.testing.assert_close(generator(z, torch.eye(10)[y]), generator(z, y), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (lambda: nn.Linear(7, 5), torch.randn(N, 7)),
        (lambda: nn.Linear(7, 5, bias=False), torch.randn(N, 7)),
        (lambda: nn.Conv2d(3, 4, 3, stride=2, padding=1), torch.randn(N, 3, 8, 8)),
        (lambda: nn.Embedding(5, 4), torch.arange(5)),
    ],
)
def test_spectral_norm_is_that_of_torch(layer: Callable[[], nn.Module], x: Tensor) -> None:
    """In value and gradients, over several steps of the power iteration, and then in evaluation."""
    inner, x = layer(), x.double() if x.is_floating_point() else x
    ours, theirs = SpectralNorm(deepcopy(inner)).double(), spectral_norm(inner.double())
    state = theirs.parametrizations.weight[0]
    ours.u.copy_(state._u)
    ours.v.copy_(state._v)
    for training in (True, True, True, False):
        ours.train(training)
        theirs.train(training)
        a, b = ours(x), theirs(x)
        torch.testing.assert_close(a, b)
        b_weights = [p for name, p in theirs.named_parameters() if "weight" in name]
        a_weights = [p for name, p in ours.named_parameters() if "weight" in name]
        torch.testing.assert_close(
            torch.autograd.grad(a.pow(3).sum(), a_weights), torch.autograd.grad(b.pow(3).sum(), b_weights)
        )
        torch.testing.assert_close(ours.u, state._u)
    assert not ours.u.requires_grad


def test_spectral_norm_makes_the_largest_singular_value_one() -> None:
    layer = SpectralNorm(nn.Linear(8, 8, bias=False))
    for _ in range(200):
        layer(torch.zeros(1, 8))
    assert torch.linalg.matrix_norm(layer(torch.eye(8)).detach(), 2).item() == pytest.approx(1.0, abs=1e-3)


def test_a_mapping_hears_the_latent_above_the_label_and_keeps_codes_apart() -> None:
    torch.manual_seed(0)
    mapping, z, y = Mapping(32, 10, 64), torch.randn(200, 32), torch.arange(200) % 10
    codes = mapping(z, y)
    assert codes.shape == (200, 64)
    within = torch.stack([codes[y == k].var(0) for k in range(10)]).mean(0)
    assert (within / codes.var(0)).mean() > 0.9  # next to nothing is the label's before training
    assert codes.var(0).min() > 0.1
    mapping.eval()
    assert not torch.allclose(mapping(z, y), mapping(z, (y + 1) % 10))
    torch.testing.assert_close(mapping(z, torch.eye(10)[y]), mapping(z, y))
    torch.testing.assert_close(mapping(z), mapping(z, torch.zeros_like(y)))
    unlabelled = Mapping(32, 0, 64).eval()
    torch.testing.assert_close(unlabelled(z, y), unlabelled(z))


def test_a_label_is_a_row_and_a_mixture_the_mean_of_rows() -> None:
    label = Label(4, 3)
    y = torch.tensor([2, 0, 3])
    torch.testing.assert_close(label(torch.eye(4)[y]), label(y), rtol=0, atol=0)
    half = label(torch.tensor([[0.5, 0.0, 0.5, 0.0]]))
    torch.testing.assert_close(half[0], (label.weight[0] + label.weight[2]) / 2)


@pytest.mark.parametrize("model", find.names("models"))
def test_a_mistyped_setting_is_answered_with_the_nearest(model: str) -> None:
    own = list(inspect.signature(find.find("models", model).build).parameters)[3:]
    for name in own:
        wrong = name[:1] + name[2:]  # the second letter is missing
        with pytest.raises(RequestError, match=rf"no field 'model\.{wrong}'; did you mean 'model\.{name}'"):
            built(model, **{wrong: 3})


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        ("subpixel", {"width": "wide"}, r"model\.width = 'wide': input should be a valid integer"),
        ("subpixel", {"width": 0}, r"model\.width = 0: input should be greater than 0"),
        ("mlp", {"generator": 64}, r"model\.generator = 64: input should be a valid list"),
        ("mlp", {"generator": ["a"]}, r"model\.generator\.0 = 'a': input should be a valid integer"),
        ("mlp", {"dropout": "much"}, r"model\.dropout = 'much': input should be a valid number"),
        ("mlp", {"batch_norm": "perhaps"}, r"model\.batch_norm = 'perhaps': input should be a valid boolean"),
        ("mlp", {"dropout": 1.5}, r"model 'mlp': dropout probability has to be between 0 and 1"),
        ("mlp", {"generator": []}, r"model\.generator = \[\]: list should have at least 1 item"),
        ("mlp", {"discriminator": []}, r"model\.discriminator = \[\]: list should have at least 1 item"),
        ("mlp", {"generator": [0]}, r"model\.generator\.0 = 0: input should be greater than 0"),
        ("mlp", {"discriminator": [8, -3]}, r"model\.discriminator\.1 = -3: input should be greater than 0"),
    ],
)
def test_settings_of_a_wrong_type_or_range_are_refused(model: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        built(model, **settings)


def test_a_setting_that_is_missing_is_named() -> None:
    config = Config().override({"model.name": "mlp", "model.shape": (1, 28, 28), "model.generator": [8]})
    with pytest.raises(RequestError, match=r"model\.discriminator"):
        networks(config, find.recipe(config))


def test_an_unknown_model_is_answered_with_the_nearest() -> None:
    with pytest.raises(RequestError, match="there is no model 'shalow'; did you mean 'shallow'"):
        built("shalow")


def test_a_recipe_without_its_networks_asks_for_its_file() -> None:
    config = Config().override({"model.name": "recipe", "model.shape": (1, 28, 28), "recipe": "mine"})
    with pytest.raises(RequestError, match=r"'mine' brings no networks: name your own file that does"):
        networks(config, find.recipe(config))


# --- memory ----------------------------------------------------------------------------------------------------------


def together(x: Tensor) -> bool:
    """Whether they do; with one channel or one pixel it is all the same."""
    one = x.shape[1] == 1 or x.shape[2:].numel() == 1
    return one or x.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("name", RECIPES)
def test_no_activation_meets_maps_of_both_kinds(name: str) -> None:
    """From the first convolution to the last the channels of a pixel lie together, and in every gradient."""
    config, made = of_recipe(name)
    if config.method != "gan":
        pytest.skip("an autoencoder is called otherwise")
    apart: list[str] = []

    def look(module: nn.Module, given: tuple[Tensor, ...], gave: Tensor) -> None:
        images = Tanh | ToPixels | TransposedToPixels | ToSubpixels  # they lie by rows
        if not isinstance(gave, Tensor) or gave.ndim != 4 or isinstance(module, images):
            return
        if not together(gave):
            apart.append(f"what {module} gives")
        if gave.requires_grad and not isinstance(module, nn.Conv2d):  # which mends what it gets
            gave.register_hook(lambda gradient: None if together(gradient) else apart.append(f"{module}'s gradient"))

    for network in made.values():
        network.to(memory_format=torch.channels_last)
        for module in network.modules():
            if not list(module.children()):
                module.register_forward_hook(look)
    y = torch.zeros(2, dtype=torch.long)
    made["discriminator"](made["generator"](torch.randn(2, config.latent.size), y=y), y=y).score.sum().backward()
    assert not apart


def test_rows_to_maps_and_back_is_torchs() -> None:
    x = torch.randn(3, 2 * 4 * 5, dtype=torch.float64, requires_grad=True)
    maps = Unflatten(1, (2, 4, 5))(x)
    assert torch.equal(maps, nn.Unflatten(1, (2, 4, 5))(x))
    assert together(maps)
    assert torch.equal(Flatten()(maps), x)
    assert torch.autograd.gradcheck(lambda x: Flatten()(Unflatten(1, (2, 4, 5))(x).square()), x)
    assert torch.autograd.gradgradcheck(lambda x: Flatten()(Unflatten(1, (2, 4, 5))(x).pow(3)), x)


@pytest.mark.parametrize("size", [(7, 7), (6, 9), (16, 16)])
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize(
    ("ours", "theirs"), [(FourierConv, nn.Conv2d), (FourierTransposed, nn.ConvTranspose2d)], ids=["conv", "transposed"]
)
def test_a_convolution_by_fourier_transforms_is_torchs(
    ours: Any, theirs: Any, kernel: int, size: tuple[int, int]
) -> None:
    torch.manual_seed(0)
    fast, plain = ours(4, 3, kernel, size), theirs(4, 3, kernel, padding=kernel // 2)
    plain.load_state_dict(fast.state_dict())
    x = torch.randn(2, 4, *size, requires_grad=True)
    found = []
    for layer in (fast, plain):
        made = layer(x)
        gradients = torch.autograd.grad(made.pow(3).sum(), [x, *layer.parameters()], create_graph=True)
        second = torch.autograd.grad(gradients[0].square().sum(), [x, layer.weight])
        found.append([made, *gradients, *second])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5 * float(b.detach().abs().max()))
