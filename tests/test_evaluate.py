"""The card: what is measured, on what, with what beside it, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import elegans
from elegans import Failure, RequestError, evaluate, images, reference
from elegans.cli import main
from elegans.config import Data
from elegans.data import mnist5k
from elegans.metrics._extractor import Extractor
from elegans.splits import held_out, images_of

DIGITS = Data(name="mnist5k")
PLAIN = {"fid", "kid", "kid_std", "score", "precision", "recall", "density", "coverage"}
PLAIN |= {"distinct", "distinct_worst", "modes", "mode_kl"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fields = {"model.width": 4, "model.discriminator_width": 4}
    folder = tmp_path_factory.mktemp("run") / "demo"
    return elegans.train("demo", run=folder, steps=2, batch=8, quiet=True, fields=fields).path


def digits(n: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    x, y = mnist5k.build()
    return x[first : first + n].transpose(0, 2, 3, 1), y[first : first + n]


def divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the first 4,000 of the embedded digits were for training and the others held out."""
    x, y = mnist5k.build()
    parts = {"train": (x[:4000], y[:4000]), "test": (x[4000:], y[4000:])}
    monkeypatch.setattr(reference, "held_out", lambda data: True)
    monkeypatch.setattr(reference, "images_of", lambda data, wanted: parts[wanted])


def test_real_digits_are_as_good_as_the_floor_and_copies_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    divided(monkeypatch)
    card = evaluate.card(*digits(1000), DIGITS)
    assert set(card["metrics"]) == PLAIN | {
        "agreement", "agreement_worst", "memorised_pixels", "memorised_features", "copies"
    }  # fmt: skip
    assert set(card["floor"]) == PLAIN | {"agreement", "agreement_worst"}
    assert card["metrics"]["fid"] == pytest.approx(card["floor"]["fid"], abs=1.0)
    assert card["metrics"]["fid"] > 0.1  # other images, not the same
    assert card["metrics"]["agreement"] > 0.99
    assert card["metrics"]["copies"] == 1.0
    assert card["metrics"]["memorised_pixels"] == 0.0
    confusion = np.array(card["confusion"])
    assert confusion.sum() == card["generated"] == 1000
    assert confusion.trace() / 1000 == card["metrics"]["agreement"]
    assert (card["data"]["real"], card["data"]["split"], card["data"]["floor"]) == (
        1000,
        "test",
        "1,000 training images",
    )


def test_where_nothing_is_held_out_memory_is_not_judged_and_the_card_says_so() -> None:
    x, _ = digits(300)
    card = evaluate.card(x, None, DIGITS)
    assert set(card["metrics"]) == set(card["floor"]) - {"agreement", "agreement_worst"} == PLAIN
    assert card["data"]["split"] == "all, of which none are held out"
    assert card["data"]["real"] == 5000
    assert card["data"]["floor"] == "2,500 training images, which are among the real ones"
    assert "confusion" not in card


def test_of_some_of_the_classes_nothing_is_said_by_class(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = mnist5k.build()
    fours = x[y == 4]
    monkeypatch.setattr(reference, "images_of", lambda data, wanted: (fours, np.zeros(len(fours), np.int64)))
    card = evaluate.card(fours[:100].transpose(0, 2, 3, 1), np.zeros(100, np.int64), DIGITS)
    assert set(card["metrics"]) == PLAIN - {"score", "modes", "mode_kl"}
    assert "confusion" not in card


def test_worse_images_have_worse_numbers() -> None:
    x, y = digits(500)
    good, noisy, collapsed, wrong = (
        evaluate.card(images, labels, DIGITS)["metrics"]
        for images, labels in (
            (x, y),
            (np.where(np.random.default_rng(0).random(x.shape) < 0.2, 255 - x, x), y),
            (np.repeat(x[:10], 50, 0), np.repeat(y[:10], 50)),
            (x, (y + 1) % 10),
        )
    )
    assert noisy["fid"] > 5 * good["fid"]
    assert collapsed["fid"] > 5 * good["fid"]
    assert collapsed["distinct"] == pytest.approx(0.1)
    assert collapsed["coverage"] < 0.1 < 0.3 < good["coverage"]
    assert wrong["agreement"] < 0.02 < 0.98 < good["agreement"]
    assert wrong["fid"] == good["fid"]


def test_a_run_says_what_it_is_and_the_same_twice(run: Path) -> None:
    first, second = (evaluate.evaluate(run, n=60, seed=3) for _ in range(2))
    assert first.pop("seconds") > 0 < second.pop("seconds")
    assert first == second
    assert json.loads(json.dumps(first)) == first  # plain values
    assert (first["recipe"], first["step"], first["generated"], first["seed"]) == ("demo", 2, 60, 3)
    assert first["training"].keys() == {"seed", "images", "seconds"}
    assert (first["training"]["images"], first["weights"], "best" in first) == (16, "averaged", False)
    assert first["parameters"].keys() == {"generator", "discriminator"}
    assert [sum(row) for row in first["confusion"]] == [6] * 10
    assert first["extractor"]["name"] == "mnist"
    assert len(first["extractor"]["sha256"]) == 64
    assert first["versions"]["elegans"]
    assert first["metrics"] != evaluate.evaluate(run, n=60, seed=4)["metrics"]


def test_an_autoencoder_is_measured_on_its_reconstructions_too(tmp_path: Path) -> None:
    fields = {"data.name": "mnist5k"}
    made = elegans.train("autoencoder", run=tmp_path / "a", steps=2, batch=8, quiet=True, fields=fields)
    card = evaluate.evaluate(made, n=60)
    assert {"psnr", "ssim"} < card["reconstruction"].keys()
    assert 0 < card["reconstruction"]["ssim"] < 0.5
    assert "agreement" not in card["metrics"]


def test_what_is_seen_in_real_images_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[int] = []
    see = Extractor.see
    monkeypatch.setattr(Extractor, "see", lambda self, x: (counts.append(len(x)), see(self, x))[1])
    x, y = digits(20)
    for _ in range(2):
        evaluate.card(x, y, DIGITS)
    assert counts[-1] == 20
    assert counts.count(5000) <= 1


def test_held_out_is_a_test_split_that_was_not_trained_on(full_data: Path) -> None:
    mnist = Data(name="mnist", root=str(full_data))
    trained_on_test = mnist.model_copy(update={"split": "test"})
    assert (held_out(mnist), held_out(trained_on_test), held_out(DIGITS)) == (True, False, False)
    lengths = [len(images_of(d, w)[0]) for d in (mnist, trained_on_test, DIGITS) for w in ("train", "test")]
    assert lengths == [60_000, 10_000, 10_000, 10_000, 5000, 5000]


# --- images from anywhere --------------------------------------------------------------------------------------------


def test_images_of_any_program_are_read(tmp_path: Path) -> None:
    x, y = digits(20)
    np.savez(tmp_path / "grey.npz", images=x[..., 0])
    np.savez(tmp_path / "labelled.npz", images=x, labels=y.astype(np.int32))
    np.savez(tmp_path / "unlabelled.npz", images=x, labels=np.full(20, -1))
    for name, expected in (("grey", None), ("labelled", y), ("unlabelled", None)):
        found, labels = evaluate.read(tmp_path / f"{name}.npz", DIGITS)
        np.testing.assert_array_equal(found, x)
        assert (labels is None) == (expected is None)
        assert labels is None or (labels == expected).all()
    for i in range(20):
        (tmp_path / "pictures" / str(y[i])).mkdir(parents=True, exist_ok=True)
        as_colour = np.repeat(x[i], 3, axis=2) if i % 2 else x[i]  # as torchvision's save_image stores grey
        (tmp_path / "pictures" / str(y[i]) / f"{i}.png").write_bytes(images.png(as_colour))
    found, labels = evaluate.read(tmp_path / "pictures", DIGITS)
    assert labels is not None
    assert np.bincount(labels).tolist() == [2] * 10
    assert sorted(image.tobytes() for image in found) == sorted(image.tobytes() for image in x)


def test_arrays_that_are_something_else(tmp_path: Path) -> None:
    x, y = digits(20)
    with (tmp_path / "array.npz").open("wb") as file:
        np.save(file, x)
    np.savez(tmp_path / "words.npz", images=x, labels=y.astype(str))
    for name, message in (("array", "holds no array `images`"), ("words", "`labels` in .* are <U21, not the numbers")):
        with pytest.raises(RequestError, match=message):
            evaluate.read(tmp_path / f"{name}.npz", DIGITS)


@pytest.mark.parametrize("left", [0, 1000])
def test_a_damaged_cache_is_made_again(left: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEGANS_CACHE", str(tmp_path))
    first = evaluate.card(*digits(60), DIGITS)
    (kept,) = (tmp_path / "features").glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:left])
    assert evaluate.card(*digits(60), DIGITS)["metrics"] == first["metrics"]
    assert kept.stat().st_size > 1000


def test_a_grey_webp_is_grey(tmp_path: Path) -> None:
    x, _ = digits(5)
    for i in range(5):
        Image.fromarray(x[i, ..., 0]).save(tmp_path / f"{i}.webp")
    found, _ = evaluate.read(tmp_path, DIGITS)
    assert found.shape == x.shape


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((56, 56, 1), np.uint8), "b/1.png in {} is 56x56 pixels, not 28x28: only"),
        (np.zeros((30, 28, 1), np.uint8), "b/1.png in {} is 30x28 pixels, not 28x28: only"),
        (np.full((28, 28, 3), [7, 7, 10], np.uint8), "b/1.png in {} is in colour, not grey: only"),
        (np.full((28, 28, 4), [7, 7, 7, 254], np.uint8), "b/1.png in {} is partly transparent: only"),
    ],
)
def test_pictures_that_would_have_to_be_changed_are_not_compared(
    tmp_path: Path, picture: np.ndarray, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, image in (("a", digits(1)[0][0]), ("b", picture)):
        (tmp_path / folder).mkdir()
        Image.fromarray(image.squeeze()).save(tmp_path / folder / "1.png")
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", "--images", str(tmp_path), "--data", "mnist5k"])
    said = capsys.readouterr().err.splitlines()
    assert (caught.value.code, message.format(tmp_path) in said[-1]) == (2, True)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": np.zeros((3, 28, 28), np.uint8)}, "holds no array `images`"),
        ({"images": np.zeros((3, 28, 28))}, "float64 [3, 28, 28, 1], not uint8"),
        ({"images": np.zeros((0, 28, 28), np.uint8)}, "not uint8 [n, h, w, c]"),
        ({"images": np.zeros((3, 28, 28), np.uint8), "labels": np.zeros(2)}, "not one for each of 3 images"),
        ({"images": np.array([{}], dtype=object)}, "holds no array `images`"),
    ],
)
def test_what_is_no_set_of_images_is_said(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(RequestError) as caught:
        evaluate.read(tmp_path / "x.npz", DIGITS)
    assert message in str(caught.value)


def test_images_of_another_size_are_not_compared() -> None:
    with pytest.raises(RequestError, match=r"32x32 with 3 channels, those of mnist5k 28x28 with 1 channel: bring"):
        evaluate.card(np.zeros((9, 32, 32, 3), np.uint8), None, DIGITS)


# --- the command -----------------------------------------------------------------------------------------------------


def command(*words: object) -> None:
    """Run it in this process; it must end well."""
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    assert caught.value.code == 0


def test_the_command_keeps_the_card_and_shows_it(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("evaluate", run, "-n", 60)
    said = capsys.readouterr().out
    card = json.loads((run / "card.json").read_text())
    assert f"{card['metrics']['fid']:.4g}" in said
    assert "60 generated against 5,000 real images of mnist5k" in " ".join(said.split())
    x, y = digits(60)
    np.savez(tmp_path / "x.npz", images=x, labels=y)
    out = tmp_path / "new" / "card.json"
    command("evaluate", "--images", tmp_path / "x.npz", "--data", "mnist5k", "--out", out)
    assert json.loads(out.read_text())["metrics"]["agreement"] == 1.0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give a run folder, or --images"),
        (["runs/a", "--images", "x.npz", "--data", "mnist5k"], "and not both"),
        (["--images", "x.npz"], "name their data set with --data"),
        (["--images", "x.npz", "--data", "mnist5k"], "x.npz holds no array"),
        (["--images", "nowhere", "--data", "mnist5k"], "no such folder or zip"),
        (["--images", "x.npz", "--data", "mnist6k"], "mnist5k"),
        (["nowhere"], "is not a run folder"),
        (["nowhere", "--out", "card.txt"], "the name ends in .json"),
        (["runs/a", "--size", "64"], "go with --images"),
    ],
)
def test_bad_requests_are_one_line(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["evaluate", *words])
    said = capsys.readouterr().err
    assert (caught.value.code, said.count("\n")) == (2, 1)
    assert message in said


def test_broken_pictures_are_not_to_be_left_out_of_what_is_measured(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"no picture")
    with pytest.raises(Failure, match=r"1 of 1 images .* cannot be read: 1.png .*; mend or remove them$"):
        evaluate.read(tmp_path, DIGITS)


def test_the_size_of_a_data_set_that_leaves_it_open(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = np.random.default_rng(0).integers(0, 256, (60, 24, 24, 3), np.uint8)
    (tmp_path / "real").mkdir()
    for i in range(60):
        (tmp_path / "real" / f"{i}.png").write_bytes(images.png(x[i]))
    np.savez(tmp_path / "x.npz", images=x)
    words = ["--images", tmp_path / "x.npz", "--data", "folder", "--root", tmp_path / "real"]
    with pytest.raises(SystemExit):
        main(["evaluate", *map(str, words)])
    assert "24x24 with 3 channels, those of folder 32x32" in " ".join(capsys.readouterr().err.split())
    with pytest.raises(SystemExit):
        main(["evaluate", *map(str, words[:2]), "--data", "mnist5k", "--size", "24"])
    assert "there is no field 'data.size'" in capsys.readouterr().err
    command("evaluate", *words, "--size", 24, "--out", tmp_path / "card.json")
    made = json.loads((tmp_path / "card.json").read_text())
    assert (made["data"]["size"], made["metrics"]["coverage"]) == (24, 1.0)


def test_too_few_images_are_said(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", str(run), "-n", "1"])
    assert "needs at least" in capsys.readouterr().err
