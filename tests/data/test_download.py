"""Downloads from a server of the test's own: one mirror after the other, and only the right content is kept."""

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from elegans.data import _files, cifar10, mnist
from elegans.errors import Failure

Sets = tuple[dict[str, bytes], dict[str, bytes], Callable[..., Path]]
IMAGES = "train-images-idx3-ubyte"


class Quiet(SimpleHTTPRequestHandler):
    """A file server that writes no log."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def served(tmp_path: Path, sets: Sets) -> Iterator[tuple[Path, str]]:
    """A folder with the packed digits, and the address it is served at."""
    folder = sets[2](tmp_path / "served", sets[0])
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def mirrored(monkeypatch: pytest.MonkeyPatch, *mirrors: str) -> None:
    """Download from there."""
    monkeypatch.setattr(mnist, "files", replace(mnist.files, mirrors=mirrors))


@pytest.mark.usefixtures("tiny")
def test_what_is_missing_is_downloaded_once_from_the_first_mirror_that_has_it(
    cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    served: tuple[Path, str],
    sets: Sets,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder, address = served
    mirrored(monkeypatch, "http://127.0.0.1:9/{}.gz", f"{address}/no/{{}}.gz", f"{address}/{{}}.gz")
    x, y = mnist.build()
    assert x.tobytes() == sets[0][IMAGES][16:]
    assert len(y) == 6
    assert sorted(p.name for p in (cache / "mnist").iterdir()) == [f"{IMAGES}.gz", "train-labels-idx1-ubyte.gz"]
    out, err = capfd.readouterr()
    assert out == ""
    assert set(err.split("\n")) - {""} == {  # ours and nothing of pooch's
        f"downloading {m}/{p}.gz"
        for m in ("http://127.0.0.1:9", f"{address}/no", address)
        for p in (IMAGES, "train-labels-idx1-ubyte")
    }
    for file in folder.iterdir():
        file.unlink()
    assert (mnist.build()[0] == x).all()
    assert capfd.readouterr().err == ""


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    "content", [b"<html>log in first</html>", gzip.compress(b"other"), gzip.compress(b"x" * 99)[:20]]
)
def test_other_content_is_not_kept(
    cache: Path, monkeypatch: pytest.MonkeyPatch, served: tuple[Path, str], content: bytes
) -> None:
    folder, address = served
    (folder / f"{IMAGES}.gz").write_bytes(content)
    mirrored(monkeypatch, f"{address}/{{}}.gz", f"{address}/no/{{}}.gz")
    with pytest.raises(Failure, match=r"ubyte\.gz \(other content than expected\), .*/no/.*\(HTTPError 404\)"):
        mnist.build()
    assert list((cache / "mnist").iterdir()) == []


def test_a_packed_file_that_is_no_idx_file_is_kept_as_it_is(
    cache: Path, monkeypatch: pytest.MonkeyPatch, served: tuple[Path, str]
) -> None:
    folder, address = served
    name, content = "cifar-10-binary.tar.gz", gzip.compress(b"not an idx file")
    (folder / name).write_bytes(content)
    known = {name: sha256(content).hexdigest()}
    monkeypatch.setattr(cifar10, "files", replace(cifar10.files, sha256=known, mirrors=(f"{address}/{{}}",)))
    path, got = cifar10.files.get(name)
    assert path == cache / "cifar10" / name
    assert got.tobytes() == path.read_bytes() == content


@pytest.mark.usefixtures("tiny")
def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(_files._TIMEOUT) <= 15
    monkeypatch.setattr(_files, "_TIMEOUT", (0.3, 0.3))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mirrored(monkeypatch, f"http://127.0.0.1:{silent.getsockname()[1]}/{{}}.gz")
        begin = time.monotonic()
        with pytest.raises(Failure, match=r"\(ReadTimeout\)"):
            mnist.build()
        assert time.monotonic() - begin < 3


@pytest.mark.usefixtures("tiny")
def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: tuple[Path, str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ELEGANS_CACHE", str(tmp_path / "file"))
    mirrored(monkeypatch, f"{served[1]}/{{}}.gz")
    with pytest.raises(Failure, match=r"cannot write in the cache folder .*file.*mnist: .*set ELEGANS_CACHE"):
        mnist.build()
