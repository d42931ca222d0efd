"""What the loop says when a training has gone wrong."""

from pathlib import Path

import pytest

from elegans import Failure, Run, find
from elegans.health import healthy


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
