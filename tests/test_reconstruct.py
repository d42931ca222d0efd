"""What a trained autoencoder makes of images: functions of a run, images and a seed."""

import math
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Normal
from torch.nn.functional import binary_cross_entropy_with_logits

import elegans
from elegans import Config, Model, RequestError, seeds
from elegans.methods.autoencoder import divergence
from elegans.reconstruct import (
    BLOCK,
    encode,
    figure,
    importance_weighted,
    inputs,
    measure,
    reconstruct,
    split,
    variational,
)

FIELDS = {"data.name": "rings", "data.n": 300, "data.classes": 4}


def trained(recipe: str, folder: Path, **fields: object) -> Model:
    run = elegans.train(recipe, run=folder, steps=3, batch=16, quiet=True, fields=FIELDS | fields)
    return elegans.load(run)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return trained("autoencoder", tmp_path_factory.mktemp("plain") / "run")


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Model:
    fields = {"model.widths": [4, 3], "latent.size": 32}
    return trained("denoising-autoencoder", tmp_path_factory.mktemp("noisy") / "run", **fields)


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return trained("vae", tmp_path_factory.mktemp("vae") / "run", **{"autoencoder.beta": 2.0})


@pytest.fixture(scope="module")
def images(plain: Model) -> np.ndarray:
    return split(plain.config)[0]


def floats(images: np.ndarray) -> torch.Tensor:
    """In [0, 1], [n, c, h, w]."""
    return torch.from_numpy(images.astype(np.float32)).permute(0, 3, 1, 2) / 255


def test_codes_are_those_of_the_encoder(plain: Model, vae: Model, images: np.ndarray) -> None:
    for model, size in ((plain, 32), (vae, 2)):
        codes = encode(model, images)
        assert (codes.dtype, codes.shape) == (np.float32, (len(images), size))
        assert len(images) > BLOCK
        expected = model.networks["encoder"](2 * floats(images) - 1).mean
        torch.testing.assert_close(torch.from_numpy(codes), expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(model.encode(images), codes)
        np.testing.assert_array_equal(model.reconstruct(images), reconstruct(model, images))
    assert variational(vae)
    assert not variational(plain)


def test_a_reconstruction_is_the_decoded_code(plain: Model, vae: Model, images: np.ndarray) -> None:
    for model in (plain, vae):
        back = reconstruct(model, images)
        assert (back.dtype, back.shape) == (np.uint8, images.shape)
        pixels = torch.sigmoid(model.networks["decoder"](torch.from_numpy(encode(model, images))))
        expected = (255 * pixels).permute(0, 2, 3, 1).numpy()
        assert np.abs(back - expected).max() < 0.51
        assert np.array_equal(back, reconstruct(model, images))


def test_inputs_are_as_noisy_as_in_training(plain: Model, noisy: Model, images: np.ndarray) -> None:
    assert np.array_equal(inputs(plain, images), images)
    seen = inputs(noisy, images)
    assert np.array_equal(seen, inputs(noisy, images))
    assert not np.array_equal(seen, inputs(noisy, images, seed=1))
    assert np.array_equal(seen[:3], inputs(noisy, images[:3]))
    grey = np.full((40, 28, 28, 1), 128, np.uint8)
    beyond = (inputs(noisy, grey) == 255).mean()
    assert beyond == pytest.approx(0.1587, abs=0.01)  # noise of 0.5 on 0.5: a standard deviation to the end


def test_a_plain_model_is_measured_by_the_mean_over_pixels(plain: Model, images: np.ndarray) -> None:
    measured = measure(plain, images)
    x = floats(images)
    logits = plain.networks["decoder"](plain.networks["encoder"](2 * x - 1).mean)
    assert measured.keys() == {"loss", "psnr"}
    assert measured["loss"] == pytest.approx(binary_cross_entropy_with_logits(logits, x).item(), rel=1e-5)
    error = (torch.sigmoid(logits) - x).square().mean().item()
    assert measured["psnr"] == pytest.approx(10 * math.log10(1 / error), abs=1e-3)


def test_a_denoising_model_is_measured_against_the_clean_images(noisy: Model, images: np.ndarray) -> None:
    measured, clean = measure(noisy, images, seed=3), floats(images)
    assert measured == measure(noisy, images, seed=3)
    assert measured != measure(noisy, images, seed=4)
    seen = floats(inputs(noisy, images, seed=3))  # rounded to bytes: close, not the same
    logits = noisy.networks["decoder"](noisy.networks["encoder"](2 * seen - 1).mean)
    expected = {
        "loss": binary_cross_entropy_with_logits(logits, clean).item(),
        "psnr": -10 * math.log10((torch.sigmoid(logits) - clean).square().mean().item()),
        "noisy_psnr": -10 * math.log10((seen - clean).square().mean().item()),
    }
    assert measured == pytest.approx(expected, rel=2e-3)


def test_a_variational_model_is_measured_by_its_bound(vae: Model, images: np.ndarray) -> None:
    measured, x = measure(vae, images, seed=5), floats(images)
    code = vae.networks["encoder"](2 * x - 1)
    blocks = range(0, len(x), BLOCK)
    shapes = [code.mean[i : i + BLOCK].shape for i in blocks]
    noise = [torch.randn(s, generator=seeds.generator(5, i, "measured codes")) for i, s in enumerate(shapes)]
    z = code.mean + (code.log_variance / 2).exp() * torch.cat(noise)
    of_pixels = 784 * binary_cross_entropy_with_logits(vae.networks["decoder"](z), x).item()
    away = divergence(code.mean, code.log_variance).mean().item()
    assert measured["reconstruction_loss"] == pytest.approx(of_pixels, rel=1e-5)
    assert measured["kl_loss"] == pytest.approx(away, rel=1e-4)
    assert measured["loss"] == pytest.approx(of_pixels + 2 * away, rel=1e-5)  # its beta
    still = torch.sigmoid(vae.networks["decoder"](code.mean))
    assert measured["psnr"] == pytest.approx(-10 * math.log10((still - x).square().mean().item()), abs=1e-3)


def test_the_importance_weighted_bound(vae: Model, plain: Model, images: np.ndarray) -> None:
    """With one code it is the loss with a beta of 1; with more it falls, ever more slowly."""
    x = floats(images)
    code = vae.networks["encoder"](2 * x - 1)
    expected = []
    for i in range(3):
        noise = torch.cat(
            [
                torch.randn(code.mean[j : j + BLOCK].shape, generator=seeds.generator(5, b, f"weighted codes {i}"))
                for b, j in enumerate(range(0, len(x), BLOCK))
            ]
        )
        z = code.mean + (code.log_variance / 2).exp() * noise
        pixels = binary_cross_entropy_with_logits(vae.networks["decoder"](z), x, reduction="none").flatten(1).sum(1)
        prior, posterior = Normal(0.0, 1.0), Normal(code.mean, (code.log_variance / 2).exp())
        expected.append(prior.log_prob(z).sum(1) - posterior.log_prob(z).sum(1) - pixels)
    for k in (1, 3):
        bound = -(torch.stack(expected[:k]).logsumexp(0) - math.log(k)).mean().item()
        assert importance_weighted(vae, images, seed=5, k=k) == pytest.approx(bound, rel=1e-5)
    falls = [importance_weighted(vae, images, seed=1, k=k) for k in (1, 8, 64)]
    assert falls[0] > falls[1] > falls[2]
    with pytest.raises(RequestError, match="are no Gaussians"):
        importance_weighted(plain, images)


def test_the_bound_is_exact_where_the_code_says_nothing(vae: Model, images: np.ndarray) -> None:
    """A decoder that ignores its input: log p(x) is known, whatever the encoder makes of it."""
    before, x = dict(vae.networks), floats(images)
    encoder = vae.networks["encoder"] = deepcopy(vae.networks["encoder"])
    vae.networks["decoder"] = nn.Sequential(nn.Flatten(), nn.Linear(2, 784), nn.Unflatten(1, (1, 28, 28)))
    with torch.no_grad():
        for parameter in vae.networks["decoder"].parameters():
            parameter.zero_()
        for parameter in encoder.code.parameters():
            parameter.mul_(0.3)  # codes so near to the prior that a thousand draws of them meet it
    try:
        exact = 784 * math.log(2)
        assert x.shape[1:] == (1, 28, 28)
        found = [importance_weighted(vae, images, k=k) - exact for k in (1, 1000)]
    finally:
        vae.networks |= before
    assert found[0] > 10 * abs(found[1])
    assert abs(found[1]) < 0.05


@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (28, 28, 1), (0, 28, 28, 1), (2, 28, 28, 3)], ids=str)
def test_images_of_another_shape(plain: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(RequestError, match=r"this model takes uint8 \[n, 28, 28, 1\], at least one"):
        encode(plain, np.zeros(shape, np.uint8))


def test_a_gan_has_no_encoder(tmp_path: Path, images: np.ndarray) -> None:
    gan = trained("intro", tmp_path / "run")
    for ask in (
        lambda: encode(gan, images),
        lambda: reconstruct(gan, images),
        lambda: measure(gan, images),
        lambda: variational(gan),
    ):
        with pytest.raises(RequestError, match=r"'intro' is a gan: it has no encoder.*elegans train autoencoder"):
            ask()


# --- the figure -------------------------------------------------------------------------------------------------------


def test_a_figure_has_rows_of_images_and_of_codes() -> None:
    originals = np.full((3, 28, 28, 1), 100, np.uint8)
    back = np.full((3, 28, 28, 1), 200, np.uint8)
    codes = np.zeros((3, 8), np.float32)
    codes[1, 0], codes[2, 7] = 1, 0.5
    made = figure([originals, back], codes)
    assert made.shape == (3 * 88 + 4, 3 * 88 + 4, 1)
    assert (made[4:88, 4:88] == 100).all()
    assert (made[92:176, 4:88] == 200).all()
    # 2 x 4 fields of 21 pixels, in the middle
    assert (made[180:264, 4:88] == 0).all()
    second, third = made[180:264, 92:176, 0], made[180:264, 180:264, 0]
    assert (second[21:42, :21] == 255).all()
    assert second.sum() == 21 * 21 * 255
    assert (third[42:63, 63:] == 128).all()
    assert third.sum() == 21 * 21 * 128
    assert figure([originals, originals, back], codes).shape == (4 * 88 + 4, 3 * 88 + 4, 1)


@pytest.mark.parametrize("size", [1, 2, 7, 128, 500])
def test_codes_of_any_size_are_drawn(size: int) -> None:
    image, codes = np.zeros((2, 28, 28, 3), np.uint8), np.arange(2 * size, dtype=np.float32).reshape(2, size)
    made = figure([image], codes)
    assert made.shape == (2 * 88 + 4, 2 * 88 + 4, 3)
    assert made.max() > 200
    assert figure([image], np.zeros((2, size), np.float32)).max() == 0


def test_maps_stay_whole() -> None:
    """Two maps of 3 x 2, side by side, in fields of 84 / 4 pixels."""
    code = np.arange(12, dtype=np.float32)
    made = figure([np.zeros((1, 28, 28, 1), np.uint8)], code[None], maps=(2, 3, 2))[92:176, 4:88, 0]
    fields = made[10 + (84 - 63) // 2 : 10 + 63 : 21, 10::21]
    expected = np.array([[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11]])
    assert np.array_equal(fields, np.rint(expected * (255 / 11)))


# --- the images of a run ----------------------------------------------------------------------------------------------


def test_a_set_that_is_not_divided_gives_the_images_of_the_training(plain: Model) -> None:
    images, labels, which = split(plain.config, "test")
    assert (images.shape, labels.shape) == ((300, 28, 28, 1), (300,))
    assert which == "300 training images of rings"


def test_a_set_that_is_divided_gives_the_part_that_is_asked_for(full_data: Path) -> None:
    config = Config().override({"data.name": "mnist", "data.root": str(full_data), "model.shape": (1, 28, 28)})
    assert split(config)[2] == "10,000 test images of mnist"
    images, labels, which = split(config, "train")
    assert (len(images), len(labels), which) == (60_000, 60_000, "60,000 train images of mnist")


def test_images_that_changed_their_shape(plain: Model) -> None:
    config = plain.config.override({"data.size": 32})
    with pytest.raises(RequestError, match=r"the images of 'rings' are \(1, 32, 32\) now, not \(1, 28, 28\)"):
        split(config)
