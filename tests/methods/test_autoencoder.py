"""The autoencoder's step against a plain computation, its maths against other ways to them, and what is refused."""

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from elegans import Config, RequestError, find, seeds
from elegans.batches import Batches
from elegans.methods.autoencoder import (
    Autoencoder,
    Gaussian,
    Generator,
    corrupted,
    divergence,
    drawn,
    losses,
    restore,
    to_images,
)
from elegans.models._codes import Code
from elegans.models._sparse import WIDE
from elegans.networks import networks

KINDS: dict[str, dict[str, Any]] = {
    "plain": {"model.widths": [9], "latent.size": 5},
    "denoising": {"model.widths": [9], "latent.size": 5, "autoencoder.noise": 0.5},
    "variational": {"model.widths": [9], "model.variational": True, "latent.size": 2, "autoencoder.beta": 0.7},
    "wide": {"model.widths": [WIDE], "model.variational": True, "latent.size": 2},
    "convolutional": {"model.name": "conv_autoencoder", "model.widths": [3], "latent.size": 8},
}
SHAPE = (1, 8, 8)
SGD = {"autoencoder.optimiser.kind": "sgd", "autoencoder.optimiser.beta1": 0.0, "autoencoder.optimiser.lr": 0.1}


def of(kind: str, **fields: Any) -> Autoencoder:
    config = Config().override({"method": "autoencoder", "batch": 16, "model.name": "dense_autoencoder"})
    config = config.override({"model.shape": SHAPE, **KINDS[kind], **fields})
    return Autoencoder(config, networks(config, find.recipe(config)))


def batches(n: int = 64, batch: int = 16) -> Batches:
    """Images that are mostly black."""
    draw = np.random.default_rng(0)
    images = draw.integers(0, 256, (n, *SHAPE), np.uint8) * (draw.random((n, *SHAPE)) < 0.2)
    return Batches(images, np.arange(n, dtype=np.int64) % 4, batch, seed=0)


# --- a step -----------------------------------------------------------------------------------------------------------


def plain_loss(method: Autoencoder, number: int, images: Tensor) -> tuple[Tensor, list[nn.Parameter]]:
    """The same loss in double precision, written down again pixel by pixel, with the networks that give it."""
    options, seed = method.options, method.config.seed
    encoder, decoder = deepcopy(method.encoder).double(), deepcopy(method.decoder).double()
    target = (images.double() + 1) / 2
    noise = torch.randn(images.shape, generator=seeds.generator(seed, number, "noise")).double()
    seen = (target + options.noise * noise).clip(0, 1)
    code = encoder(2 * seen - 1)
    z = code.mean
    if code.log_variance is not None:
        noise = torch.randn(z.shape, generator=seeds.generator(seed, number, "codes")).double()
        z = z + code.log_variance.exp().sqrt() * noise
    pixels = torch.sigmoid(decoder(z))
    entropy = -(target * pixels.log() + (1 - target) * (1 - pixels).log())
    loss = entropy.mean()
    if code.log_variance is not None:
        posterior = Normal(code.mean, (code.log_variance / 2).exp())
        away = kl_divergence(posterior, Normal(torch.zeros(2).double(), torch.ones(2).double()))
        loss = entropy.sum((1, 2, 3)).mean() + options.beta * away.sum(1).mean()
    return loss, [*encoder.parameters(), *decoder.parameters()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_goes_down_the_gradient_of_the_plain_loss(kind: str) -> None:
    method, data = of(kind, **SGD), batches()
    for number in range(3):
        loss, parameters = plain_loss(method, number, data[number][0])
        expected = [p - 0.1 * g for p, g in zip(parameters, torch.autograd.grad(loss, parameters), strict=True)]
        said = method.step(number, 0.0, data)
        assert said["loss"].item() == pytest.approx(loss.item(), rel=1e-5)
        for found, right in zip(method.pair.parameters(), expected, strict=True):
            torch.testing.assert_close(found.double(), right, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_an_encoder_is_given_bytes_if_it_takes_them_and_nothing_is_added(kind: str) -> None:
    method, given = of(kind), []
    method.encoder.register_forward_pre_hook(lambda _, x: given.append(x[0].dtype))
    method.step(0, 0.0, batches())
    assert given == [torch.float32 if kind in ("denoising", "convolutional") else torch.uint8]


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns(kind: str) -> None:
    images = np.zeros((16, *SHAPE), np.uint8)
    images[:8, :, :, :4] = images[8:, :, :, 4:] = 255  # two things to tell apart
    data, method = Batches(images, np.zeros(16, np.int64), 16, seed=0), of(kind, **{"autoencoder.optimiser.lr": 0.01})
    before = method.step(0, 0.0, data)["loss"]
    for number in range(1, 120):
        after = method.step(number, 0.0, data)["loss"]
    assert after < 0.75 * before
    assert after.isfinite()


def test_a_schedule_slows_it_down() -> None:
    moves = []
    for progress in (0.0, 0.5):
        method = of("plain", schedule="linear", **SGD)
        before = deepcopy(method.pair)
        method.step(0, progress, batches())
        pairs = zip(method.pair.parameters(), before.parameters(), strict=True)
        moves.append(sum((a - b).norm().item() for a, b in pairs))
    assert moves[1] / moves[0] == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_it_goes_on_bit_for_bit_from_its_state(kind: str) -> None:
    whole, half = of(kind), of(kind)
    for number in range(4):
        whole.step(number, 0.0, batches())
        half.step(number, 0.0, batches())
    again = of(kind, seed=1)
    again.config = half.config  # other weights, the same draws
    again.load({name: {key: value.clone() for key, value in part.items()} for name, part in half.state().items()})
    for number in range(4, 8):
        said = [method.step(number, 0.0, batches()) for method in (whole, again)]
        assert said[0] == said[1]
    states = [method.state() for method in (whole, again)]
    assert states[0].keys() == states[1].keys() == {"encoder", "decoder", "codes", "optimisers"}
    for name, part in states[0].items():
        assert part.keys() == states[1][name].keys()
        assert part
        assert all(torch.equal(value, states[1][name][key]) for key, value in part.items())


def test_a_sheet_is_pairs_of_what_is_seen_and_what_comes_back() -> None:
    data, method = batches(), of("plain")
    sheet = method.sheet(9, None, data)
    first = torch.from_numpy(data.images[:4]).float() / 127.5 - 1
    torch.testing.assert_close(sheet[::2], first)
    torch.testing.assert_close(sheet[1::2], to_images(method.decoder(method.encoder(first).mean)))
    noisy = of("denoising").sheet(8, None, data)
    assert torch.equal(noisy, of("denoising").sheet(8, None, data))
    assert (noisy[::2] - first).std() > 0.3
    assert len(method.sheet(64, None, batches(20, 4))) == 64  # more than there are images
    assert method.pair.training


# --- the maths --------------------------------------------------------------------------------------------------------


def test_the_loss_of_an_image_is_the_mean_over_its_pixels_or_a_bound_in_nats() -> None:
    logits, images, mean, log_variance = torch.randn(3, 1, 2, 2), torch.rand(3, 1, 2, 2) * 2 - 1, *torch.randn(2, 3, 4)
    entropy = -torch.distributions.Bernoulli(logits=logits, validate_args=False).log_prob((images + 1) / 2)
    plain = losses(Code(mean), logits, images)
    assert plain.keys() == {"loss"}
    torch.testing.assert_close(plain["loss"], entropy.mean((1, 2, 3)))
    bound = losses(Code(mean, log_variance), logits, images, beta=3.0)
    torch.testing.assert_close(bound["reconstruction_loss"], entropy.sum((1, 2, 3)))
    torch.testing.assert_close(bound["kl_loss"], divergence(mean, log_variance))
    torch.testing.assert_close(bound["loss"], bound["reconstruction_loss"] + 3 * bound["kl_loss"])


def test_the_divergence_is_that_of_torch() -> None:
    mean, log_variance = 3 * torch.randn(2, 50, 7, dtype=torch.float64)
    one = Normal(torch.zeros(7, dtype=torch.float64), torch.ones(7, dtype=torch.float64))
    expected = kl_divergence(Normal(mean, (log_variance / 2).exp()), one).sum(1)
    torch.testing.assert_close(divergence(mean, log_variance), expected)
    assert divergence(torch.zeros(1, 7), torch.zeros(1, 7)).item() == 0


def test_noise_has_the_level_it_says_and_is_clipped() -> None:
    grey = torch.zeros(50, 1, 20, 20)
    noise = torch.randn(grey.shape, generator=torch.Generator().manual_seed(0))
    noisy = corrupted(grey, 0.1, noise)
    assert (noisy / 2).std().item() == pytest.approx(0.1, rel=0.03)  # of a range of 1; images have one of 2
    assert abs(noisy.mean()) < 0.01
    assert corrupted(grey, 0.0, None) is grey
    dark = corrupted(grey - 1, 0.5, noise)
    assert dark.min() == -1
    assert (dark == -1).float().mean().item() == pytest.approx(0.5, abs=0.02)
    assert (dark == 1).float().mean().item() == pytest.approx(0.0228, abs=0.005)  # beyond two standard deviations


def test_noise_is_another_in_every_step() -> None:
    method, seen = of("denoising"), []
    method.encoder.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    black = Batches(np.zeros((16, *SHAPE), np.uint8), np.zeros(16, np.int64), 16, seed=0)
    for number in (0, 1, 0):
        method.step(number, 0.0, black)
    assert torch.equal(seen[0], seen[2])
    assert not torch.equal(seen[0], seen[1])


def test_codes_are_drawn_with_the_mean_and_variance_they_have() -> None:
    mean, log_variance = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, -2.0]])
    unit = torch.randn(40_000, 2, generator=torch.Generator().manual_seed(0))
    z = drawn(Code(mean.expand(40_000, -1), log_variance.expand(40_000, -1)), unit)
    torch.testing.assert_close(z.mean(0), mean[0], rtol=0, atol=0.03)
    torch.testing.assert_close(z.var(0).log(), log_variance[0], rtol=0, atol=0.05)
    assert drawn(Code(mean), None) is mean


# --- the Gaussian that new codes are drawn from -----------------------------------------------------------------------


def test_moments_are_those_of_all_the_codes_at_once() -> None:
    codes = torch.randn(200, 5) @ torch.randn(5, 5) + 10
    of_codes = Gaussian(5)
    for i, part in enumerate(codes.split(20)):
        of_codes.update(part, decay=i / (i + 1))
    torch.testing.assert_close(of_codes.mean, codes.mean(0))
    torch.testing.assert_close(of_codes.covariance, torch.cov(codes.T, correction=0), rtol=1e-4, atol=1e-4)


def test_moments_are_moving_averages_of_the_codes_and_their_products() -> None:
    of_codes, first, second = Gaussian(3), torch.zeros(3), torch.zeros(3, 3)
    for i in range(6):
        codes = torch.randn(8, 3) + i
        decay = 0.7 if i else 0.0
        of_codes.update(codes, decay)
        first = decay * first + (1 - decay) * codes.mean(0)
        second = decay * second + (1 - decay) * codes.T @ codes / 8
    torch.testing.assert_close(of_codes.mean, first)
    torch.testing.assert_close(of_codes.covariance, second - torch.outer(first, first), rtol=1e-4, atol=1e-4)


def test_training_follows_the_codes_and_a_variational_one_keeps_its_prior() -> None:
    method = of("plain", **{"autoencoder.optimiser.lr": 1e-9})  # codes that stay
    data = batches(16)
    for number in range(20):
        method.step(number, 0.0, data)
    codes = method.encoder(data[0][0]).mean
    torch.testing.assert_close(method.codes.mean, codes.mean(0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(method.codes.covariance, torch.cov(codes.T, correction=0), rtol=1e-3, atol=1e-5)
    other = of("variational")
    other.step(0, 0.0, data)
    assert torch.equal(other.codes.mean, torch.zeros(2))
    assert torch.equal(other.codes.covariance, torch.eye(2))


def test_the_root_squared_is_the_covariance_also_where_a_number_is_always_zero() -> None:
    of_codes = Gaussian(4)
    codes = torch.randn(50, 4)
    codes[:, 2] = 0
    of_codes.update(codes, 0.0)
    root = of_codes.root()
    assert torch.equal(root, root.T) or torch.allclose(root, root.T, atol=1e-7)
    torch.testing.assert_close(root @ root, of_codes.covariance, rtol=1e-4, atol=1e-6)
    assert Gaussian(3).root().equal(torch.eye(3))


def test_new_codes_have_the_moments_of_the_old_and_images_are_their_pixels() -> None:
    of_codes = Gaussian(3)
    of_codes.mean = torch.tensor([1.0, 2.0, 3.0])
    of_codes.covariance = torch.tensor([[2.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 0.5]])
    made = Generator(nn.Unflatten(1, (3, 1, 1)), of_codes)(torch.randn(40_000, 3))
    assert made.abs().max() <= 1
    codes = torch.logit((made[:, :, 0, 0].double() + 1) / 2)
    torch.testing.assert_close(codes.mean(0), of_codes.mean.double(), rtol=0, atol=0.03)
    torch.testing.assert_close(torch.cov(codes.T), of_codes.covariance.double(), rtol=0, atol=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_restored_is_what_was_trained(kind: str) -> None:
    method = of(kind)
    method.step(0, 0.0, batches())
    made = restore(networks(method.config, find.recipe(method.config)), method.state(), raw=False)
    assert made.keys() == {"encoder", "decoder", "generator"}
    x, z = batches()[1][0], torch.randn(4, method.config.latent.size)
    code = made["encoder"](x).mean
    torch.testing.assert_close(code, method.encoder(x).mean)
    torch.testing.assert_close(made["decoder"](code), method.decoder(code))
    expected = z if kind == "variational" else method.codes.mean + z @ method.codes.root()
    torch.testing.assert_close(made["generator"](z, None), 2 * torch.sigmoid(method.decoder(expected)) - 1)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("plain", {"autoencoder.beta": 2}, r"autoencoder\.beta = 2\.0: the codes of 'dense_autoencoder' are no Gauss"),
        ("plain", {"latent.distribution": "uniform"}, r"latent\.distribution = 'uniform': of an autoencoder, 'normal'"),
        ("convolutional", {"latent.size": 7}, r"maps of 2 x 2 here; latent\.size is a multiple of 4, not 7"),
        ("convolutional", {"latent.size": 2}, r"maps of 2 x 2 here; latent\.size is a multiple of 4, not 2"),
    ],
)
def test_settings_that_contradict_each_other(kind: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        of(kind, **fields)


class Wrong(nn.Module):
    """An encoder and a decoder of sizes of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Code | Tensor:
        return Code(torch.zeros(len(x), 5)) if x.ndim == 4 else torch.zeros(len(x), 1, 9, 8)


def test_networks_that_do_not_fit() -> None:
    method = of("plain")
    gan = {"generator": nn.Linear(1, 1), "discriminator": nn.Linear(1, 1)}
    with pytest.raises(RequestError, match="has an encoder and a decoder; model 'dense_autoencoder' has generator, di"):
        Autoencoder(method.config, dict(gan))
    longer = method.config.override({"latent.size": 6})
    with pytest.raises(RequestError, match=r"codes have 5 numbers, latent\.size is 6"):
        Autoencoder(longer, {"encoder": method.encoder, "decoder": method.decoder})
    with pytest.raises(RequestError, match=r"makes images of \(1, 9, 8\); those of the data are \(1, 8, 8\)"):
        Autoencoder(method.config, {"encoder": Wrong(), "decoder": Wrong()})
