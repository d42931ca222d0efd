"""`elegans nearest`: the sheet to the pixel, the medians, and what may not be published."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import elegans
from elegans import Run
from elegans.cli import main
from elegans.data import rings
from elegans.nearest import nearest

FIELDS = {"data.name": "rings", "data.n": 40, "model.generator": [8], "model.discriminator": [8], "latent.size": 4}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return elegans.train("intro", run=tmp_path_factory.mktemp("run") / "a", steps=1, batch=8, quiet=True, fields=FIELDS)


def command(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.mark.parametrize("n", [3, 8])
def test_a_row_is_a_sample_and_its_nearest(
    n: int, capsys: pytest.CaptureFixture[str], run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "sheet.png"
    assert command("nearest", run.path, "--out", out, "-n", n, "-k", 2, "--seed", 5) == 0
    train, _ = rings.build(n=40)
    samples = elegans.load(run).sample(n, seed=5)
    places, _ = nearest(samples.transpose(0, 3, 1, 2), train, 2)
    with Image.open(out) as sheet:
        pixels = np.asarray(sheet)[::2, ::2]  # twice as big
    assert pixels.shape == (2 + n * 30, 2 + 3 * 30)
    for row in range(n):
        for column, image in enumerate([samples[row, :, :, 0], *train[places[row], 0]]):
            assert np.array_equal(pixels[2 + row * 30 :, 2 + column * 30 :][:28, :28], image)
    said = capsys.readouterr().out
    assert said.startswith(f"{n} samples of step 1, each with its 2 nearest training images, in {out}\n")
    assert "published" not in said


def test_the_medians(capsys: pytest.CaptureFixture[str], run: Run, tmp_path: Path) -> None:
    """Without a test split, training images stand in, each with the nearest that is not itself."""
    assert command("nearest", run.path, "--out", tmp_path / "a.png") == 0
    train, _ = rings.build(n=40)
    made = elegans.load(run).sample(500).transpose(0, 3, 1, 2)
    ours = np.median(nearest(made, train, 1)[1])
    theirs = np.median(nearest(train, train, 2)[1][:, 1])
    assert f"samples {ours:.1f}, training images to another {theirs:.1f}\n" in capsys.readouterr().out


def test_held_out_images_where_there_are_any(
    capsys: pytest.CaptureFixture[str], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set with a split is asked for its test images; one that is not free says so, with its licence."""
    build, about = rings.build, rings.about

    def with_split(root: str | None = None, n: int = 9, split: str = "train") -> object:
        return build(root, n, seed=0 if split == "train" else 1)

    monkeypatch.setattr(rings, "build", with_split)
    monkeypatch.setattr(rings, "about", replace(about, free=False, licence="for nobody"))
    assert command("nearest", run.path, "--out", tmp_path / "a.png") == 0
    expected = np.median(nearest(build(n=40, seed=1)[0], build(n=40)[0], 1)[1])
    said = capsys.readouterr().out
    assert f"test images {expected:.1f}\n" in said
    assert f"{tmp_path / 'a.png'} holds training images of rings and may not be published; licence: for nobody" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "a.gif"], "--out a.gif: the name ends in .png"),
        (["--out", "a.png", "-k", "0"], "-k 0: from 1 to the 40 training images"),
        (["--out", "a.png", "-k", "41"], "-k 41: from 1 to the 40 training images"),
        (["--out", "a.png", "-n", "0"], "-n 0: at least one"),
    ],
)
def test_what_is_refused(
    capsys: pytest.CaptureFixture[str],
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("nearest", run.path, *words) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
