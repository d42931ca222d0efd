"""From an image back to its latent: what a model made is found again, with its class, the same at every call."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import elegans
from elegans import Model, RequestError, Run
from elegans.cli import main
from elegans.config import Config
from elegans.images import Bytes, png
from elegans.invert import invert, negative, read
from elegans.methods.autoencoder import Gaussian
from elegans.methods.autoencoder import Generator as Decoder
from elegans.models._codes import Code

FIELDS = {"data.name": "rings", "data.n": 64, "data.classes": 4, "every.save": 30, "latent.size": 12}
SMALL = {"model.width": 8, "model.discriminator_width": 8}
SHAPE, LATENT = (1, 4, 6), 5


class Waves(nn.Module):
    """A smooth generator that any test knows by heart; each class has a pattern of its own."""

    def __init__(self, classes: int = 3, scale: float = 0.3) -> None:
        super().__init__()
        draw = torch.Generator().manual_seed(0)
        self.mix = nn.Parameter(scale * torch.randn(LATENT, 24, generator=draw), requires_grad=False)
        self.patterns = nn.Parameter(torch.randn(max(classes, 1), 24, generator=draw), requires_grad=False)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        pattern = self.patterns[torch.zeros(len(z), dtype=torch.int64) if y is None else y]
        return torch.tanh(z @ self.mix + pattern).view(-1, *SHAPE)


def waves(classes: int = 3, distribution: str = "normal", **settings: Any) -> Model:
    fields = {"model.shape": SHAPE, "model.classes": classes, "latent.size": LATENT}
    config = Config().override(fields | {"latent.distribution": distribution})
    return Model(config, {"generator": Waves(classes, **settings)}, 0)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A briefly trained run with four labels."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    return elegans.train("demo", run=folder, steps=30, batch=16, quiet=True, fields=FIELDS | SMALL)


@pytest.mark.parametrize("k", range(3))
def test_what_the_model_made_is_found_with_its_label_and_its_latent(k: int) -> None:
    model = waves()
    z = model.latents(1, 7)
    image = model.generate(z, torch.tensor([k]))[0]
    found = invert(model, image)
    assert found.label == k
    assert found.errors[-1] < 2
    assert (found.z - z[0]).abs().max() < 0.2  # 24 pixels say where five numbers are
    assert np.array_equal(model.generate(found.z.unsqueeze(0), torch.tensor([k]))[0], found.images[-1])


def test_a_trained_run_finds_its_own_images_again(demo: Run) -> None:
    model = elegans.load(demo)
    for k in (1, 3):
        image = model.sample(1, seed=8, labels=k)[0]
        found = invert(model, image, steps=100)
        assert found.label == k
        assert found.errors[-1] < 5


def test_the_way_is_said_image_by_image() -> None:
    model = waves()
    image = model.sample(1, seed=3)[0]
    found = invert(model, image, steps=40)
    assert found.images.shape == (41, 4, 6, 1)
    assert np.array_equal(found.target, image)
    for made, error in zip(found.images, found.errors, strict=True):
        assert error == pytest.approx(np.sqrt(np.mean((made.astype(float) - image) ** 2)))
    assert found.errors[-1] < found.errors[0]
    assert found.z.shape == (LATENT,)
    assert not found.z.requires_grad


def test_the_seed_decides_and_nothing_else() -> None:
    model = waves(0)
    image = np.full((4, 6, 1), 90, np.uint8)
    first = invert(model, image, steps=5, seed=1)
    torch.manual_seed(5)
    again, other = invert(model, image, steps=5, seed=1), invert(model, image, steps=5, seed=2)
    assert torch.equal(first.z, again.z)
    assert not torch.equal(first.z, other.z)
    assert first.label == -1


def test_a_label_that_is_given_is_kept() -> None:
    model = waves()
    image = model.sample(1, labels=2)[0]
    asked, free = invert(model, image, label=0), invert(model, image)
    assert (asked.label, free.label) == (0, 2)
    assert asked.errors[-1] > free.errors[-1]


@pytest.mark.parametrize(("distribution", "low"), [("uniform", -1.0), ("unit", 0.0)])
def test_a_bounded_latent_stays_within_its_bounds(distribution: str, low: float) -> None:
    model = waves(0, distribution, scale=0.05)
    found = invert(model, np.full((4, 6, 1), 255, np.uint8))  # which it cannot make
    assert found.z.min() >= low
    assert found.z.max() <= 1
    assert ((found.z == low) | (found.z == 1)).any()


def test_an_image_that_says_nothing_leaves_the_likeliest_latent() -> None:
    model = waves(0, scale=0.0)  # its images do not depend on the latent
    found = invert(model, np.zeros((4, 6, 1), np.uint8))
    assert found.z.abs().max() < 0.05


class Reading(nn.Module):
    """The exact encoder of a decoder without curvature."""

    def __init__(self, decoder: nn.Linear) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, x: Tensor) -> Code:
        logits = 2 * torch.atanh(x.flatten(1).clamp(-0.999, 0.999))
        return Code((logits - self.decoder.bias) @ torch.linalg.pinv(self.decoder.weight).T, None)


def test_an_autoencoder_begins_at_its_own_code() -> None:
    torch.manual_seed(0)
    linear, codes = nn.Linear(LATENT, 24), Gaussian(LATENT)
    codes.mean.copy_(torch.randn(LATENT))
    spread = torch.randn(LATENT, LATENT)
    codes.covariance.copy_(spread @ spread.T)
    generator = Decoder(nn.Sequential(linear, nn.Unflatten(1, SHAPE)), codes)
    config = Config().override({"model.shape": SHAPE, "model.classes": 0, "latent.size": LATENT})
    model = Model(config, {"encoder": Reading(linear), "generator": generator.requires_grad_(False)}, 0)
    code = codes.mean + 2 * spread @ torch.ones(LATENT)
    image = model.generate(((code - generator.mean) @ torch.linalg.inv(generator.root)).unsqueeze(0))[0]
    found = invert(model, image, steps=1)
    assert found.errors[0] < 1
    without = Model(config, {"generator": Waves(0)}, 0)
    assert invert(without, image, steps=1).errors[0] > 5


# --- files and the command --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(4, 6), (40, 60), (300, 50), (2, 3)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16"])
def test_any_image_file_fits(mode: str, size: tuple[int, int], tmp_path: Path) -> None:
    Image.new("L", size[::-1], 200).convert("L" if mode == "I;16" else mode).save(tmp_path / "image.png")
    image = read(tmp_path / "image.png", waves())
    assert image.shape == (4, 6, 1)
    assert image.dtype == np.uint8
    assert abs(int(image[2, 3, 0]) - (255 if mode == "1" else 200)) <= 1 or mode == "1"


def test_an_image_of_the_models_size_is_read_as_it_is(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 256, (28, 28, 1), np.uint8)
    (tmp_path / "image.png").write_bytes(png(image))
    config = Config().override({"model.shape": (1, 28, 28), "model.classes": 0, "latent.size": LATENT})
    assert np.array_equal(read(tmp_path / "image.png", Model(config, {"generator": Waves()}, 0)), image)


def test_the_middle_is_kept(tmp_path: Path) -> None:
    image = np.zeros((6, 6, 1), np.uint8)
    image[1:5] = 255
    (tmp_path / "image.png").write_bytes(png(image))
    assert read(tmp_path / "image.png", waves()).min() == 255


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"nowhere\.png cannot be read"):
        read(tmp_path / "nowhere.png", waves())
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(RequestError, match=r"text\.png cannot be read: it is no image"):
        read(tmp_path / "text.png", waves())
    with pytest.raises(RequestError, match="cannot be read"):
        read(tmp_path, waves())


@pytest.mark.parametrize(
    ("image", "options", "message"),
    [
        (np.zeros((6, 4, 1), np.uint8), {}, "the image is 6 x 4 x 1 and the model's are 4 x 6 x 1"),
        (np.zeros((4, 6, 1), np.uint8), {"steps": 0}, "--steps 0: at least one"),
        (np.zeros((4, 6, 1), np.uint8), {"label": 3}, "no label 3; the labels are 0 to 2"),
    ],
)
def test_what_cannot_be_is_refused(image: Bytes, options: dict[str, int], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        invert(waves(), image, **options)


def test_a_negative_is_noticed() -> None:
    model = waves(0)
    model.generator.patterns.fill_(-2.0)  # dark images
    image = model.sample(1, seed=5)[0]
    assert not negative(model, image)
    assert negative(model, 255 - image)
    assert not negative(model, np.full((4, 6, 1), 128, np.uint8))  # neither is nearer


@pytest.fixture(scope="module")
def picture(demo: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with an image that the run made, of label 2."""
    file = tmp_path_factory.mktemp("picture") / "image.png"
    file.write_bytes(png(elegans.load(demo).sample(1, seed=4, labels=2)[0]))
    return file


def command(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return int(str(caught.value.code))


@pytest.mark.parametrize("ending", ["gif", "png", "npz"])
def test_the_command_writes_what_is_asked_for(
    ending: str, demo: Run, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / f"out.{ending}"
    assert command("invert", demo.path, picture, "--out", out, "--steps", 50, "--seed", 1) == 0
    said = capsys.readouterr().out
    assert said.startswith("label 2, RMSE ")
    assert f"of 255 after 50 steps, in {out}" in said
    if ending == "npz":
        with np.load(out) as arrays:
            assert arrays["z"].shape == (12,)
            assert arrays["label"] == 2
            assert arrays["image"].shape == arrays["target"].shape == (28, 28, 1)
        return
    with Image.open(out) as shown:
        assert shown.width > 1.9 * shown.height  # side by side
        assert 20 < getattr(shown, "n_frames", 1) <= 41 or ending == "png"  # equal frames are stored once


def test_the_command_without_a_file(demo: Run, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("invert", demo.path, picture, "--label", 1, "--steps", 2) == 0
    assert capsys.readouterr().out.startswith("label 1, RMSE ")


def test_a_negative_is_hinted_at_and_can_be_exchanged(
    demo: Run, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("elegans.invert.negative", lambda *_: True)
    assert command("invert", demo.path, picture, "--steps", 1) == 0
    assert "try --negative" in capsys.readouterr().out
    with Image.open(picture) as image:
        Image.fromarray(255 - np.asarray(image)).save(tmp_path / "negative.png")
    out = tmp_path / "a.npz"
    assert command("invert", demo.path, tmp_path / "negative.png", "--negative", "--steps", 1, "--out", out) == 0
    assert "--negative" not in capsys.readouterr().out
    with Image.open(picture) as image, np.load(out) as arrays:
        assert np.array_equal(arrays["target"][..., 0], np.asarray(image))


def test_other_endings_are_refused_before_anything_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("invert", "nowhere", "image.png", "--out", "a.txt") == 2
    assert "the name ends in .gif, .png or .npz" in capsys.readouterr().err
