"""What the loop says: the means of its steps, and what is wrong when a training has gone wrong."""

from pathlib import Path

import pytest
import torch

from elegans import Failure, Run, find
from elegans.health import healthy, whole
from elegans.loop import Meter


@pytest.mark.parametrize(
    ("recipe", "advice"),
    [
        ("vae", "in a new run: --autoencoder.optimiser.lr 0.00025"),
        ("vanilla", "in a new run: --gan.generator.lr 0.00025 --gan.discriminator.lr 0.0001"),
    ],
)
def test_a_diverged_run_names_the_rates_it_has(recipe: str, advice: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "run", find.recipe(recipe).config)
    healthy({"step": 3, "loss": 1e30}, run)
    with pytest.raises(Failure) as caught:
        healthy({"step": 3, "loss": float("nan")}, run)
    assert "loss is nan at step 3" in str(caught.value)
    assert str(caught.value).endswith(advice)


def test_weights_that_are_no_numbers_are_not_saved(tmp_path: Path) -> None:
    """An overflow in one gradient shows in no loss of that step; it is found before the checkpoint is written."""
    run = Run.create(tmp_path / "run", find.recipe("vanilla").config)
    state = {"generator": {"a": torch.ones(2), "b": torch.ones(3)}, "optimisers": {}}
    assert whole(state, 7, run) is state
    state["generator"]["b"][1] = float("inf")
    with pytest.raises(Failure, match=r"generator/b is not finite at step 7: the training has diverged"):
        whole(state, 7, run)


def test_a_record_has_the_means_since_the_last_one() -> None:
    """Of whatever was said, also if not every step says it; tensors may belong to a graph."""
    meter = Meter()
    meter.add({"loss": torch.tensor(1.0, requires_grad=True), "accuracy": torch.tensor(0.5)})
    meter.add({"loss": torch.tensor(4.0)})
    assert meter.totals == {"loss": [5.0, 2], "accuracy": [0.5, 1]}
    assert meter.means() == {"loss": 2.5, "accuracy": 0.5}
    meter.add({"loss": torch.tensor(7.0)})
    assert meter.means() == {"loss": 7.0}
