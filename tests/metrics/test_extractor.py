"""The shipped classifiers are what was shipped, know their images, and see each image as it is."""

import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

from elegans import find
from elegans.data import mnist, mnist5k
from elegans.errors import Failure, RequestError
from elegans.metrics import _extractor
from elegans.metrics._extractor import Classifier, Extractor, extractor, load

FOLDER = Path(_extractor.__file__).parent
SHIPPED = sorted(path.stem for path in FOLDER.glob("*.safetensors"))
LEAST = {"mnist": 0.994, "fashion": 0.93, "cifar10": 0.88}


def digits(n: int) -> np.ndarray:
    return mnist5k.build()[0][:n]


def untrained(channels: int, size: int) -> Extractor:
    torch.manual_seed(0)
    return Extractor("untrained", "", 0.0, (channels, size, size), Classifier(channels, (4, 5, 6, 7), 3))


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_loads(name: str) -> None:
    path = FOLDER / f"{name}.safetensors"
    found = load(name)
    assert (found.name, found.sha256) == (name, sha256(path.read_bytes()).hexdigest())
    assert LEAST[name] <= found.accuracy < 1
    with safe_open(path, "pt") as file:
        assert {file.get_tensor(key).dtype for key in file.keys()} == {torch.float16}  # noqa: SIM118
    assert {weight.dtype for weight in found.network.state_dict().values()} == {torch.float32}
    features, logits = found.see(np.zeros((2, *found.shape), np.uint8))
    assert features.dtype == logits.dtype == np.float32
    assert 96 <= features.shape[1] <= 128
    assert logits.shape == (2, 10)


def test_they_stay_small() -> None:
    assert "mnist" in SHIPPED
    assert (FOLDER / "mnist.safetensors").stat().st_size < 600_000
    assert sum((FOLDER / f"{name}.safetensors").stat().st_size for name in SHIPPED) < 6_000_000


@pytest.mark.parametrize("name", ["mnits", "../metrics/mnist", "", "Mnist"])
def test_an_unknown_one_is_said(name: str) -> None:
    with pytest.raises(RequestError, match=r"there is no extractor '.*(did you mean 'mnist'|there are: .*mnist)") as e:
        load(name)
    assert "\n" not in str(e.value)


@pytest.mark.parametrize("damage", ["first", "middle", "last", "short", "empty", "no hash", "empty hash", "other hash"])
def test_a_damaged_package_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    for path in FOLDER.glob("mnist.*"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(_extractor, "_HERE", tmp_path)
    load("mnist")
    weights, digest = tmp_path / "mnist.safetensors", tmp_path / "mnist.sha256"
    content = bytearray(weights.read_bytes())
    if damage in ("first", "middle", "last"):
        content[{"first": 0, "middle": len(content) // 2, "last": -1}[damage]] ^= 1
        weights.write_bytes(content)
    elif damage in ("short", "empty"):
        weights.write_bytes(content[: -2 if damage == "short" else 0])
    elif damage == "no hash":
        digest.unlink()
    else:
        digest.write_text("" if damage == "empty hash" else f"{'0' * 64}  mnist.safetensors\n")
    with pytest.raises(Failure, match=r"mnist\.safetensors is not what was shipped: install elegans again") as error:
        load("mnist")
    assert "\n" not in str(error.value)


def test_a_file_of_something_else_with_its_right_hash_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mnist.safetensors").write_bytes(b"no tensors")
    (tmp_path / "mnist.sha256").write_text(sha256(b"no tensors").hexdigest())
    monkeypatch.setattr(_extractor, "_HERE", tmp_path)
    with pytest.raises(Failure, match="install elegans again"):
        load("mnist")


def test_it_knows_the_digits_of_the_package() -> None:
    images, labels = mnist5k.build()
    features, logits = load("mnist").see(images)
    assert (logits.argmax(1) == labels).mean() >= 0.99
    assert features.min() == 0  # they are taken after the last ReLU


@pytest.mark.full
def test_it_knows_digits_it_was_not_trained_on(full_data: Path) -> None:
    images, labels = mnist.build(str(full_data), "test")
    judge = load("mnist")
    accuracy = (judge.see(images)[1].argmax(1) == labels).mean()
    assert accuracy >= 0.994
    assert accuracy == pytest.approx(judge.accuracy, abs=2e-4)  # elsewhere two may fall otherwise


@pytest.mark.parametrize("most", [1, 7, 256])
def test_an_image_is_seen_alike_in_any_company(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    judge, images = load("mnist"), digits(300)
    whole = judge.see(images)
    assert all((a == b).all() for a, b in zip(whole, judge.see(images), strict=True))
    monkeypatch.setattr(_extractor, "_IMAGES", most)
    order = np.random.default_rng(0).permutation(300)
    for once, again in zip(whole, judge.see(images[order]), strict=True):
        np.testing.assert_allclose(again, once[order], rtol=1e-5, atol=1e-4)


def test_a_block_stays_small_however_large_the_images_are(monkeypatch: pytest.MonkeyPatch) -> None:
    judge, sizes = untrained(1, 8), []
    monkeypatch.setattr(_extractor, "_VALUES", 3000)
    judge.network.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    images = np.random.default_rng(0).integers(0, 256, (10, 1, 30, 30), np.uint8)
    features, _ = judge.see(images)
    assert sizes == [3, 3, 3, 1]
    np.testing.assert_allclose(judge.see(images[3:4])[0], features[3:4], rtol=1e-5, atol=1e-6)
    assert judge.see(np.zeros((1, 3, 64, 64), np.uint8))[0].shape == (1, 7)
    assert judge.see(images[:0])[0].shape == (0, 7)


def test_it_learns_nothing_and_leaves_the_images() -> None:
    judge, images = untrained(1, 28), digits(3)
    judge.network.train()
    judge.see(images)
    assert not judge.network.training
    assert (images == digits(3)).all()
    writable = images.copy()
    judge.see(writable)
    assert (writable == images).all()


def test_grey_is_repeated_for_one_that_sees_colour() -> None:
    judge, images = untrained(3, 28), digits(20)
    for one, other in zip(judge.see(images), judge.see(images.repeat(3, 1)), strict=True):
        assert (one == other).all()
    assert judge.resize((1, 28, 28)) == "grey to colour by repeating"
    assert judge.resize((3, 28, 28)) == ""


def test_colour_is_weighed_for_one_that_sees_grey() -> None:
    judge, images = load("mnist"), digits(20)
    np.testing.assert_allclose(judge.see(images.repeat(3, 1))[0], judge.see(images)[0], rtol=1e-4, atol=1e-4)
    colours = np.zeros((3, 3, 28, 28), np.uint8)
    for i in range(3):
        colours[i, i] = 250
    greys = np.array([75, 147, 28], np.uint8).reshape(3, 1, 1, 1) * np.ones((3, 1, 28, 28), np.uint8)
    np.testing.assert_allclose(judge.see(colours)[0], judge.see(greys)[0], atol=0.05)  # 0.299, 0.587, 0.114 of 250
    assert judge.resize((3, 28, 28)) == "colour to grey by luminance"


def test_other_sizes_are_resized() -> None:
    judge, (images, labels) = load("mnist"), (a[:500] for a in mnist5k.build())
    larger = images.repeat(2, 2).repeat(2, 3)
    assert (judge.see(larger)[1].argmax(1) == labels).mean() > 0.97
    assert (judge.see(np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2))))[1].argmax(1) == labels).mean() > 0.97
    stripes = np.zeros((1, 1, 224, 224), np.uint8)
    stripes[..., ::4] = 252  # too fine for 28 pixels: antialiasing makes them their mean, 63; without it they are 126
    seen, mean, twice = (judge.see(x)[0] for x in (stripes, *(np.full((1, 1, 28, 28), v, np.uint8) for v in (63, 126))))
    assert np.abs(seen - mean).max() < 0.1 * np.abs(seen - twice).max()
    assert judge.resize((1, 28, 28)) == ""
    assert judge.resize((1, 32, 28)) == "32x28 to 28x28 by antialiased bilinear interpolation"
    assert judge.resize((3, 64, 64)) == (
        "colour to grey by luminance, 64x64 to 28x28 by antialiased bilinear interpolation"
    )


def test_blurred_digits_are_further_from_real_ones_than_real_ones_are() -> None:
    judge, images = load("mnist"), digits(1000)
    near = (images + np.roll(images, 1, 2).astype(int) + np.roll(images, 1, 3)) // 3

    def mean(which: np.ndarray) -> np.ndarray:
        return judge.see(which.astype(np.uint8))[0].mean(0)

    floor = np.square(mean(images[:500]) - mean(images[500:])).sum()
    assert np.square(mean(near[500:]) - mean(images[:500])).sum() > 3 * floor


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.zeros((2, 1, 28, 28), np.float32), r"float32 \[2, 1, 28, 28\]"),
        (np.zeros((2, 28, 28), np.uint8), r"uint8 \[2, 28, 28\]"),
        (np.zeros((2, 28, 28, 3), np.uint8), r"uint8 \[2, 28, 28, 3\]"),
        (np.zeros((2, 1, 0, 28), np.uint8), r"uint8 \[2, 1, 0, 28\]"),
    ],
)
def test_what_is_no_image_is_said(images: np.ndarray, said: str) -> None:
    with pytest.raises(RequestError, match=f"uint8 .n, c, h, w. with c = 1 or 3; these are {said}$"):
        untrained(1, 28).see(images)


@pytest.mark.parametrize("data", find.names("data"))
def test_every_data_set_has_its_extractor(data: str) -> None:
    name = extractor(data)
    own = {"mnist": "mnist", "mnist5k": "mnist", "fashion": "fashion", "stacked": "stacked"}
    assert name == own.get(data, "cifar10")
    assert name == "stacked" or load(name).name == name  # three looks of the one for digits


def test_an_unknown_data_set_is_said() -> None:
    with pytest.raises(RequestError, match="no data set 'mnits'; did you mean 'mnist'"):
        extractor("mnits")
