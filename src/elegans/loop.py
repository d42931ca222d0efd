"""THE loop that drives every method, and what it needs: a clock, means, a length, sheets, a healthy record."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from elegans import curves, images, parallel
from elegans.batches import Batches
from elegans.config import Config
from elegans.errors import Failure
from elegans.health import Health, diverged, first_wrong, healthy, whole
from elegans.methods._state import Said, State
from elegans.run import Run
from elegans.schedules import due, progress
from elegans.stop import Stop, Stopped
from elegans.symptoms import Symptoms
from elegans.tensors import to_bytes
from elegans.watch import Watch

SHEET = 64  # samples on a sheet, at most
FILM = 32  # frames of progress.gif, at most
ROWS = 10  # of progress.png, at most
SAVED = 120.0  # seconds after which a checkpoint is due, however slow the steps are
OVER = -1.0  # what the first process says in the place of a progress: no further step
Measure = Callable[[State, int], dict[str, float]]  # what a state at a step is worth


@runtime_checkable
class Method(Protocol):
    """What the loop needs of a method: see methods/gan.py."""

    images_a_step: int

    def step(self, number: int, progress: float, batches: Batches) -> Said: ...
    def state(self) -> State: ...
    def load(self, state: State) -> None: ...
    def sheet(self, n: int, labels: Tensor | None, batches: Batches) -> Tensor: ...
    def calm(self) -> None: ...


def loop(
    run: Run,
    config: Config,
    method: Method,
    batches: Batches,
    watch: Watch,
    measure: Measure | None = None,
    symptoms: Symptoms | None = None,
) -> None:
    """From the newest checkpoint to the end: step, record, measure, sample, diagnose, save.

    It knows nothing of generators.

    Raises:
        Stopped: a signal came; the step was finished and everything saved.
        Failure: a loss or a gradient is no longer a number; a file cannot be written; or there is trouble, and the run
            is to stop at it: then the step was finished and everything saved.
    """
    clock, done, meter, every = Clock(), 0, Meter(), config.every
    if saved := run.restore():
        state, notes = saved
        try:
            method.load(state)
        except (RuntimeError, KeyError) as error:
            reason = str(error).strip().splitlines()[-1].strip()
            raise Failure(
                f"the checkpoint of {run.path} holds other networks than the recipe makes now: {reason}; "
                "go on with those it was trained with, or choose another folder for --run"
            ) from None
        done, clock.before, meter.totals = notes["step"], notes["seconds"], notes["totals"]
    run.rewind(done)
    if parallel.agree(done):
        parallel.share_state(method.state())
    seen_a_step = method.images_a_step
    config = laid_out(run, config, seen_a_step)
    stopped, ended, saved_at = None, clock.over(config, done), clock.seconds
    health, halted = Health(run, config, symptoms), None
    watch.start(config, done, seen_a_step)
    with Stop(patient=parallel.count() > 1) as stop:
        while not (ended or stopped or halted):
            share = parallel.agree(progress(config, done * seen_a_step, clock.seconds))
            meter.add(step(method, done, share, batches, run))
            done += 1
            # asked once a step: a clock that strikes or a signal that comes further down waits for the next one
            ended, stopped = clock.over(config, done), stop.signal
            watch.step(done, clock.seconds)
            at = {"step": done, "images": done * seen_a_step, "seconds": round(clock.seconds, 2)}
            if due(done, every.log) or ended:
                record = at | meter.means()
                healthy(record, run)
                health.log(record)
                watch.record(record)
            if measured := measure is not None and (due(done, every.measure) or ended):
                record = at | measure(method.state(), done)
                health.log(record)
                watch.record(record)
            if due(done, every.sample) or ended:
                labels = labelled(config)
                made = to_bytes(method.sheet(len(labels), labels if config.model.classes else None, batches))
                watch.preview(made)
                run.show(done, images.png(images.sheet(made, columns(config)), images.enlarged(made.shape[1])))
                health.look(at, made, labels.numpy())
            for trouble in health.news():
                watch.trouble(done, trouble)
                if config.on_trouble == "balance":
                    method.calm()
                halted = trouble if config.on_trouble == "stop" else None
            late = clock.seconds - saved_at > SAVED
            if due(done, every.save) or late or ended or stopped or halted or (measured and run.best() == done):
                saved_at = clock.seconds
                run.save(done, whole(method.state(), done, run), {"seconds": clock.seconds, "totals": meter.totals})
        parallel.agree(OVER)
        finish(run)
    if stopped:
        raise Stopped(stopped, f"stopped at step {done}; all is saved in {run.path}. The same command again goes on")
    if halted:
        raise Failure(f"stopped at step {done}, as all is saved in {run.path}: {halted}. The same command goes on")
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
    """Means of what the steps said since the last record."""

    def __init__(self) -> None:
        self.totals: dict[str, list[float]] = {}  # name -> [sum, count]: a resumed run goes on in the middle

    def add(self, said: Said) -> None:
        # read at once: a step has waited for its gradients already, and tensors kept for later scatter the memory
        for name, value in said.items():
            total, count = self.totals.get(name, (0.0, 0))
            self.totals[name] = [total + value.item(), count + 1]

    def means(self) -> dict[str, float]:
        """And begin again."""
        means = {name: total / count for name, (total, count) in self.totals.items()}
        self.totals = {}
        return means


def laid_out(run: Run, config: Config, images_a_step: int) -> Config:
    """The configuration with its horizon, the images over which schedules run, decided once and recorded.

    With `steps` it is what they show, and a run that is made longer keeps it. With `minutes` there is none unless one
    is asked for: the share of the time is the progress, however fast the machine becomes on the way, and of the longer
    time where the run is made longer.
    """
    # one that was decided for so many steps says nothing of a run that goes on by the clock
    horizon = config.horizon or (None if config.steps is None and run.config.steps else run.config.horizon)
    if horizon is None and config.schedule != "constant" and config.steps is not None:
        horizon = config.steps * images_a_step
    config = config.model_copy(update={"horizon": horizon})
    run.record(config)
    return config


def follow(config: Config, method: Method, batches: Batches) -> None:
    """What all processes but the first do: its steps, with their parts of its batches."""
    if done := int(parallel.agree(0)):
        method.load(parallel.share_state(None))
    with Stop(patient=True):  # it is for the first one to say when
        while (share := parallel.agree(OVER)) != OVER:
            method.step(done, share, batches)
            done += 1


def columns(config: Config) -> int:
    """Of a sheet."""
    return images.columns(SHEET, config.model.classes or 0)


def labelled(config: Config) -> Tensor:
    """The labels of a sheet of whole rows: the classes in turn, as many as there is room for twice, for one image of a
    class says nothing of its variety."""
    n = SHEET - SHEET % columns(config)
    return torch.arange(n) % min(config.model.classes or n, n // 2)


def step(method: Method, done: int, share: float, batches: Batches, run: Run) -> Said:
    """One step; if a gradient is no number in it, the first tensor that had none is named.

    Raises:
        Failure: nothing after it can be of use; the weights are still those from before.
    """
    try:
        return method.step(done, share, batches)
    except FloatingPointError as error:
        alone = parallel.count() == 1  # to find the first one, the step is made again
        where = (alone and first_wrong(method, lambda: method.step(done, share, batches))) or str(error)
        raise Failure(f"{where} is not finite at step {done + 1}: {diverged(run)}") from None


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
        shown = columns(run.config) if run.config.model.classes else 6
        rows = [images.read_sheet(frame, height, width, shown) for frame in spread(frames, ROWS)]
        run.keep("progress.png", images.png(images.sheet(np.concatenate(rows), shown), scale))


def spread(frames: list[Path], n: int) -> list[Path]:
    """At most n of them, the first and the last among them, evenly."""
    return [frames[round(i)] for i in np.linspace(0, len(frames) - 1, min(len(frames), n))]
