"""Learning-rate factors from progress, and cadences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elegans.config import Config
from elegans.schedules import due, factor, progress


@pytest.mark.parametrize(
    ("fields", "share"),
    [
        ({"steps": 7, "horizon": 400}, 0.25),
        ({"minutes": 2, "horizon": 400}, 0.25),
        ({"minutes": 2}, 0.5),
        ({"steps": 7}, 0.0),
    ],
)
def test_progress_is_of_the_horizon_or_else_of_the_time(fields: dict[str, float], share: float) -> None:
    assert progress(Config().override(fields), images=100, seconds=60) == share


@pytest.mark.parametrize(
    ("schedule", "points"),
    [
        ("constant", {0.0: 1.0, 0.25: 1.0, 0.5: 1.0, 1.0: 1.0}),
        ("linear", {0.0: 1.0, 0.25: 0.75, 0.5: 0.5, 0.9: 0.1, 1.0: 0.0}),
        ("cosine", {0.0: 1.0, 0.25: 0.853553, 0.5: 0.5, 0.75: 0.146447, 1.0: 0.0}),
        ("cooldown", {0.0: 1.0, 0.5: 1.0, 0.79: 1.0, 0.8: 1.0, 0.9: 0.5, 0.95: 0.25, 1.0: 0.0}),
    ],
)
def test_known_points(schedule: str, points: dict[float, float]) -> None:
    assert {t: factor(schedule, t) for t in points} == pytest.approx(points, abs=1e-6)


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine", "cooldown"])
def test_past_the_horizon_it_stays_where_it_ended(schedule: str) -> None:
    assert factor(schedule, 1.7) == factor(schedule, 1.0)
    assert factor(schedule, -0.1) == factor(schedule, 0.0) == 1.0


@given(schedule=st.sampled_from(["constant", "linear", "cosine", "cooldown"]), a=st.floats(0, 2), b=st.floats(0, 2))
def test_it_never_rises_and_stays_a_share(schedule: str, a: float, b: float) -> None:
    first, last = sorted((a, b))
    assert 1 >= factor(schedule, first) >= factor(schedule, last) >= 0


@given(every=st.integers(1, 50))
def test_due_once_every_so_many_steps(every: int) -> None:
    assert [done for done in range(1, 201) if due(done, every)] == list(range(every, 201, every))
