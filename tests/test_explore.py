"""Sampling and walking: functions of a run and a seed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import elegans
from elegans import Model, RequestError, Run
from elegans.explore import BLOCK, closed, lerp, slerp

Walk = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
FIELDS = {"data.name": "rings", "data.n": 64, "data.classes": 4, "every.save": 4, "latent.size": 16}
SMALL = {"model.width": 8, "model.discriminator_width": 8}
OWN = '''"""My own networks."""
from torch import nn

from elegans.config import Config, Data
from elegans.models.mlp import build as mlp

recipe = Config(steps=2, batch=8, data=Data(name="rings", n=32))


def build(shape, classes, latent, width: int = 8):
    return mlp(shape, classes, latent, [width], [width])
'''


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with four labels and checkpoints at steps 4 and 8."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    return elegans.train("demo", run=folder, steps=8, batch=16, quiet=True, fields=FIELDS | SMALL)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model without labels."""
    folder = tmp_path_factory.mktemp("plain") / "run"
    return elegans.load(elegans.train("intro", run=folder, steps=2, batch=16, quiet=True, fields=FIELDS))


@pytest.fixture(scope="module")
def model(demo: Run) -> Model:
    return elegans.load(demo)


def test_a_run_is_loaded_by_itself_and_by_its_folder(demo: Run) -> None:
    images = [elegans.load(run).sample(4) for run in (demo, demo.path, str(demo.path))]
    assert all(np.array_equal(images[0], other) for other in images)


def test_the_seed_decides(model: Model) -> None:
    assert np.array_equal(model.sample(5, seed=3), model.sample(5, seed=3))
    assert not np.array_equal(model.sample(5, seed=3), model.sample(5, seed=4))
    assert np.array_equal(model.interpolate(5, seed=3), model.interpolate(5, seed=3))
    assert not np.array_equal(model.interpolate(5, seed=3), model.interpolate(5, seed=4))


def test_nothing_else_decides(model: Model) -> None:
    first = model.sample(5)
    torch.manual_seed(1)
    model.sample(7, seed=9)
    assert np.array_equal(first, model.sample(5))


def test_the_first_samples_are_the_same_for_every_n(model: Model) -> None:
    many = model.sample(BLOCK + 5)
    for n in (1, 3, BLOCK - 1, BLOCK, BLOCK + 1):
        few = model.sample(n).astype(int)
        assert few.shape == (n, 28, 28, 1)
        assert np.abs(few - many[:n]).max() <= 1  # a batch of another size may round in another place
        assert np.array_equal(model.labels(n), model.labels(BLOCK + 5)[:n])
        assert torch.equal(model.latents(n), model.latents(BLOCK + 5)[:n])


def test_latents_of_different_blocks_are_different(model: Model) -> None:
    z = model.latents(2 * BLOCK)
    assert not torch.equal(z[:BLOCK], z[BLOCK:])
    assert len(model.latents(0)) == 0


def test_labels_balanced_one_given_or_drawn(model: Model) -> None:
    assert model.labels(6, "balanced").tolist() == [0, 1, 2, 3, 0, 1]
    assert model.labels(3, 2).tolist() == [2, 2, 2]
    assert model.labels(3, [3, 0, 1]).tolist() == [3, 0, 1]
    assert model.labels(2, np.array([1, 3])).tolist() == [1, 3]
    drawn = np.bincount(model.labels(4000), minlength=4)
    assert (abs(drawn - 1000) < 5 * np.sqrt(4000 * 0.25 * 0.75)).all()  # five standard deviations
    assert not np.array_equal(model.labels(50, seed=1), model.labels(50, seed=2))
    assert all(model.labels(3, which).dtype == np.int64 for which in (None, 1, "balanced", [1, 2, 3]))


def test_labels_reach_the_images(model: Model) -> None:
    balanced, ones = model.sample(4, labels="balanced"), model.sample(4, labels=1)
    assert [np.array_equal(a, b) for a, b in zip(balanced, ones, strict=True)] == [False, True, False, False]


@pytest.mark.parametrize("wrong", [-1, 4, [0, 1, 7]])
def test_labels_out_of_range(model: Model, wrong: int | list[int]) -> None:
    named = wrong if isinstance(wrong, int) else 7
    with pytest.raises(RequestError, match=f"no label {named}; the labels are 0 to 3"):
        model.sample(3, labels=wrong)


def test_as_many_labels_as_images(model: Model) -> None:
    with pytest.raises(RequestError, match="2 labels"):
        model.sample(3, labels=[0, 1])


def test_a_model_without_labels(plain: Model) -> None:
    assert plain.classes == 0
    assert plain.labels(3).tolist() == [-1, -1, -1]
    for ask in (
        lambda: plain.sample(2, labels=3),
        lambda: plain.sample(2, labels="balanced"),
        lambda: plain.interpolate(3, label=0),
        lambda: plain.interpolate(3, cycle=True),
    ):
        with pytest.raises(RequestError, match="'intro' is not conditional"):
            ask()


@pytest.mark.parametrize("n", [0, -4])
def test_at_least_one_image(model: Model, n: int) -> None:
    with pytest.raises(RequestError, match=f"-n {n}: at least one"):
        model.sample(n)


@pytest.mark.parametrize("frames", [1, 0, -4])
def test_a_walk_has_two_ends(model: Model, frames: int) -> None:
    with pytest.raises(RequestError, match=f"--frames {frames}: a walk has at least two"):
        model.interpolate(frames)


def test_averaged_and_raw_weights_and_older_checkpoints_differ(demo: Run) -> None:
    newest, raw, older = elegans.load(demo), elegans.load(demo, raw=True), elegans.load(demo, step=4)
    assert (newest.step, raw.step, older.step) == (8, 8, 4)
    assert not np.array_equal(newest.sample(4), raw.sample(4))
    assert not np.array_equal(newest.sample(4), older.sample(4))
    with pytest.raises(RequestError, match="no checkpoint of step 5; there are: 4, 8"):
        elegans.load(demo, step=5)


def test_a_model_is_frozen_and_in_evaluation(model: Model) -> None:
    assert not model.generator.training
    assert not any(parameter.requires_grad for parameter in model.generator.parameters())


def test_a_run_without_a_checkpoint(demo: Run, tmp_path: Path) -> None:
    run = Run.create(tmp_path / "new", demo.config)
    with pytest.raises(RequestError, match="has no checkpoint yet; train it first: elegans train demo"):
        elegans.load(run)


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is not a run folder"):
        elegans.load(tmp_path)


def test_networks_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    run = elegans.train(tmp_path / "mine.py", run=tmp_path / "run", quiet=True, fields={"model.width": 12})
    assert elegans.load(run, recipe=tmp_path / "mine.py").sample(3).shape == (3, 28, 28, 1)
    with pytest.raises(
        RequestError, match=r"'mine' brings no networks: name your own file that does, --recipe FILE\.py"
    ):
        elegans.load(run)
    with pytest.raises(RequestError, match=r"no field 'model\.widt'; did you mean 'model\.width'"):
        elegans.train(tmp_path / "mine.py", run=tmp_path / "other", quiet=True, fields={"model.widt": 12})


# --- walks ------------------------------------------------------------------------------------------------------------


def test_a_walk_begins_and_ends_at_the_first_two_samples(model: Model) -> None:
    for linear in (False, True):
        walk = model.interpolate(7, label=2, linear=linear).astype(int)
        ends = model.sample(2, labels=2).astype(int)
        assert walk.shape == (7, 28, 28, 1)
        assert np.abs(walk[[0, -1]] - ends).max() <= 1
    assert not np.array_equal(model.interpolate(7), model.interpolate(7, linear=True))
    assert np.array_equal(model.interpolate(7), model.interpolate(7, label=0))


def test_a_round_through_the_labels_closes_smoothly(model: Model) -> None:
    walk = model.interpolate(40, cycle=True).astype(float)
    jumps = np.abs(np.roll(walk, -1, 0) - walk).mean((1, 2, 3))
    assert jumps.min() > 0
    assert jumps.max() < 4 * jumps.mean()
    assert jumps[-1] < 4 * jumps.mean()  # from the last to the first
    one_latent = model.latents(1).expand(4, -1)
    at_labels = model.generate(one_latent, torch.arange(4)).astype(int)
    assert np.abs(walk[::10] - at_labels).max() <= 1


def test_a_round_takes_no_label(model: Model) -> None:
    with pytest.raises(RequestError, match="--cycle goes through all labels; leave --label out"):
        model.interpolate(8, cycle=True, label=1)


def ends() -> tuple[torch.Tensor, torch.Tensor]:
    start, end = torch.randn(2, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return start, end


@pytest.mark.parametrize("walk", [lerp, slerp])
def test_both_paths_end_where_they_should(walk: Walk) -> None:
    start, end = ends()
    path = walk(start, end, torch.linspace(0, 1, 9, dtype=torch.float64))
    torch.testing.assert_close(path[0], start)
    torch.testing.assert_close(path[-1], end)


def test_the_arc_keeps_the_norm_and_turns_evenly_and_the_line_does_not() -> None:
    start, end = (6 * z / z.norm() for z in ends())
    at = torch.linspace(0, 1, 9, dtype=torch.float64)
    arc, line = slerp(start, end, at), lerp(start, end, at)
    torch.testing.assert_close(arc.norm(dim=1), torch.full((9,), 6.0, dtype=torch.float64))
    turns = torch.arccos((arc[1:] * arc[:-1]).sum(1) / 36)
    torch.testing.assert_close(turns, turns[:1].expand(8))
    torch.testing.assert_close(line[4], (start + end) / 2)
    assert line[4].norm() < 5


@pytest.mark.parametrize("factor", [1.0, 2.0, -1.0])
def test_where_there_is_no_one_arc_the_path_is_straight(factor: float) -> None:
    start, _ = ends()
    at = torch.linspace(0, 1, 5, dtype=torch.float64)
    torch.testing.assert_close(slerp(start, factor * start, at), lerp(start, factor * start, at))


# --- round through several points -------------------------------------------------------------------------------------


def knots(k: int, size: int = 50) -> torch.Tensor:
    return torch.randn(k, size, generator=torch.Generator().manual_seed(k), dtype=torch.float64)


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_a_round_goes_through_all_points_in_turn(k: int, linear: bool) -> None:
    points = knots(k)
    torch.testing.assert_close(closed(points, 10 * k, linear)[::10], points)


@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_a_round_is_smooth_where_straight_lines_have_corners(k: int) -> None:
    """Where it ends it begins, with the same speed and direction, and so it is at every point."""
    n = 1000 * k
    curve, corners = closed(knots(k), n), closed(knots(k), n, linear=True)
    steps = torch.roll(curve, -1, 0) - curve
    assert steps.norm(dim=1).max() < 4 * steps.norm(dim=1).mean()
    bends = (torch.roll(steps, -1, 0) - steps).norm(dim=1).max() / steps.norm(dim=1).mean()
    turns = torch.roll(corners, -1, 0) - corners
    sharp = (torch.roll(turns, -1, 0) - turns).norm(dim=1).max() / turns.norm(dim=1).mean()
    assert bends < 0.05
    assert sharp > 0.5


@pytest.mark.parametrize("k", [2, 3, 6])
def test_on_a_round_latents_are_as_samples_are(k: int) -> None:
    """Of independent normal points every place on it is a sum whose weights have squares that sum to one."""
    weights = closed(torch.eye(k, dtype=torch.float64), 30 * k)
    torch.testing.assert_close(weights.norm(dim=1), torch.ones(30 * k, dtype=torch.float64))
    assert closed(torch.eye(k, dtype=torch.float64), 30 * k, linear=True).norm(dim=1).min() < 0.8


def test_a_round_between_two_points_goes_there_and_back() -> None:
    walk = closed(knots(2), 20)
    torch.testing.assert_close(walk[1:], walk[1:].flip(0))


def test_the_round_of_a_model(model: Model, plain: Model) -> None:
    walk = model.interpolate(30, label=3, points=3)
    assert walk.shape == (30, 28, 28, 1)
    assert np.abs(walk[::10].astype(int) - model.sample(3, labels=3)).max() <= 1
    assert np.abs(plain.interpolate(12, points=4)[::3].astype(int) - plain.sample(4)).max() <= 1
    assert not np.array_equal(walk, model.interpolate(30, label=3, points=3, linear=True))
    assert not np.array_equal(walk, model.interpolate(30, label=3, points=3, seed=1))


@pytest.mark.parametrize("points", [1, 0, -3])
def test_a_round_has_two_points(model: Model, points: int) -> None:
    with pytest.raises(RequestError, match=f"--points {points}: a round has at least two"):
        model.interpolate(8, points=points)


def test_a_cycle_takes_no_points(model: Model) -> None:
    with pytest.raises(RequestError, match="--cycle keeps one latent; leave --points out"):
        model.interpolate(8, cycle=True, points=3)


@pytest.mark.parametrize(
    ("options", "goes_round"),
    [
        ({"cycle": True}, True),  # one latent, all classes
        ({"label": 2, "points": 4}, True),  # one class, a moving latent
        ({"points": 4, "linear": True}, True),
        ({"label": 2}, False),
        ({"label": 2, "linear": True}, False),
    ],
    ids=str,
)
def test_frames_change_smoothly(model: Model, options: dict[str, Any], goes_round: bool) -> None:
    """No frame jumps: the largest change from one to the next is near the mean one, and all together go far."""
    walk = model.interpolate(120, **options).astype(float)
    steps = np.abs(np.roll(walk, -1, 0) - walk).mean((1, 2, 3))
    jump = steps[-1]  # from the last to the first
    inside = steps if goes_round else steps[:-1]
    assert inside.max() < 3 * inside.mean()
    assert inside.max() < np.abs(walk - walk[0]).mean((1, 2, 3)).max() / 4
    assert goes_round == (jump < 3 * steps[:-1].mean())


def test_networks_that_draw_anew_follow_the_seed_and_leave_torchs_numbers_alone(tmp_path: Path) -> None:
    fields = {"data.name": "rings", "data.n": 64, "model.fresh": True}
    model = elegans.load(elegans.train("acgan-lite", run=tmp_path / "run", steps=1, batch=8, quiet=True, fields=fields))
    torch.manual_seed(1)
    first = model.sample(5)
    after = torch.rand(3)
    assert np.array_equal(first, model.sample(5))
    assert not np.array_equal(first, model.sample(5, seed=1))
    torch.manual_seed(1)
    assert torch.equal(after, torch.rand(3)), "sampling drew from the numbers of others"


def test_what_one_sees_of_the_package_and_of_a_model(model: Model) -> None:
    assert {"train", "load", "Config"} <= set(dir(elegans))
    assert repr(model) == "<demo after 8 steps: generator, discriminator>"
