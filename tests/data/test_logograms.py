"""Logograms: from the folder of their size, bright on black."""

import io
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from elegans import find
from elegans.data import logograms
from elegans.errors import Failure, RequestError

ZIP = "logograms.zip"


def zipped() -> bytes:
    """Three glyphs of an even grey that says which they are and which folder they lie in; not in order."""
    whole = io.BytesIO()
    with ZipFile(whole, "w") as archive:
        for folder, grey in ((256, 200), (128, 100), (64, 50)):
            for i, name in enumerate("cab"):
                file = io.BytesIO()
                Image.new("L", (folder, folder), grey + i).save(file, "png")
                archive.writestr(f"{folder}/{name}.png", file.getvalue())
    return whole.getvalue()


@pytest.fixture(autouse=True)
def tiny(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The set is those three glyphs, in ELEGANS_DATA; except for tests of the full set."""
    if request.node.get_closest_marker("full"):
        return
    content = zipped()
    monkeypatch.setattr(logograms, "files", replace(logograms.files, sha256={ZIP: sha256(content).hexdigest()}))
    (tmp_path / "data" / "logograms").mkdir(parents=True)
    (tmp_path / "data" / "logograms" / ZIP).write_bytes(content)
    monkeypatch.setenv("ELEGANS_DATA", str(tmp_path / "data"))


@pytest.mark.parametrize(("size", "grey"), [(64, 50), (128, 100), (256, 200), (28, 200), (100, 200), (192, 200)])
def test_a_size_is_read_from_its_folder_or_scaled_from_the_largest(
    size: int, grey: int, capfd: pytest.CaptureFixture[str]
) -> None:
    x, y = logograms.build(size=size)
    assert x.shape == (3, 1, size, size)
    assert x.dtype == np.uint8
    assert x[:, 0, 5, 5].tolist() == [255 - grey - i for i in (1, 2, 0)]  # a, b, c, inverted
    assert y.tolist() == [-1, -1, -1]
    assert y.dtype == np.int64
    assert capfd.readouterr().err == "logograms: not free for every use; licence: CC BY-NC 4.0\n"


def test_without_the_zip_the_drawn_ones_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ELEGANS_DATA")
    with pytest.raises(Failure, match=rf"no {ZIP} of logograms in .*--data\.name rings --data\.size 128$") as error:
        logograms.build()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "said"), [({"size": 15}, r"data\.size = 15"), ({"size": 257}, r"257"), ({"root": "no"}, "no such")]
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        find.call(logograms.build, "data", settings)


@pytest.mark.full
def test_the_full_set(full_data: Path) -> None:
    if not logograms.files.inside(str(full_data)):
        pytest.skip("needs the logograms in ELEGANS_DATA")
    x, y = logograms.build(str(full_data))
    assert x.shape == (38, 1, 128, 128)
    assert (y == -1).all()
    assert len(np.unique(x.reshape(38, -1), axis=0)) == 38
    assert np.median(x) == 0  # black ground
    assert (x.max((1, 2, 3)) > 200).all()  # bright ink
    small = logograms.build(str(full_data), size=64)[0].astype(float)
    assert np.abs(small - x.reshape(38, 1, 64, 2, 64, 2).mean((3, 5))).mean() < 3  # in the same order
