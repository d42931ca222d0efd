"""Sheets to the pixel, and files that come back as they were written."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from elegans import images
from elegans.errors import Failure, RequestError
from elegans.images import Bytes


def noise(n: int, size: int = 8, channels: int = 1, seed: int = 0) -> Bytes:
    """Images of noise that is never quite black."""
    return np.random.default_rng(seed).integers(1, 256, (n, size, size, channels), dtype=np.uint8)


def pixels(picture: Image.Image) -> Bytes:
    """As [h, w, c] again."""
    array = np.asarray(picture)
    return array if array.ndim == 3 else array[..., None]


# --- sheets -----------------------------------------------------------------------------------------------------------


def test_a_sheet_to_the_pixel() -> None:
    """Three images of two by one pixels in two columns, a gap of one pixel between and around; the last place empty."""
    made = images.sheet(np.array([[[[1], [2]]], [[[3], [4]]], [[[5], [6]]]], np.uint8), columns=2, gap=1)
    assert made[..., 0].tolist() == [
        [0, 0, 0, 0, 0, 0, 0],
        [0, 1, 2, 0, 3, 4, 0],
        [0, 0, 0, 0, 0, 0, 0],
        [0, 5, 6, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0, 0],
    ]


@given(
    n=st.integers(1, 12),
    columns=st.integers(1, 6),
    gap=st.integers(0, 3),
    height=st.integers(1, 4),
    width=st.integers(1, 4),
    channels=st.sampled_from([1, 3]),
)
def test_every_image_is_where_it_should_be(
    n: int, columns: int, gap: int, height: int, width: int, channels: int
) -> None:
    """And there is nothing else on the sheet."""
    made = np.random.default_rng(n).integers(1, 256, (n, height, width, channels), dtype=np.uint8)
    sheet = images.sheet(made, columns, gap)
    rows = -(-n // columns)
    assert sheet.dtype == np.uint8
    assert sheet.shape == (rows * (height + gap) + gap, columns * (width + gap) + gap, channels)
    for i in range(n):
        top, left = gap + i // columns * (height + gap), gap + i % columns * (width + gap)
        assert np.array_equal(sheet[top : top + height, left : left + width], made[i])
    assert np.count_nonzero(sheet) == made.size


@pytest.mark.parametrize(
    ("n", "classes", "expected"),
    [
        (64, 0, 8),
        (1, 0, 1),
        (2, 0, 1),
        (100, 10, 10),
        (30, 3, 6),
        (5, 10, 2),
        (64, 1, 8),
        (50, 0, 7),
        (100, 2, 10),
        (64, 4, 8),
    ],
)
def test_columns(n: int, classes: int, expected: int) -> None:
    """About a square, in whole turns of the classes where there are images enough for one."""
    assert images.columns(n, classes) == expected


@pytest.mark.parametrize(("size", "factor"), [(8, 7), (16, 3), (28, 2), (32, 1), (56, 1), (64, 1), (128, 1)])
def test_small_images_are_enlarged(size: int, factor: int) -> None:
    assert images.enlarged(size) == factor


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [1, 3])
def test_png(channels: int, scale: int) -> None:
    """Every pixel becomes a square of the same colour."""
    made = noise(1, channels=channels)[0]
    picture = Image.open(io.BytesIO(images.png(made, scale)))
    assert picture.mode == ("L" if channels == 1 else "RGB")
    assert np.array_equal(pixels(picture), made.repeat(scale, 0).repeat(scale, 1))


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_write_a_sheet(tmp_path: Path, channels: int) -> None:
    """Classes in turn: a column each. Small images are enlarged."""
    made = noise(6, 28, channels)
    out = tmp_path / "new" / "sheet.png"
    images.write(out, made, np.arange(6) % 3, classes=3)
    expected = images.sheet(made, 3).repeat(2, 0).repeat(2, 1)
    assert np.array_equal(pixels(Image.open(out)), expected)


def test_write_arrays(tmp_path: Path) -> None:
    made, labels = noise(5, channels=3), np.array([3, 1, 4, 1, 5])
    images.write(tmp_path / "made.npz", made, labels)
    with np.load(tmp_path / "made.npz", allow_pickle=False) as found:
        assert sorted(found) == ["images", "labels"]
        assert np.array_equal(found["images"], made)
        assert np.array_equal(found["labels"], labels)
        assert (found["images"].dtype, found["labels"].dtype) == (np.uint8, np.int64)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([-1, -1, -1], ["000000.png", "000001.png", "000002.png"]),
        ([7, 0, 7], ["000000-7.png", "000001-0.png", "000002-7.png"]),
    ],
)
def test_write_a_folder(tmp_path: Path, labels: list[int], names: list[str]) -> None:
    """A PNG an image, in its own size, with its label in the name."""
    made = noise(3)
    images.write(tmp_path / "new" / "folder", made, np.array(labels))
    found = sorted((tmp_path / "new" / "folder").iterdir())
    assert [file.name for file in found] == names
    for file, image in zip(found, made, strict=True):
        assert np.array_equal(pixels(Image.open(file)), image)


def test_write_a_film(tmp_path: Path) -> None:
    """A frame an image, enlarged, endless, each for as long as asked; grey values exact."""
    made = noise(5, 28)
    out = tmp_path / "walk.gif"
    images.write(out, made, np.full(5, -1), milliseconds=80)
    with Image.open(out) as film:
        assert (film.n_frames, film.info["loop"]) == (5, 0)  # type: ignore[attr-defined]
        found = [(frame.convert("L").copy(), frame.info["duration"]) for frame in ImageSequence.Iterator(film)]
    assert [duration for _, duration in found] == [80] * 5
    for (frame, _), image in zip(found, made, strict=True):
        assert np.array_equal(pixels(frame), image.repeat(8, 0).repeat(8, 1))


def test_the_last_frame_of_a_film_may_stay(tmp_path: Path) -> None:
    frames = [images.picture(image) for image in noise(4)]
    images.write_gif(tmp_path / "film.gif", frames, milliseconds=120, hold=1500)
    with Image.open(tmp_path / "film.gif") as film:
        assert [frame.info["duration"] for frame in ImageSequence.Iterator(film)] == [120, 120, 120, 1620]


def test_a_film_of_one_image(tmp_path: Path) -> None:
    images.write_gif(tmp_path / "film.gif", [images.picture(noise(1)[0])], milliseconds=120, hold=1500)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.size == (8, 8)


def test_a_film_in_colour_keeps_its_colours(tmp_path: Path) -> None:
    """Few colours come back as they are; one palette for all frames, that of the last."""
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [250, 240, 10]], np.uint8)
    made = colours[np.random.default_rng(0).integers(0, 4, (3, 8, 8))]
    images.write_gif(tmp_path / "film.gif", [images.picture(image) for image in made], milliseconds=100)
    with Image.open(tmp_path / "film.gif") as film:
        found = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]
    assert len(found) == 3
    for frame, image in zip(found, made, strict=True):
        assert np.abs(frame.astype(int) - image).max() <= 2


def smooth(n: int, height: int, width: int, channels: int) -> Bytes:
    """A film of n frames in which a wide wave moves, with a colour for each channel."""
    y, x = np.mgrid[:height, :width]
    phases = 2 * np.pi * (np.arange(n)[:, None, None] / n + x / width + y / (2 * height))
    waves = [127.5 + 100 * np.sin(phases + c) for c in range(channels)]
    return np.rint(np.stack(waves, 3)).astype(np.uint8)


def decoded(file: Path | io.BytesIO) -> tuple[Bytes, float, str]:
    """The frames of a film as [n, h, w, 3], the seconds it lasts and the format of its pixels."""
    av = pytest.importorskip("av")
    with av.open(file) as film:
        stream = film.streams.video[0]
        found = np.stack([frame.to_ndarray(format="rgb24") for frame in film.decode(stream)])
        return found, film.duration / 1e6, stream.pix_fmt


@pytest.mark.parametrize("channels", [1, 3])
def test_write_an_mp4(tmp_path: Path, channels: int) -> None:
    """As many frames, as large as a gif's and as close as the eye sees, each for as long as asked."""
    pytest.importorskip("av")
    made, out = smooth(10, 28, 28, channels), tmp_path / "new" / "walk.mp4"
    images.write(out, made, np.full(10, -1), milliseconds=80)
    found, seconds, pixel_format = decoded(out)
    assert found.shape == (10, 8 * 28, 8 * 28, 3)
    assert seconds == pytest.approx(0.8, abs=0.01)
    assert pixel_format == "yuv420p"  # what every browser plays
    expected = np.broadcast_to(made.repeat(8, 1).repeat(8, 2), found.shape).astype(float)
    away = np.abs(found - expected)
    assert away.mean() < 4
    wrong = np.abs(np.roll(found, 1, 0) - expected)  # the frame before is farther from it
    assert away.mean() < wrong.mean() / 3


@pytest.mark.parametrize(("height", "width"), [(31, 44), (44, 31), (33, 33)])
def test_an_mp4_of_odd_sides_repeats_the_last_line(height: int, width: int) -> None:
    pytest.importorskip("av")
    made = smooth(3, height, width, 3)
    found, _, _ = decoded(io.BytesIO(images.mp4([images.picture(image) for image in made], 100)))
    assert found.shape == (3, height + height % 2, width + width % 2, 3)
    away = np.abs(found[:, :height, :width].astype(float) - made)
    assert away.mean() < 8
    assert np.abs(found[:, -1, :width].astype(float) - made[:, -1]).mean() < 20


def test_an_mp4_of_one_image_of_one_pixel() -> None:
    pytest.importorskip("av")
    found, _, _ = decoded(io.BytesIO(images.mp4([images.picture(np.full((1, 1, 1), 200, np.uint8))], 40)))
    assert found.shape == (1, 2, 2, 3)
    assert np.abs(found.astype(int) - 200).max() < 6


def test_without_pyav_the_answer_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(RequestError, match=r"pip install 'elegans\[video\]'"):
        images.write(tmp_path / "walk.mp4", noise(2), np.array([0, 1]))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out.jpg", "out.PNG", "out.tar.gz", "out.7"])
def test_another_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RequestError, match=r"the name ends in \.png, \.gif, \.mp4, \.npz, or has no ending"):
        images.write(tmp_path / "new" / name, noise(1), np.array([0]))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["out.png", "out.gif", "out.mp4", "out.npz", "out"])
def test_what_cannot_be_written_is_a_failure(tmp_path: Path, name: str) -> None:
    """A file is where the folder should be."""
    (tmp_path / "file").touch()
    if name.endswith("mp4"):
        pytest.importorskip("av")
    with pytest.raises(Failure, match=r"--out .*out.* cannot be written: Not a directory|File exists"):
        images.write(tmp_path / "file" / name, noise(2), np.array([0, 1]))


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_cut_from_a_sheet_is_what_was_put_on_it(channels: int) -> None:
    made = np.random.default_rng(0).integers(0, 256, (9, 5, 4, channels), np.uint8)
    sheet = images.sheet(made, columns=3)
    assert np.array_equal(images.cut(sheet, 2, 5, 4), made[:2])
    assert np.array_equal(images.cut(sheet[..., 0], 3, 5, 4), made[:3, ..., :1])


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Fewer images than the last time would leave the others of that time among them."""
    made, labels = np.zeros((5, 4, 4, 1), np.uint8), np.arange(5)
    images.write(tmp_path / "out", made, labels)
    images.write(tmp_path / "out", made, labels)  # the same names
    with pytest.raises(RequestError, match=r"holds something else, 000003-3\.png; choose another"):
        images.write(tmp_path / "out", made[:3], labels[:3])
    assert len(list((tmp_path / "out").iterdir())) == 5
