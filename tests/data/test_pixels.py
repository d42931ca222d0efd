"""Image files of every kind become plain pixels: upright, on white, scaled without aliasing."""

import io
import warnings
from typing import Any

import numpy as np
import pytest
from PIL import Image

from elegans.data import _pixels


def packed(image: Image.Image, kind: str = "png", **options: Any) -> bytes:
    """An image as the content of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_the_shorter_side_is_scaled_and_the_middle_kept() -> None:
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 200
    assert (_pixels.decode(packed(Image.fromarray(wide)), 10, 3) == 200).all()
    assert (_pixels.decode(packed(Image.fromarray(wide.swapaxes(0, 1))), 10, 3) == 200).all()
    board = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)
    assert np.abs(_pixels.decode(packed(Image.fromarray(board)), 8, 1).astype(int) - 127).max() < 4  # no aliasing
    assert _pixels.decode(packed(Image.new("L", (1, 1), 77)), 4, 1).tolist() == [[[77] * 4] * 4]


def test_a_turned_photograph_stands_upright() -> None:
    picture = Image.fromarray(np.repeat(np.arange(16, dtype=np.uint8)[:, None] * 16, 16, 1))  # dark above
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate a quarter to see it
    turned = _pixels.decode(packed(picture, exif=exif), 16, 1)[0]
    assert turned[8, 0] > turned[8, 15]  # what was above is now on the right
    assert turned[8, 8] == turned[0, 8]


def palette(transparent: bool) -> bytes:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 200, 100, 50])
    return packed(image, **({"transparency": 1} if transparent else {}))


@pytest.mark.parametrize(
    ("content", "colour"),
    [
        (packed(Image.new("1", (4, 4), 1)), (255, 255, 255)),
        (packed(Image.new("L", (4, 4), 90)), (90, 90, 90)),
        (packed(Image.new("LA", (4, 4), (0, 128))), (127, 127, 127)),
        (packed(Image.new("RGBA", (4, 4), (255, 0, 0, 0))), (255, 255, 255)),
        (packed(Image.new("RGBA", (4, 4), (255, 0, 0, 128))), (255, 127, 127)),
        (packed(Image.new("RGB", (4, 4), (9, 8, 7)), transparency=(9, 8, 7)), (255, 255, 255)),
        (palette(False), (200, 100, 50)),
        (palette(True), (255, 255, 255)),
        (packed(Image.fromarray(np.full((4, 4), 257 * 200, np.uint16))), (200, 200, 200)),
        (packed(Image.fromarray(np.full((4, 4), 257 * 200, np.uint16)), "tiff"), (200, 200, 200)),
        (packed(Image.fromarray(np.full((4, 4), 257 * 200, np.int32), "I"), "tiff"), (200, 200, 200)),
        (b"P5 4 4 65535\n" + b"\xc8\xc8" * 16, (200, 200, 200)),
        (packed(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "jpeg", quality=100), (255, 0, 0)),
        (packed(Image.new("CMYK", (4, 4), (0, 255, 255, 0)), "tiff"), (255, 0, 0)),
        (packed(Image.new("RGB", (4, 4), (1, 2, 3)), "gif"), (1, 2, 3)),
    ],
)
def test_every_kind_of_pixel(content: bytes, colour: tuple[int, int, int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = _pixels.decode(content, 4, 3)
        grey = _pixels.decode(content, 4, 1)
    assert np.abs(x[:, 1, 1].astype(int) - colour).max() <= 2
    assert grey.shape == (1, 4, 4)
    if len(set(colour)) == 1:
        assert abs(int(grey[0, 1, 1]) - colour[0]) <= 2


def test_a_large_jpeg_is_scaled_as_finely_as_without_the_shortcut() -> None:
    draw = np.random.default_rng(0)
    photo = Image.fromarray(draw.integers(0, 256, (60, 80, 3), np.uint8)).resize((800, 600), Image.Resampling.BICUBIC)
    quick = _pixels.decode(packed(photo, "jpeg", quality=98, subsampling=0), 48, 3).astype(int)
    exact = _pixels.decode(packed(photo), 48, 3).astype(int)
    assert np.abs(quick - exact).mean() < 0.5


def test_what_is_no_image_is_called_so() -> None:
    with pytest.raises(ValueError, match="it is no image"):
        _pixels.decode(b"a letter, not a picture", 8, 1)
