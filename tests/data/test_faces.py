"""Faces: the known zip, or pictures of one's own in its place."""

import io
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from elegans.data import faces
from elegans.errors import Failure, RequestError

ZIP = "faces-utkface-64.zip"


def zipped(*colours: str, under: str = "") -> bytes:
    """A zip of pictures of 64 x 64 and of one colour each, and of a list of them."""
    whole = io.BytesIO()
    with ZipFile(whole, "w") as archive:
        for i, colour in enumerate(colours):
            file = io.BytesIO()
            Image.new("RGB", (64, 64), colour).save(file, "png")
            archive.writestr(f"{under}{i:05}.png", file.getvalue())
        archive.writestr("sources.csv", "no picture")
    return whole.getvalue()


CONTENT = zipped("red", "blue")


@pytest.fixture(autouse=True)
def tiny(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The set is those two pictures; except for tests of the full set."""
    if not request.node.get_closest_marker("full"):
        monkeypatch.setattr(faces, "files", replace(faces.files, sha256={ZIP: sha256(CONTENT).hexdigest()}))


@pytest.mark.parametrize("inside", ["", "faces"])
@pytest.mark.parametrize("place", ["root", "ELEGANS_DATA", "cache"])
def test_the_zip_is_found_and_its_terms_are_said(
    tmp_path: Path,
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    place: str,
    inside: str,
) -> None:
    top = cache if place == "cache" else tmp_path / "top"
    (top / inside).mkdir(parents=True)
    (top / inside / ZIP).write_bytes(CONTENT)
    if place == "ELEGANS_DATA":
        monkeypatch.setenv("ELEGANS_DATA", str(top))
    x, y = faces.build(str(top) if place == "root" else None)
    assert x.shape == (2, 3, 64, 64)
    assert x.dtype == np.uint8
    assert x[:, :, 9, 9].tolist() == [[255, 0, 0], [0, 0, 255]]
    assert y.tolist() == [-1, -1]
    assert y.dtype == np.int64
    said = capfd.readouterr().err
    assert said.startswith("faces: not free for every use; licence: non-commercial research only")
    assert faces.build(str(top) if place == "root" else None, size=28, channels=1)[0].shape == (2, 1, 28, 28)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_other_faces_come_without_terms_and_classes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / ZIP).write_bytes(CONTENT)  # which must not be taken for what was asked for
    monkeypatch.setenv("ELEGANS_DATA", str(tmp_path / "data"))
    mine = tmp_path / "mine.zip"
    mine.write_bytes(zipped("lime", "white", "black", under="a/b"))
    if kind == "folder":
        with ZipFile(mine) as archive:
            archive.extractall(tmp_path / "mine")
        (tmp_path / "mine" / "c").mkdir()
        (tmp_path / "mine" / "c" / "other.png").write_bytes((tmp_path / "mine" / "a" / "b00000.png").read_bytes())
    x, y = faces.build(str(mine if kind == "zip" else tmp_path / "mine"), size=8)
    assert x[0, :, 4, 4].tolist() == [0, 255, 0]
    assert y.tolist() == [-1] * (3 if kind == "zip" else 4)
    assert "licence" not in capfd.readouterr().err


def test_without_the_zip_it_is_said_where_faces_are(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=rf"there is no {ZIP} of faces in .*; it is not offered .*UTKFace.*--data\.root"):
        faces.build()
    with pytest.raises(RequestError, match="no images in it"):
        faces.build(str(tmp_path))
    with pytest.raises(RequestError, match="no such folder or zip"):
        faces.build(str(tmp_path / "nowhere"))


def test_a_zip_of_that_name_and_other_content_is_not_it(tmp_path: Path) -> None:
    (tmp_path / ZIP).write_bytes(zipped("red"))
    with pytest.raises(Failure, match=rf"{ZIP} is not the {ZIP} of faces"):
        faces.build(str(tmp_path))


@pytest.mark.full
def test_the_full_set(full_data: Path) -> None:
    if not faces.files.inside(str(full_data)):
        pytest.skip("needs the faces in ELEGANS_DATA")
    x, y = faces.build(str(full_data), size=8)
    assert x.shape == (12000, 3, 8, 8)
    assert (y == -1).all()
    red, green, blue = x.mean((0, 2, 3))
    assert red > green > blue > 60  # skin
