"""`elegans data`: the list, what is got, and what is checked."""

import re
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from elegans import find
from elegans.cli import main
from elegans.data import _idx, cifar10, faces, mnist, mnist5k


@pytest.fixture(autouse=True)
def _private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELEGANS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ELEGANS_DATA", raising=False)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds all of `mnist`, which is one file now and cannot be downloaded."""
    content = _idx.encode(np.arange(9, dtype=np.uint8))
    known = {"some-labels-idx1-ubyte": sha256(content).hexdigest()}
    files = replace(mnist.files, sha256=known, mirrors=("http://127.0.0.1:9/{}.gz",))
    monkeypatch.setattr(mnist, "files", files)
    (tmp_path / "top" / "mnist").mkdir(parents=True)
    (tmp_path / "top" / "mnist" / "some-labels-idx1-ubyte").write_bytes(content)
    return tmp_path / "top"


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    code = 0
    try:
        main(["data", *words])
    except SystemExit as error:
        code = int(error.code or 0)
    return code, *capsys.readouterr()


def test_every_data_set_says_what_it_is() -> None:
    for name in find.names("data"):
        module = find.find("data", name)
        assert callable(module.build)
        assert module.__doc__
        about = module.about
        assert about.source
        assert about.licence
        assert about.count
        assert bool(about.here) != hasattr(module, "files")


def test_the_list_has_a_line_a_set_that_can_be_searched(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tiny: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    code, out, _ = run(capsys)
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert list(lines) == ["name", *find.names("data")]
    for name in find.names("data"):
        about = find.find("data", name).about
        assert all(text in lines[name] for text in (about.source, about.licence, about.count))
    assert "not here" in lines["mnist"]
    assert "part of the package" in lines["mnist5k"]
    monkeypatch.setenv("ELEGANS_DATA", str(tiny))
    assert f"in {tiny}/mnist" in run(capsys)[1]


def test_the_list_says_what_is_only_here_in_part_and_what_is_not_free(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tiny: Path
) -> None:
    monkeypatch.setenv("ELEGANS_DATA", str(tiny))
    monkeypatch.setattr(mnist, "files", replace(mnist.files, sha256={**mnist.files.sha256, "other": "0"}))
    monkeypatch.setattr(mnist, "about", replace(mnist.about, free=False))
    out = run(capsys)[1]
    assert f"1 of 2 files in {tiny}/mnist" in out
    marked = {line.split()[0] for line in out.splitlines() if "(not free)" in line}
    assert marked == {"cifar10", "faces", "logograms", "mnist"}


def test_get_shows_the_licence_and_where_the_files_are(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tiny: Path
) -> None:
    monkeypatch.setenv("ELEGANS_DATA", str(tiny))
    code, out, _ = run(capsys, "get", "mnist")
    assert code == 0
    assert out.splitlines() == [
        f"mnist: {mnist.about.source}",
        f"licence: {mnist.about.licence}",
        f"some-labels-idx1-ubyte: {tiny}/mnist/some-labels-idx1-ubyte",
    ]


@pytest.mark.usefixtures("tiny")
def test_get_without_a_network_fails_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    code, out, err = run(capsys, "get", "mnist")
    assert code == 1
    assert "licence: " in out
    assert err.splitlines()[-1].startswith("elegans: there is no some-labels-idx1-ubyte of mnist in ")
    assert len(err.splitlines()) == 2  # and "downloading ..."


@pytest.mark.parametrize("name", ["mnist5k", "folder", "rings", "xor"])
def test_there_is_nothing_to_get_for_what_needs_no_download(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, _ = run(capsys, "get", name)
    assert code == 0
    assert "nothing to get: " in out


def test_check_says_good_missing_or_bad_of_each_file(capsys: pytest.CaptureFixture[str], tiny: Path) -> None:
    file, digest = "some-labels-idx1-ubyte", mnist.files.sha256["some-labels-idx1-ubyte"]
    code, out, _ = run(capsys, "check", "mnist", "--root", str(tiny))
    assert code == 0
    assert out.split() == ["good", file, "sha256", digest, f"{tiny}/mnist/{file}"]
    code, out, err = run(capsys, "check", "mnist")
    assert code == 1
    assert out.split() == ["missing", file]
    assert re.match(r"elegans: 1 of 1 files of mnist are missing or bad; .*data get mnist", err)
    (tiny / "mnist" / file).write_bytes(_idx.encode(np.arange(8, dtype=np.uint8)))
    code, out, _ = run(capsys, "check", "mnist", "--root", str(tiny))
    assert code == 1
    assert out.startswith(f"bad      {file}  {tiny}/mnist/{file} is not the {file} of mnist")
    assert len(out.splitlines()) == 1


def test_a_set_in_two_forms_is_listed_got_and_checked_in_the_one_that_is_here(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {name: sha256(name.encode()).hexdigest() for name in ("cifar10-train-1.npz", "cifar10-test.npz")}
    assert cifar10.files.also
    monkeypatch.setattr(cifar10, "files", replace(cifar10.files, also=replace(cifar10.files.also, sha256=known)))
    assert run(capsys, "check", "cifar10")[1] == "missing  cifar-10-binary.tar.gz\n"
    for name in known:
        (tmp_path / name).write_text(name)
    monkeypatch.setenv("ELEGANS_DATA", str(tmp_path))
    assert re.search(rf"\ncifar10 .*\(not free\) +in {tmp_path} *\n", run(capsys)[1])
    code, out, err = run(capsys, "get", "cifar10")
    assert (code, err) == (0, "")
    assert out.splitlines()[1:] == [
        f"licence: {cifar10.about.licence} (not free)",
        *(f"{name}: {tmp_path / name}" for name in known),
    ]
    code, out, _ = run(capsys, "check", "cifar10")
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()] == [["good", name] for name in known]


def test_what_nobody_offers_is_said_after_its_licence(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "get", "faces")
    assert code == 1
    assert out.endswith(f"licence: {faces.about.licence} (not free)\n")
    assert re.fullmatch(r"elegans: there is no faces-utkface-64\.zip of faces in .*not offered for download.*\n", err)
    assert "not offered for download" in run(capsys, "check", "faces")[2]


def test_check_of_the_files_in_the_package_and_of_none(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run(capsys, "check", "mnist5k")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["good", "good"]
    assert run(capsys, "check", "rings")[:2] == (0, "nothing to check: drawn when asked for, needs no files\n")
    monkeypatch.setattr(mnist5k, "files", replace(mnist5k.files, home=tmp_path))
    assert run(capsys, "check", "mnist5k")[0] == 1


def test_a_wrong_name_or_root_is_a_wrong_request(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "get", "fashon")
    assert code == 2
    assert "did you mean 'fashion'" in err
    assert run(capsys, "check", "mnist", "--root", "nowhere")[0] == 2


@pytest.mark.parametrize("words", [[], ["get"], ["check"]])
def test_help_has_an_example(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert f"elegans data {' '.join(words)}".strip() in run(capsys, *words, "--help")[1].split("For example:")[1]


def test_the_list_imports_neither_torch_nor_pillow() -> None:
    script = (
        "import atexit, sys; from elegans.cli import main; "
        "atexit.register(lambda: print({'torch', 'PIL', 'pooch'} & set(sys.modules))); main(['data'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
