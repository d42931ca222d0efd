"""`elegans reconstruct` and `elegans manifold`: what they print, what they write, and how they say no."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import elegans
from elegans import Run, reconstruct
from elegans.cli import main

Captured = pytest.CaptureFixture[str]
RINGS = ["--data.name", "rings", "--data.n", "64", "--data.classes", "4", "--steps", "2", "--batch", "16", "--quiet"]


def command(*words: object) -> None:
    """Run it in this process; it must end well."""
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    assert caught.value.code == 0


def refused(capsys: Captured, *words: object, code: int = 2) -> str:
    """The one line with which a command says no."""
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert (caught.value.code, out, err.count("\n")) == (code, "", 1)
    return err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiny runs: vae, noisy and gan."""
    made = tmp_path_factory.mktemp("runs")
    command("train", "vae", "--run", made / "vae", "--every.save", "1", *RINGS)
    small = ["--model.widths", "[4, 3]", "--latent.size", "32"]
    command("train", "denoising-autoencoder", "--run", made / "noisy", *RINGS, *small)
    command("train", "intro", "--run", made / "gan", *RINGS)
    return made


def test_a_picture_and_the_measures_of_all_images(capsys: Captured, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "pairs.png"
    command("reconstruct", folder / "vae", "-n", 5, "--out", out)
    model = elegans.load(folder / "vae")
    images, _, _ = reconstruct.split(model.config)
    of = reconstruct.measure(model, images)
    assert capsys.readouterr().out.splitlines() == [
        "64 training images of rings, step 2",
        f"  loss                {of['loss']:9.4f} nats",
        f"  reconstruction loss {of['reconstruction_loss']:9.4f} nats",
        f"  KL loss             {of['kl_loss']:9.4f} nats",
        f"  PSNR                {of['psnr']:9.4f} dB",
        f"originals, reconstructions, codes of 5 in {out}",
    ]
    with Image.open(out) as picture:
        assert (picture.width, picture.height) == (5 * 88 + 4, 3 * 88 + 4)
        top = np.asarray(picture)[4:88, 4 : 5 * 88].reshape(28, 3, -1)[:, 1]
        assert np.array_equal(top[:, 1:84:3], images[0, :, :, 0])


def test_a_denoising_run_shows_the_noise_too(capsys: Captured, folder: Path, tmp_path: Path) -> None:
    command("reconstruct", folder / "noisy", "-n", 3, "--out", tmp_path / "a.png")
    said = capsys.readouterr().out
    assert "  noisy PSNR " in said
    assert f"originals, noisy, reconstructions, codes of 3 in {tmp_path / 'a.png'}" in said
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.height == 4 * 88 + 4


def test_arrays(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.npz"
    command("reconstruct", folder / "noisy", "-n", 7, "--seed", 3, "--out", out)
    model = elegans.load(folder / "noisy")
    images, labels, _ = reconstruct.split(model.config)
    seen = reconstruct.inputs(model, images[:7], seed=3)
    with np.load(out) as file:
        assert set(file) == {"originals", "inputs", "reconstructions", "codes", "labels"}
        assert np.array_equal(file["originals"], images[:7])
        assert np.array_equal(file["inputs"], seen)
        assert np.array_equal(file["reconstructions"], reconstruct.reconstruct(model, seen))
        assert np.array_equal(file["codes"], reconstruct.encode(model, seen))
        assert np.array_equal(file["labels"], labels[:7])


def test_an_older_checkpoint(capsys: Captured, folder: Path, tmp_path: Path) -> None:
    command("reconstruct", folder / "vae", "--step", 1, "--out", tmp_path / "a.png")
    assert "64 training images of rings, step 1\n" in capsys.readouterr().out
    command("manifold", folder / "vae", "--step", 1, "--out", tmp_path / "b.png")
    assert "rings, step 1: 100% of the variance of the codes is in the picture" in capsys.readouterr().out


def test_a_manifold(capsys: Captured, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "m.png"
    command("manifold", folder / "noisy", "--out", out)
    said = capsys.readouterr().out
    assert said.startswith("64 training images of rings, step 2: ")
    assert said.endswith(f"% of the variance of the codes is in the picture, {out}\n")
    with Image.open(out) as picture:
        assert picture.width > picture.height


def test_new_images_can_be_drawn_from_all_of_them(folder: Path) -> None:
    for name in ("vae", "noisy"):
        model = elegans.load(Run(folder / name))
        assert model.classes == 0
        assert model.sample(5).shape == (5, 28, 28, 1)
        assert model.interpolate(4).std() > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["reconstruct", "vae", "--out", "a.gif"], "--out a.gif: the name ends in .png or .npz"),
        (["reconstruct", "vae", "-n", 0, "--out", "a.png"], "-n 0: 1 to 64, as many images as there are"),
        (["reconstruct", "vae", "-n", 65, "--out", "a.png"], "-n 65: 1 to 64, as many images as there are"),
        (["reconstruct", "vae", "--step", 9, "--out", "a.png"], "no checkpoint of step 9; there are: 1, 2"),
        (["reconstruct", "vae", "--split", "tset", "--out", "a.png"], "--split"),
        (["reconstruct", "gan", "--out", "a.png"], "'intro' is a gan: it has no encoder"),
        (["reconstruct", "none", "--out", "a.png"], "none is not a run folder"),
        (["manifold", "vae", "--out", "a.npz"], "--out a.npz: the name ends in .png"),
        (["manifold", "gan", "--out", "a.png"], "'intro' is a gan: it has no encoder"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_what_is_refused(
    capsys: Captured, folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[Any], message: str
) -> None:
    monkeypatch.chdir(folder)
    assert message in refused(capsys, *words)
    assert not list(folder.glob("a.*"))


@pytest.mark.parametrize("name", ["reconstruct", "manifold"])
def test_a_file_in_the_way(capsys: Captured, folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    error = refused(capsys, name, folder / "vae", "--out", tmp_path / "file" / "a.png", code=1)
    assert "a.png cannot be written" in error
