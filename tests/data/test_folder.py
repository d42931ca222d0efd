"""One's own images: labels from folders, broken files, and a cache that knows what changed."""

import errno
import io
import os
import tracemalloc
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
from PIL import Image

from elegans import find
from elegans.data import _pictures, folder
from elegans.errors import Failure, RequestError


def paint(path: Path, colour: Any = "red", size: tuple[int, int] = (8, 8), mode: str = "RGB", **options: Any) -> Path:
    """Write an image of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


def packed(image: Image.Image, kind: str = "png", **options: Any) -> bytes:
    """An image as the content of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    """Write a zip."""
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


RED, BLUE = packed(Image.new("RGB", (5, 9), "red")), packed(Image.new("RGB", (9, 5), "blue"))


def test_the_classes_are_the_subfolders_in_order(tmp_path: Path) -> None:
    paint(tmp_path / "dog" / "1.png", "red")
    paint(tmp_path / "cat" / "deep" / "2.JPG", "blue")
    paint(tmp_path / "eel" / "3.webp", "lime", lossless=True)
    paint(tmp_path / "top.png", "white")
    paint(tmp_path / ".hidden" / "4.png")
    paint(tmp_path / "dog" / ".5.png")
    paint(tmp_path / "__MACOSX" / "6.png")
    (tmp_path / "dog" / "notes.txt").write_text("no image")
    x, y = folder.build(str(tmp_path), size=4)
    assert x.shape == (4, 3, 4, 4)
    assert x.dtype == np.uint8
    assert y.dtype == np.int64
    assert y.tolist() == [0, 1, 2, -1]
    assert isinstance(x, np.memmap)
    assert not x.flags.writeable
    assert np.abs(x[:, :, 2, 2].astype(int) - [[0, 0, 255], [255, 0, 0], [0, 255, 0], [255, 255, 255]]).max() < 3


def test_images_in_no_subfolder_and_in_a_single_one_have_no_class(tmp_path: Path) -> None:
    paint(tmp_path / "a.png")
    paint(tmp_path / "b.png")
    assert folder.build(str(tmp_path))[1].tolist() == [-1, -1]
    paint(tmp_path / "all" / "one" / "a.png")
    paint(tmp_path / "all" / "two" / "b.png")
    assert folder.build(str(tmp_path / "all"))[1].tolist() == [0, 1]
    (tmp_path / "a.png").unlink()
    (tmp_path / "b.png").unlink()
    assert folder.build(str(tmp_path))[1].tolist() == [0, 1]  # `all` is around everything


def test_a_zip_is_read_without_unpacking_it(tmp_path: Path) -> None:
    files = {"set/b/1.png": RED, "set/a/2.png": BLUE, "__MACOSX/set/a/._2.png": b"", "set/read.me": b"no image"}
    path = zipped(tmp_path / "my.zip", files | {"set/a/../../../evil.png": RED})
    before = sorted(p for p in tmp_path.rglob("*"))
    x, y = folder.build(str(path), size=5)
    assert y.tolist() == [0, 1]  # what would climb out of the folder is hidden
    assert x[1, :, 2, 2].tolist() == [255, 0, 0]
    new = {p.relative_to(tmp_path).parts[0] for p in tmp_path.rglob("*") if p not in before}
    assert new == {"cache"}


def test_links_are_followed_but_not_round_in_circles(tmp_path: Path) -> None:
    paint(tmp_path / "far" / "1.png")
    paint(tmp_path / "set" / "near" / "2.png")
    (tmp_path / "set" / "far").symlink_to(tmp_path / "far", target_is_directory=True)
    (tmp_path / "set" / "round").symlink_to(tmp_path / "set", target_is_directory=True)
    (tmp_path / "set" / "gone.png").symlink_to(tmp_path / "gone.png")
    assert folder.build(str(tmp_path / "set"))[1].tolist() == [0, 1]


BROKEN = {
    "empty.png": b"",
    "text.jpg": b"no image at all",
    "cut.png": packed(Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)))[:1500],
    "float.tif": packed(Image.new("F", (4, 4), 0.5), "tiff"),
}


def test_broken_images_are_counted_and_named(tmp_path: Path) -> None:
    for name, content in BROKEN.items():
        (tmp_path / name).write_bytes(content)
    paint(tmp_path / "good.png")
    with pytest.raises(
        Failure, match=r"^4 of 5 images in .* cannot be read: .*, \.\.\.; .*--data\.skip_broken true"
    ) as error:
        folder.build(str(tmp_path))
    assert all(name in str(error.value) for name in sorted(BROKEN)[:3])
    assert sorted(BROKEN)[3] not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_broken_images_can_be_left_out(tmp_path: Path, capfd: pytest.CaptureFixture[str], kind: str) -> None:
    files = {f"b/{name}": content for name, content in BROKEN.items()} | {
        "a/1.png": RED,
        "b/z.png": BLUE,
        "c/1.png": RED,
    }
    if kind == "zip":
        root = zipped(tmp_path / "some.zip", files)
    else:
        root = tmp_path / "some"
        for name, content in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
    x, y = folder.build(str(root), size=4, skip_broken=True)
    assert x[:, :, 1, 1].tolist() == [[255, 0, 0], [0, 0, 255], [255, 0, 0]]
    assert y.tolist() == [0, 1, 2]
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0].startswith(f"reading 7 images of {root} once into ")
    assert said[1].startswith("skipped: 4 of 7 images")


def test_where_all_is_broken_leaving_out_does_not_help(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    with pytest.raises(Failure, match=r"1 of 1 images .*mend or remove them$"):
        folder.build(str(tmp_path), skip_broken=True)
    assert [p.suffix for p in (cache / "folder").iterdir()] in ([], [".lock"])


def test_bombs_are_broken_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    monkeypatch.setattr(_pictures, "_LARGEST", 20_000)
    files = {
        "wide.png": packed(Image.new("L", (30, 30))),
        "long.bmp": packed(Image.new("L", (1, 1)), "bmp") + bytes(30_000),
    }
    for root in (zipped(tmp_path / "bombs.zip", files), tmp_path / "bombs"):
        for name, content in files.items():
            (tmp_path / "bombs").mkdir(exist_ok=True)
            (tmp_path / "bombs" / name).write_bytes(content)
        with pytest.raises(Failure, match=r"2 of 2 .*long\.bmp \(larger than 20,000 bytes\).*wide\.png \(.*bomb"):
            folder.build(str(root))


def test_all_is_read_once_until_something_changes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    image = paint(tmp_path / "set" / "a.png", "red")
    root = str(tmp_path / "set")

    def reads(**settings: Any) -> bool:
        folder.build(root, **settings)
        return "reading" in capfd.readouterr().err

    assert reads()
    assert not reads()
    assert reads(size=8)
    assert reads(channels=1)
    assert reads(skip_broken=True)
    assert not reads()
    paint(tmp_path / "set" / "b.png")
    assert reads()
    os.utime(image, (1, 1))
    assert reads()
    image.rename(tmp_path / "set" / "c.png")
    assert reads()
    assert not reads()


def test_a_zip_is_read_again_when_its_content_changes(tmp_path: Path) -> None:
    flat = [packed(Image.new("L", (4, 4), grey), "bmp") for grey in (10, 20)]  # of one length
    for content, grey in zip(flat, (10, 20), strict=True):
        path = zipped(tmp_path / "same.zip", {"a.bmp": content})
        assert folder.build(str(path), channels=1)[0][0, 0, 0, 0] == grey


def test_what_cannot_be_a_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"needs the folder or zip .*--data\.root"):
        folder.build()
    with pytest.raises(RequestError, match="no such folder or zip"):
        folder.build(str(tmp_path / "nowhere"))
    (tmp_path / "notes.txt").write_text("no zip")
    with pytest.raises(RequestError, match=r"no images in it, none of \.png \.jpg"):
        folder.build(str(tmp_path))
    with pytest.raises(RequestError, match="no images in it"):
        folder.build(str(zipped(tmp_path / "none.zip", {"a.txt": b""})))
    with pytest.raises(Failure, match=r"notes\.txt is neither a folder nor a whole zip file"):
        folder.build(str(tmp_path / "notes.txt"))
    whole = zipped(tmp_path / "whole.zip", {"a.png": RED}).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    with pytest.raises(Failure, match="nor a whole zip file"):
        folder.build(str(tmp_path / "cut.zip"))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"size": "0"}, r"data\.size = '0'"),
        ({"channels": 2}, r"data\.channels = 2: input should be 1 or 3"),
        ({"channels": [1]}, r"data\.channels"),
        ({"skip_brokn": True}, r"no field 'data\.skip_brokn'; did you mean 'data\.skip_broken'"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        find.call(folder.build, "data", settings, root=str(tmp_path))


def test_settings_may_come_as_text(tmp_path: Path) -> None:
    paint(tmp_path / "a.png")
    given = {"size": "8", "channels": "1", "skip_broken": "true"}
    assert find.call(folder.build, "data", given, root=str(tmp_path))[0].shape == (1, 1, 8, 8)


def test_a_full_disk_names_the_cache_and_leaves_nothing(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint(tmp_path / "a.png")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_pictures, "_header", full)
    with pytest.raises(Failure, match=r"cannot write in the cache folder .*folder: No space left.*set ELEGANS_CACHE"):
        folder.build(str(tmp_path))
    assert [p.suffix for p in (cache / "folder").iterdir()] in ([], [".lock"])


def test_a_damaged_cache_is_said(tmp_path: Path) -> None:
    paint(tmp_path / "a.png")
    images = Path(folder.build(str(tmp_path))[0].filename)  # type: ignore[attr-defined]
    images.write_bytes(images.read_bytes()[:-10])
    with pytest.raises(Failure, match=r"cached images in .* are broken .*delete that folder"):
        folder.build(str(tmp_path))


def test_memory_stays_flat(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "many.zip", {f"{i:04}.bmp": packed(Image.new("L", (8, 8), i % 256), "bmp") for i in range(80)}
    )
    folder.build(str(path), size=4)  # what is imported late is imported now
    tracemalloc.start()
    x, _ = folder.build(str(path), size=128)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert x.nbytes == 80 * 128 * 128 * 3
    assert peak < x.nbytes / 4
    assert x[:, 0, 64, 64].tolist() == list(range(80))
