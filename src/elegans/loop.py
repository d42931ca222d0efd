"""THE loop that drives every method, and what it needs: a clock, means, a length, sheets, a healthy record."""

import io
import math
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from elegans import curves, images
from elegans.batches import Batches
from elegans.config import Config, flatten
from elegans.errors import Failure
from elegans.methods._state import Said, State
from elegans.run import Run
from elegans.schedules import due
from elegans.stop import Stop, Stopped
from elegans.tensors import to_bytes
from elegans.watch import Watch

SHEET = 64  # samples on a sheet, at most
FILM = 32  # frames of progress.gif, at most
ROWS = 10  # of progress.png, at most
Measure = Callable[[State, int], dict[str, float]]  # what a state at a step is worth


@runtime_checkable
class Method(Protocol):
    """What the loop needs of a method: see methods/gan.py."""

    images_a_step: int

    def step(self, number: int, progress: float, batches: Batches) -> Said: ...
    def state(self) -> State: ...
    def load(self, state: State) -> None: ...
    def sheet(self, n: int, labels: Tensor | None, batches: Batches) -> Tensor: ...


def loop(
    run: Run, config: Config, method: Method, batches: Batches, watch: Watch, measure: Measure | None = None
) -> None:
    """From the newest checkpoint to the end: step, record, measure, sample, save. It knows nothing of generators.

    Raises:
        Stopped: a signal came; the step was finished and everything saved.
        Failure: a loss is no longer a number, or a file cannot be written.
    """
    clock, done, meter, every = Clock(), 0, Meter(), config.every
    if saved := run.restore():
        state, notes = saved
        method.load(state)
        done, clock.before, meter.totals = notes["step"], notes["seconds"], notes["totals"]
    run.rewind(done)
    config = budget(run, config, method, batches, clock)
    seen_a_step, horizon, stopped, ended = method.images_a_step, config.horizon, None, clock.over(config, done)
    watch.start(config, done, seen_a_step)
    with Stop() as stop:
        while not (ended or stopped):
            progress = done * seen_a_step / horizon if horizon else 0.0
            meter.add(method.step(done, progress, batches))
            done += 1
            # asked once a step: a clock that strikes or a signal that comes further down waits for the next one
            ended, stopped = clock.over(config, done), stop.signal
            watch.step(done, clock.seconds)
            if due(done, every.log) or ended:
                seen, seconds = done * seen_a_step, round(clock.seconds, 2)
                record = {"step": done, "images": seen, "seconds": seconds, **meter.means()}
                healthy(record, run)
                run.log(record)
                watch.record(record)
            if measured := measure is not None and (due(done, every.measure) or ended):
                numbers = {"step": done, "images": done * seen_a_step, **measure(method.state(), done)}
                run.log({**numbers, "seconds": round(clock.seconds, 2)})
                watch.record({**numbers, "seconds": clock.seconds})
            if due(done, every.sample) or ended:
                run.show(done, sheet(config, method, batches, watch))
            if due(done, every.save) or ended or stopped or (measured and run.best() == done):
                run.save(done, method.state(), {"seconds": clock.seconds, "totals": meter.sums()})
        finish(run)
    if stopped:
        raise Stopped(stopped, f"stopped at step {done}; all is saved in {run.path}. The same command again goes on")
    watch.end(done)


class Clock:
    """Wall time of the loop, over all the processes that ran it."""

    def __init__(self) -> None:
        self.began, self.before = time.perf_counter(), 0.0

    @property
    def seconds(self) -> float:
        return self.before + time.perf_counter() - self.began

    def over(self, config: Config, done: int) -> bool:
        """Whether the configured length is reached."""
        if config.steps is not None:
            return done >= config.steps
        assert config.minutes is not None
        return self.seconds >= 60 * config.minutes


class Meter:
    """Means of what the steps said since the last record, kept where they are computed until asked for."""

    def __init__(self) -> None:
        self.totals: dict[str, Any] = {}  # name -> [sum, count]

    def add(self, said: Said) -> None:
        for name, value in said.items():
            total, count = self.totals.get(name, (0.0, 0))
            self.totals[name] = [value.double() + total, count + 1]

    def sums(self) -> dict[str, list[float]]:
        """As plain values: a resumed run goes on in the middle of an interval."""
        return {name: [float(total), count] for name, (total, count) in self.totals.items()}

    def means(self) -> dict[str, float]:
        """And begin again."""
        means = {name: total / count for name, (total, count) in self.sums().items()}
        self.totals = {}
        return means


def budget(run: Run, config: Config, method: Method, batches: Batches, clock: Clock) -> Config:
    """The configuration with its horizon, the images over which schedules run, decided once and recorded.

    With `steps` it is what they show. With `minutes` and a schedule that is not constant, a copy of the method trains
    for a moment before the first step, and the horizon is what that speed gives in the time that is left, less 3 %.
    The clock still ends the training; on a machine that has become faster the last images are seen at the schedule's
    end, on one that has become slower it does not quite get there. A run that is gone on with keeps its horizon.
    """
    horizon = run.config.horizon
    if horizon is None and config.schedule != "constant":
        if config.steps is not None:
            horizon = config.steps * method.images_a_step
        else:
            assert config.minutes is not None
            rate = pace(method, batches, min(3.0, 2.0 * config.minutes))
            horizon = max(1, int(0.97 * rate * (60 * config.minutes - clock.seconds)) * method.images_a_step)
    config = config.model_copy(update={"horizon": horizon})
    run.record(config)
    return config


def pace(method: Method, batches: Batches, seconds: float) -> float:
    """Steps a second of a copy of the method, which is then thrown away."""
    trial, number = deepcopy(method), 0
    for number in range(3):  # the first ones are slow: memory is taken, kernels are chosen
        trial.step(number, 0.0, batches)
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        number += 1
        trial.step(number, 0.0, batches)
    return (number - 2) / (time.perf_counter() - began)


def sheet(config: Config, method: Method, batches: Batches, watch: Watch) -> bytes:
    """The PNG of the samples that are drawn from the same noise all through a run."""
    columns = images.columns(SHEET, config.model.classes or 0)
    n = SHEET - SHEET % columns
    made = to_bytes(method.sheet(n, torch.arange(n) % columns if config.model.classes else None, batches))
    watch.preview(made)
    return images.png(images.sheet(made, columns), images.enlarged(made.shape[1]))


def healthy(record: dict[str, float], run: Run) -> None:
    """Stop where a loss is no longer a number: nothing after it can be of use."""
    if wrong := [name for name, value in record.items() if not math.isfinite(value)]:
        values, method = flatten(run.config), run.config.method
        rates = [name for name in values if name.startswith(f"{method}.") and name.endswith(".lr")]
        smaller = " ".join(f"--{name} {values[name] / 4:g}" for name in rates)
        raise Failure(
            f"{wrong[0]} is {record[wrong[0]]} at step {record['step']}: the training has diverged. "
            f"The checkpoints in {run.path} are from before; try smaller learning rates in a new run: {smaller}"
        )


def finish(run: Run) -> None:
    """Draw what sums a run up: curves.png, progress.gif, and progress.png with a row for each of ten moments."""
    if records := run.records():
        run.keep("curves.png", curves.draw(records, run.config.recipe))
    if frames := run.frames():
        assert run.config.model.shape is not None
        scale, film = images.enlarged(run.config.model.shape[1]), io.BytesIO()
        small = [images.coarse(Image.open(frame).reduce(scale)) for frame in spread(frames, FILM)]
        images.write_gif(film, small, milliseconds=120, hold=1500)
        run.keep("progress.gif", film.getvalue())
        _, height, width = run.config.model.shape
        shown = images.columns(SHEET, run.config.model.classes or 0) if run.config.model.classes else 6
        sheets = [np.asarray(Image.open(frame).reduce(scale)) for frame in spread(frames, ROWS)]
        rows = [images.cut(sheet, shown, height, width) for sheet in sheets]
        run.keep("progress.png", images.png(images.sheet(np.concatenate(rows), shown), scale))


def spread(frames: list[Path], n: int) -> list[Path]:
    """At most n of them, the first and the last among them, evenly."""
    return [frames[round(i)] for i in np.linspace(0, len(frames) - 1, min(len(frames), n))]
