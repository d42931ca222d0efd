"""`elegans interpolate`: films that are read again, and rounds that are not doubled."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import elegans
from elegans import Run
from elegans.cli import main

FIELDS = {"data.name": "rings", "data.n": 40, "model.generator": [8], "model.discriminator": [8], "latent.size": 4}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return elegans.train("intro", run=tmp_path_factory.mktemp("run") / "a", steps=1, batch=8, quiet=True, fields=FIELDS)


def command(*words: object) -> int:
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    assert isinstance(caught.value.code, int)
    return caught.value.code


def film(path: Path) -> np.ndarray:
    """The frames of a gif or an mp4 in grey, [n, h, w]."""
    if path.suffix == ".gif":
        with Image.open(path) as file:
            frames = []
            for i in range(file.n_frames):  # type: ignore[attr-defined]
                file.seek(i)
                frames.append(np.asarray(file.convert("L")))
            return np.stack(frames)
    av = pytest.importorskip("av")
    with av.open(path) as file:
        assert file.streams.video[0].average_rate == 12.5  # 80 milliseconds a frame
        return np.stack([frame.to_ndarray(format="gray") for frame in file.decode(video=0)])


@pytest.mark.parametrize("ending", [".gif", ".mp4"])
def test_between_two_points_a_film_goes_there_and_back(run: Run, tmp_path: Path, ending: str) -> None:
    if ending == ".mp4":
        pytest.importorskip("av")
    assert command("interpolate", run.path, "--frames", 5, "--out", tmp_path / f"walk{ending}") == 0
    there = elegans.load(run).interpolate(5)[..., 0]
    expected = np.concatenate([there, there[3:0:-1]]).repeat(8, 1).repeat(8, 2).astype(int)
    found = film(tmp_path / f"walk{ending}")
    assert found.shape == (8, 224, 224)
    assert np.abs(found - expected).mean() < 5


@pytest.mark.parametrize("ending", [".gif", ".mp4"])
def test_a_round_goes_round_once(capsys: pytest.CaptureFixture[str], run: Run, tmp_path: Path, ending: str) -> None:
    if ending == ".mp4":
        pytest.importorskip("av")
    out = tmp_path / f"walk{ending}"
    assert command("interpolate", run.path, "--points", 3, "--frames", 9, "--seed", 2, "--out", out) == 0
    expected = elegans.load(run).interpolate(9, points=3, seed=2)[..., 0].repeat(8, 1).repeat(8, 2).astype(int)
    found = film(out)
    assert found.shape == (9, 224, 224)
    assert np.abs(found - expected).mean() < 5
    assert capsys.readouterr().out == f"9 frames of step 1 in {out}\n"


def test_arrays_go_there_only_and_round_once(run: Run, tmp_path: Path) -> None:
    for words, n in (([], 7), (["--points", 2], 7)):
        assert command("interpolate", run.path, "--frames", 7, *words, "--out", tmp_path / "walk.npz") == 0
        with np.load(tmp_path / "walk.npz") as file:
            assert file["images"].shape == (n, 28, 28, 1)


def test_without_pyav_an_mp4_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    assert command("interpolate", run.path, "--out", tmp_path / "walk.mp4") == 2
    assert "pip install 'elegans[video]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--points", "1"], "--points 1: a round has at least two"),
        (["--points", "3", "--frames", "1"], "--frames 1: a walk has at least two"),
        (["--points", "3", "--cycle"], "is not conditional"),
    ],
)
def test_what_is_refused(
    capsys: pytest.CaptureFixture[str], run: Run, tmp_path: Path, words: list[str], message: str
) -> None:
    assert command("interpolate", run.path, *words, "--out", tmp_path / "walk.gif") == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
