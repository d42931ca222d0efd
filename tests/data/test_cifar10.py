"""CIFAR-10 in both of its forms, a choice of its classes, and that it is unpacked once."""

import io
import tarfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elegans import find
from elegans.data import cifar10
from elegans.errors import Failure, RequestError

ARCHIVE = "cifar-10-binary.tar.gz"
DRAW = np.random.default_rng(0)
IMAGES = DRAW.integers(0, 256, (6, 5, 3, 32, 32), np.uint8)  # six batches of five
LABELS = np.array([[1, 9, 3, 1, 0], [5, 5, 2, 1, 9], *[[4, 6, 7, 8, 2]] * 3, [9, 1, 3, 3, 0]], np.uint8)
TRAIN = LABELS[:5].ravel()


def archive() -> bytes:
    """The batches as the authors pack them."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for i, name in enumerate([*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]):
            records = np.concatenate([LABELS[i][:, None], IMAGES[i].reshape(5, -1)], 1).tobytes()
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            info.size = len(records)
            tar.addfile(info, io.BytesIO(records))
    return file.getvalue()


def npz() -> dict[str, bytes]:
    """The batches in files of numpy's."""
    made = {}
    for i, name in enumerate([*(f"train-{k}" for k in range(1, 6)), "test"]):
        file = io.BytesIO()
        np.savez(file, images=IMAGES[i].transpose(0, 2, 3, 1), labels=LABELS[i], exact=np.ones(5, bool))
        made[f"cifar10-{name}.npz"] = file.getvalue()
    return made


FORMS = {"archive": {ARCHIVE: archive()}, "npz": npz()}


def lay(folder: Path, form: str, *names: str) -> Path:
    """Put the files of a form into a folder: all, or those of these names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in FORMS[form].items():
        if not names or name in names:
            (folder / name).write_bytes(content)
    return folder


@pytest.fixture(autouse=True)
def tiny(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The set is those thirty images, and nothing can be downloaded; except for tests of the full set."""
    if request.node.get_closest_marker("full"):
        return
    known = {form: {n: sha256(c).hexdigest() for n, c in made.items()} for form, made in FORMS.items()}
    assert cifar10.files.also
    also = replace(cifar10.files.also, sha256=known["npz"])
    nowhere = ("http://127.0.0.1:9/{}",)
    files = replace(cifar10.files, sha256=known["archive"], mirrors=nowhere, also=also)
    monkeypatch.setattr(cifar10, "files", files)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("inside", ["", "cifar10"])
@pytest.mark.parametrize("place", ["root", "ELEGANS_DATA", "cache"])
def test_either_form_is_found_and_gives_the_same(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, place: str, inside: str, form: str
) -> None:
    top = cache if place == "cache" else tmp_path / "top"
    lay(top / inside, form)
    if place == "ELEGANS_DATA":
        monkeypatch.setenv("ELEGANS_DATA", str(top))
    root = str(top) if place == "root" else None
    x, y = cifar10.build(root)
    assert isinstance(x, np.memmap)
    assert x.dtype == np.uint8
    assert y.dtype == np.int64
    assert (x == IMAGES[:5].reshape(25, 3, 32, 32)).all()
    assert (y == TRAIN).all()
    x, y = cifar10.build(root, split="test")
    assert (x == IMAGES[5]).all()
    assert (y == LABELS[5]).all()


def test_a_choice_of_classes_is_numbered_in_its_order(tmp_path: Path) -> None:
    root = str(lay(tmp_path, "archive"))
    x, y = cifar10.build(root, only="automobile")
    assert (x == IMAGES[:5].reshape(25, 3, 32, 32)[TRAIN == 1]).all()
    assert y.tolist() == [0, 0, 0]
    assert y.dtype == np.int64
    x, y = cifar10.build(root, "test", only=["truck", "cat", "truck"])
    assert (x == IMAGES[5, [0, 2, 3]]).all()
    assert y.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"only": "automobil"}, r"data\.only = 'automobil': .* did you mean 'automobile'\?"),
        ({"only": ["cat", "dgo"]}, r"data\.only = 'dgo': .* did you mean 'dog'\?"),
        ({"only": []}, r"at least one class of airplane, automobile, .*truck"),
        ({"split": "tset"}, r"data\.split = 'tset'"),
        ({"root": "nowhere"}, r"no such folder"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        find.call(cifar10.build, "data", settings)


def test_it_is_unpacked_once(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    root = str(lay(tmp_path, "npz"))
    for settings, unpacked in (({}, True), ({"only": "cat"}, False), ({"split": "test"}, True), ({}, False)):
        cifar10.build(root, **settings)
        said = capfd.readouterr().err
        assert ("unpacking cifar10" in said) == unpacked
        assert said.count("licence: none stated") == 1


def test_where_both_are_the_root_comes_first_and_the_archive_in_one_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path / "variable", "archive")
    monkeypatch.setenv("ELEGANS_DATA", str(tmp_path / "variable"))
    root = lay(tmp_path / "root", "npz")
    assert cifar10.files.form(str(root)) is cifar10.files.also
    assert cifar10.files.form() is cifar10.files
    lay(root, "archive")
    assert cifar10.files.form(str(root)) is cifar10.files


def test_some_of_the_npz_files_are_not_the_set(tmp_path: Path) -> None:
    root = str(lay(tmp_path, "npz", "cifar10-train-1.npz", "cifar10-test.npz"))
    assert len(cifar10.build(root, "test")[0]) == 5
    with pytest.raises(Failure, match=r"no cifar10-train-2\.npz of cifar10 in .*; put it there, or move the other"):
        cifar10.build(root)


@pytest.mark.parametrize("form", FORMS)
def test_another_content_is_refused_and_never_unpacked(tmp_path: Path, form: str, cache: Path) -> None:
    name = next(iter(FORMS[form]))
    lay(tmp_path, form)
    (tmp_path / name).write_bytes(FORMS[form][name][:-1])
    with pytest.raises(Failure, match=rf"{name} is not the {name} of cifar10: .*of no set known here"):
        cifar10.build(str(tmp_path))
    assert not cache.exists()


def test_one_file_in_place_of_another_is_named(tmp_path: Path) -> None:
    lay(tmp_path, "npz")
    (tmp_path / "cifar10-train-1.npz").write_bytes(FORMS["npz"]["cifar10-test.npz"])
    with pytest.raises(Failure, match=r"which is the cifar10-test\.npz of cifar10"):
        cifar10.build(str(tmp_path))


def test_without_files_it_is_the_archive_that_is_downloaded() -> None:
    with pytest.raises(Failure, match=rf"there is no {ARCHIVE} of cifar10 in .*127\.0\.0\.1:9/{ARCHIVE}"):
        cifar10.build()


def test_a_pickle_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    np.savez(file, images=np.array([{}], object), labels=np.zeros(1, np.uint8))
    name = "cifar10-test.npz"
    assert cifar10.files.also
    also = replace(cifar10.files.also, sha256={name: sha256(file.getvalue()).hexdigest()})
    monkeypatch.setattr(cifar10, "files", replace(cifar10.files, also=also))
    (tmp_path / name).write_bytes(file.getvalue())
    with pytest.raises(ValueError, match="allow_pickle=False"):
        cifar10.build(str(tmp_path), "test")


@pytest.mark.full
def test_the_full_set(full_data: Path) -> None:
    form = cifar10.files.form(str(full_data))
    if not form.find(next(iter(form.sha256)), str(full_data)):
        pytest.skip("needs CIFAR-10 in ELEGANS_DATA")
    x, y = cifar10.build(str(full_data), "test")
    assert x.shape == (10000, 3, 32, 32)
    assert np.bincount(y).tolist() == [1000] * 10
    # red, green and blue of the test images, as published
    assert x.mean((0, 2, 3)) / 255 == pytest.approx([0.4942, 0.4851, 0.4504], abs=1e-4)
    assert y[:10].tolist() == [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]
    assert all(form.find(name, str(full_data)) for name in form.sha256)
