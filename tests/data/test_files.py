"""Where files are looked for, and that their content decides whose they are."""

import gzip
from collections.abc import Callable
from hashlib import md5, sha256
from pathlib import Path

import numpy as np
import pytest

from elegans.data import _idx, fashion, mnist
from elegans.data._files import Files
from elegans.errors import Failure, RequestError

Sets = tuple[dict[str, bytes], dict[str, bytes], Callable[..., Path]]
IMAGES = "train-images-idx3-ubyte"


def images(made: dict[str, bytes], name: str = IMAGES) -> np.ndarray:
    """What `build` must return for that file."""
    return _idx.decode(made[name], Path(name))[:, None]


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("inside", ["", "mnist"])
@pytest.mark.parametrize("place", ["root", "ELEGANS_DATA", "cache"])
def test_the_files_are_found(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, sets: Sets, place: str, inside: str, packed: bool
) -> None:
    digits, _, lay = sets
    top = cache if place == "cache" else tmp_path / "top"
    lay(top / inside, digits, packed)
    if place == "ELEGANS_DATA":
        monkeypatch.setenv("ELEGANS_DATA", str(top))
    x, y = mnist.build(str(top) if place == "root" else None)
    assert (x == images(digits)).all()
    assert x.shape == (6, 1, 28, 28)
    assert x.dtype == np.uint8
    assert y.dtype == np.int64
    assert y.tolist() == list(digits["train-labels-idx1-ubyte"][8:])
    assert mnist.build(str(top) if place == "root" else None, split="test")[0].shape == (4, 1, 28, 28)


@pytest.mark.usefixtures("tiny")
def test_names_as_kaggle_spells_them_and_a_packed_name_on_an_unpacked_file(tmp_path: Path, sets: Sets) -> None:
    digits = sets[0]
    (tmp_path / "train-images.idx3-ubyte").write_bytes(digits[IMAGES])
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(digits["train-labels-idx1-ubyte"])
    assert (mnist.build(str(tmp_path))[0] == images(digits)).all()


@pytest.mark.usefixtures("tiny")
def test_the_root_comes_before_the_variable_and_the_variable_before_the_cache(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, sets: Sets
) -> None:
    digits, _, lay = sets
    places = [lay(tmp_path / "root", digits), lay(tmp_path / "variable", digits), lay(cache, digits)]
    monkeypatch.setenv("ELEGANS_DATA", str(tmp_path / "variable"))
    for place, root in zip(places, (str(tmp_path / "root"), None, None), strict=True):
        found = mnist.files.find(IMAGES, root)
        assert found
        assert found[0].parent == place
        for file in place.iterdir():
            file.unlink()


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("where", ["variable", "cache"])
def test_another_set_of_the_same_names_is_passed_over(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, sets: Sets, where: str
) -> None:
    digits, clothes, lay = sets
    top = cache if where == "cache" else tmp_path / "top"
    monkeypatch.setenv("ELEGANS_DATA", str(tmp_path / "top"))
    lay(top, digits)  # fashion looks here too, finds MNIST's files, and must not take them
    with pytest.raises(Failure, match=rf"there is no {IMAGES} of fashion"):
        fashion.build()
    assert fashion.files.paths() == {}
    assert len(mnist.files.paths()) == 4
    lay(top / "fashion", clothes)
    assert (fashion.build()[0] == images(clothes)).all()
    assert (mnist.build()[0] == images(digits)).all()


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("where", ["root", "variable/fashion"])
def test_another_set_where_only_this_one_can_be_meant_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sets: Sets, where: str
) -> None:
    digits, _, lay = sets
    lay(tmp_path / where, digits)
    monkeypatch.setenv("ELEGANS_DATA", str(tmp_path / "variable"))
    with pytest.raises(Failure, match=rf"is not the {IMAGES} of fashion.*which is the {IMAGES} of mnist") as error:
        fashion.build(str(tmp_path / where) if where == "root" else None)
    assert str(tmp_path / where / IMAGES) in str(error.value)
    assert "6 x 28 x 28" in str(error.value)


@pytest.mark.usefixtures("tiny")
def test_one_split_in_place_of_the_other_is_named(tmp_path: Path, sets: Sets) -> None:
    digits, _, lay = sets
    lay(tmp_path, digits | {IMAGES: digits["t10k-images-idx3-ubyte"]})
    with pytest.raises(Failure, match=r"4 x 28 x 28 values .* which is the t10k-images-idx3-ubyte of mnist"):
        mnist.build(str(tmp_path))


@pytest.mark.usefixtures("tiny")
def test_content_that_nobody_knows_is_said_to_be_so(tmp_path: Path, sets: Sets) -> None:
    digits, _, lay = sets
    lay(tmp_path, digits | {IMAGES: _idx.encode(np.zeros((6, 28, 28), np.uint8))})
    with pytest.raises(Failure, match="no set known here"):
        mnist.build(str(tmp_path))


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("where", ["root", "variable", "cache"])
def test_a_broken_file_is_never_passed_over(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, sets: Sets, where: str
) -> None:
    digits, _, lay = sets
    top = cache if where == "cache" else tmp_path / where
    monkeypatch.setenv("ELEGANS_DATA", str(tmp_path / "variable"))
    path = lay(top, digits) / f"{IMAGES}.gz"
    root = str(top) if where == "root" else None
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(Failure, match=r"ubyte\.gz is a broken gzip file"):
        mnist.build(root)
    assert mnist.files.paths().keys() == (set() if where == "root" else digits.keys())  # a quick look, not a check
    path.write_bytes(gzip.compress(digits[IMAGES][:-100]))
    with pytest.raises(Failure, match=r"ubyte\.gz is cut short"):
        mnist.build(root)


@pytest.mark.usefixtures("tiny")
def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"data\.root = .*nowhere.*no such folder"):
        mnist.build(str(tmp_path / "nowhere"))


@pytest.mark.usefixtures("tiny")
def test_without_files_and_network_the_message_says_where_and_what_next(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELEGANS_DATA", str(tmp_path / "gone"))
    with pytest.raises(Failure) as error:
        mnist.build()
    said = str(error.value)
    for part in (
        f"there is no {IMAGES} of mnist in",
        f"{tmp_path / 'gone'} (no such folder)",
        f"http://127.0.0.1:9/{IMAGES}.gz (ConnectionError)",
        "--data.root",
        "ELEGANS_DATA",
        f"put it into {cache / 'mnist'}",
    ):
        assert part in said
    assert "\n" not in said


@pytest.mark.full
def test_the_full_files_are_the_published_ones(full_data: Path) -> None:
    published = {  # MD5 of the unpacked official files
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }
    for file, digest in published.items():
        found = mnist.files.find(file, str(full_data))
        assert found
        assert md5(_idx.unpack(found[0])).hexdigest() == digest
    x, y = mnist.build(str(full_data), "test")
    assert x.shape == (10000, 1, 28, 28)
    assert np.bincount(y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_a_root_holds_some_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever names a folder of pictures must not get digits from elsewhere."""
    for name in ("here", "empty", "half"):
        (tmp_path / name).mkdir()
    files = Files("letters", {f"{name}.bin": sha256(name.encode()).hexdigest() for name in "ab"}, idx=False, hint="ask")
    for folder, names in (("here", "ab"), ("half", "a")):
        for name in names:
            (tmp_path / folder / f"{name}.bin").write_bytes(name.encode())
    monkeypatch.setenv("ELEGANS_DATA", str(tmp_path / "here"))
    assert files.get("a.bin")[0] == tmp_path / "here" / "a.bin"
    assert files.get("a.bin", str(tmp_path / "half"))[0] == tmp_path / "half" / "a.bin"
    with pytest.raises(
        RequestError, match=r"there is no a\.bin of letters in .*empty; pictures of your own are --data"
    ):
        files.get("a.bin", str(tmp_path / "empty"))
    assert files.get("b.bin", str(tmp_path / "half"))[0] == tmp_path / "here" / "b.bin"  # the rest may be elsewhere
    monkeypatch.delenv("ELEGANS_DATA")
    with pytest.raises(Failure, match=r"there is no b\.bin of letters in .*half, .*; ask"):
        files.get("b.bin", str(tmp_path / "half"))
