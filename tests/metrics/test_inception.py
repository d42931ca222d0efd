"""Inception as an extractor: the user's weights, torch-fidelity's network, nothing else's code.

What stands in for torch-fidelity here is called as it is; where it can be imported, it is used itself.
"""

import pickle
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from elegans import evaluate
from elegans.config import Data
from elegans.data import mnist5k
from elegans.errors import Failure, RequestError
from elegans.metrics import _inception
from elegans.metrics._inception import load

MODULE = "torch_fidelity.feature_extractor_inceptionv3"
NAMED = ["2048", "logits_unbiased"]


class Stand(nn.Module):
    """Called as torch-fidelity's class is, with a linear layer of the image's mean inside."""

    def __init__(self, name: str, features_list: list[str], feature_extractor_weights_path: object = None) -> None:
        super().__init__()
        assert features_list == NAMED
        self.means = nn.Linear(3, 2048)
        self.fc = nn.Linear(2048, 1008)
        self.load_state_dict(torch.load(feature_extractor_weights_path, weights_only=False))  # type: ignore[arg-type]
        self.requires_grad_(False).eval()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        assert x.dtype == torch.uint8
        assert x.shape[1] == 3
        features = self.means(x.float().mean((2, 3)))
        return features, self.fc(features)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    module = ModuleType(MODULE)
    module.FeatureExtractorInceptionV3 = Stand  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch_fidelity", ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, MODULE, module)
    torch.manual_seed(0)
    state = {"means.weight": torch.randn(2048, 3), "means.bias": torch.randn(2048)}
    state |= {"fc.weight": torch.randn(1008, 2048), "fc.bias": torch.zeros(1008)}
    torch.save(state, tmp_path / "weights.pth")
    return tmp_path / "weights.pth"


def test_it_sees_each_image_as_the_network_does_whatever_is_beside_it(weights: Path) -> None:
    found = load(weights)
    assert (found.name, found.sha256) == ("inception", sha256(weights.read_bytes()).hexdigest())
    images = mnist5k.build()[0][:70]  # more than two blocks
    features, logits = found.see(images)
    assert (features.shape, logits.shape, features.dtype) == ((70, 2048), (70, 1008), np.float32)
    network = Stand("", NAMED, weights)
    expected = network(torch.from_numpy(images[65:66].copy()).repeat(1, 3, 1, 1))
    np.testing.assert_allclose(features[65:66], expected[0], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(logits[65:66], expected[1], rtol=1e-5, atol=1e-2)
    with pytest.raises(RequestError, match="an extractor sees images as uint8"):
        found.see(images.astype(np.float32))


def test_a_card_says_whose_numbers_they_are_and_leaves_out_those_of_classes(weights: Path) -> None:
    x, y = mnist5k.build()
    images = x[:200].transpose(0, 2, 3, 1)
    card = evaluate.card(images, y[:200], Data(name="mnist5k"), inception=weights)
    assert card["extractor"] == {"name": "inception", "sha256": load(weights).sha256, "accuracy": None}
    plain = {"fid", "kid", "kid_std", "precision", "recall", "density", "coverage", "distinct", "distinct_worst"}
    assert card["metrics"].keys() == plain
    assert card["resize"] == "grey to colour by repeating, 28x28 to 299x299 by TensorFlow 1's bilinear interpolation"
    assert "confusion" not in card


def test_no_code_in_the_file_is_run(weights: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"

    class Evil:
        def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
            return Path.touch, (ran,)

    weights.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(RequestError, match="holds no weights"):
        load(weights)
    assert not ran.exists()


@pytest.mark.parametrize("what", ["nothing", "empty", "text", "other", "a list", "cut"])
def test_other_files_are_said(weights: Path, what: str) -> None:
    if what == "nothing":
        weights.unlink()
    elif what in ("empty", "text"):
        weights.write_text("" if what == "empty" else "hello")
    elif what == "cut":
        weights.write_bytes(weights.read_bytes()[:-100])
    else:
        torch.save([1, 2] if what == "a list" else {"fc.bias": torch.zeros(3)}, weights)
    with pytest.raises(RequestError, match=r"weights\.pth holds .*weights-inception-2015-12-05-6726825d\.pth") as error:
        load(weights)
    assert "\n" not in str(error.value)


def test_without_torch_fidelity_the_extra_is_named(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, MODULE, None)
    with pytest.raises(Failure, match=r"pip install 'elegans\[inception\]'") as error:
        load(weights)
    assert "\n" not in str(error.value)


def test_torch_fidelitys_own(tmp_path: Path) -> None:
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"torch-fidelity cannot be imported: {error}")
    with torch.random.fork_rng():
        empty = FeatureExtractorInceptionV3.__new__(FeatureExtractorInceptionV3)
    blank = _blank(empty, tmp_path)
    found = load(blank)
    images = np.random.default_rng(0).integers(0, 256, (3, 3, 32, 32), dtype=np.uint8)
    features, logits = found.see(images)
    expected = found.network(torch.from_numpy(images))
    np.testing.assert_allclose(features, expected[0], rtol=1e-4, atol=1e-5)
    assert logits.shape == (3, 1008)
    assert _inception.load(blank).sha256 == found.sha256


def _blank(network: nn.Module, folder: Path) -> Path:
    """Random weights of the right shapes, without a download."""
    from unittest.mock import patch

    path = folder / "inception.pth"
    with patch.object(nn.Module, "load_state_dict"), patch("torch.load"):
        network.__init__("", NAMED, "nowhere")  # type: ignore[misc]
    torch.save(network.state_dict(), path)
    return path
