"""CIFAR-10: small photographs, colour, 32x32, ten classes."""

import sys
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from elegans.data._about import About, Arrays, terms
from elegans.data._cache import cache, once
from elegans.data._files import Files
from elegans.errors import RequestError, nearest

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]

about = About(
    source="A. Krizhevsky, V. Nair, G. Hinton, from the Tiny Images of A. Torralba and others",
    licence="none stated; asked to cite A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
    count="50,000 train, 10,000 test",
    free=False,
)
_ARCHIVE = "cifar-10-binary.tar.gz"
files = Files(
    "cifar10",
    # the authors' archive of plain bytes, by its md5 the published c32a1d4ab5d03f1284b67883e8d87530; the better known
    # one is pickled, and a pickle may run any code
    sha256={_ARCHIVE: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
    mirrors=("https://www.cs.toronto.edu/~kriz/{}",),
    idx=False,
    also=Files(
        "cifar10",
        sha256={
            "cifar10-train-1.npz": "33eb5ba12ef6957daebe739df76c7ca9100c8c5972672517b607ff97f826d20b",
            "cifar10-train-2.npz": "247757d4a81299f696330773828d7a1306f10c1eeeec7805efd0c7408772cc66",
            "cifar10-train-3.npz": "6b6875dd8920423f07f508490ad365be3614a37475051ac5d2019056241c9eea",
            "cifar10-train-4.npz": "384d1952644c9ec5753fbab4fffe7f7f1fce35ad40139bec81d158c6ba66fbe6",
            "cifar10-train-5.npz": "17508e9f066cabadc9a95c40fecc33d290c27d6e20405c34f07fa00148290c51",
            "cifar10-test.npz": "ef70305ff8491c2d2c918377cd901ec0d4904d561386c64cacb947b87b3e62af",
        },
        hint="put it there, or move the other cifar10-*.npz away and what the authors publish is downloaded",
        idx=False,
    ),
)
extractor = "cifar10"  # the one that judges images made like these
_VERSION = 1  # of what is kept in the cache


def build(
    root: str | None = None, split: Literal["train", "test"] = "train", only: str | list[str] | None = None
) -> Arrays:
    """The photographs as uint8 [n, 3, 32, 32], red, green and blue, and their classes as int64 [n].

    The classes: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck. All are memory-mapped; a choice
    of classes is in memory. They are unpacked into the cache once. Of the two forms the set is read in, the authors'
    archive is exact; in the six npz files 98 images (93 ships, 5 horses) went through JPEG.

    Args:
        root: a folder that holds cifar-10-binary.tar.gz or the npz files, or has a subfolder `cifar10` that does.
        split: which of the two sets.
        only: a class or several, by name: `automobile` gives the 5,000 cars; labels are then places in this list.

    Raises:
        RequestError: the root is not a folder, or `only` names no class or one that is not there.
        Failure: a file is broken, is another set's, or cannot be had; or the cache cannot be written.
    """
    numbers = _numbers(only)
    terms("cifar10", about)
    form = files.form(root)
    names = [name for name in form.sha256 if name == _ARCHIVE or split in name]
    contents = [form.get(name, root)[1] for name in names]

    key = sha256(" ".join([str(_VERSION), split, *(form.sha256[name] for name in names)]).encode()).hexdigest()
    done = cache() / "cifar10" / key[:24]

    def make(new: Path) -> None:
        print(f"unpacking cifar10 ({split}) once into {done}", file=sys.stderr)
        parts = list(_batches(contents[0], split) if names == [_ARCHIVE] else map(_npz, contents))
        np.save(new / "images.npy", np.concatenate([images for images, _ in parts]))
        np.save(new / "labels.npy", np.concatenate([labels for _, labels in parts]).astype(np.int64))

    images, labels = once(done, make)
    if numbers is None:
        return images, labels
    place = np.full(len(NAMES), -1)
    place[numbers] = np.arange(len(numbers))
    kept = place[labels] >= 0
    return images[kept], place[labels[kept]]


def _numbers(only: str | list[str] | None) -> list[int] | None:
    """The classes of those names, each once."""
    if only is None:
        return None
    names = [only] if isinstance(only, str) else list(dict.fromkeys(only))
    for name in names:
        if name not in NAMES:
            raise RequestError(f"data.only = {name!r}: cifar10 has no such class{nearest(name, NAMES)}")
    if not names:
        raise RequestError(f"data.only = []: name at least one class of {', '.join(NAMES)}")
    return [NAMES.index(name) for name in names]


def _batches(archive: NDArray[np.uint8], split: str) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Images and labels of each batch: a record is the label and 32 x 32 bytes of red, of green and of blue."""
    import tarfile  # late: costs a hundredth of a second

    with tarfile.open(fileobj=BytesIO(archive.data), mode="r:gz") as tar:
        for name in [f"data_batch_{i}" for i in range(1, 6)] if split == "train" else ["test_batch"]:
            member = tar.extractfile(f"cifar-10-batches-bin/{name}.bin")
            assert member is not None  # the content of the archive is known
            records = np.frombuffer(member.read(), np.uint8).reshape(-1, 1 + 3 * 32 * 32)
            yield records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]


def _npz(content: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    with np.load(BytesIO(content.data), allow_pickle=False) as arrays:
        return arrays["images"].transpose(0, 3, 1, 2), arrays["labels"]
