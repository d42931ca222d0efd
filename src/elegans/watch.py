"""What a person sees while a run trains: a live bar and samples in a terminal, a plain line per interval elsewhere."""

import shutil
import sys
import time
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from elegans.config import Config
from elegans.diagnose import Trouble
from elegans.images import Bytes, sheet
from elegans.run import PLACE, Record, Run

FRAME = 0.25  # seconds between two looks at the terminal


class Watch:
    """Open it as a context around the training; in a terminal it draws over itself.

    Args:
        run: whose training it is.
        quiet: show nothing.
    """

    def __init__(self, run: Run, quiet: bool = False) -> None:
        self.run, self.quiet = run, quiet
        self.console = Console(stderr=True, quiet=quiet)
        self.live: Live | None = None
        self.samples, self.said, self.last = Text(), Text(), 0.0

    def __enter__(self) -> "Watch":
        return self

    def start(self, config: Config, done: int, images_a_step: int) -> None:
        """Say what is going to happen; `done` steps are done already."""
        self.config, self.images_a_step, self.began, self.first = config, images_a_step, time.perf_counter(), done
        length = f"{config.steps} steps" if config.steps else f"{config.minutes:g} minutes"
        where = f"going on from step {done}" if done else "from the start"
        head = f"{config.recipe} on {config.data.name}: {length}, {where}, in {self.run.path}"
        self.console.print(head, highlight=False, soft_wrap=True)
        if config.steps and config.horizon and config.steps * images_a_step > config.horizon:
            late = (
                f"its {config.schedule} schedule is laid out over {config.horizon:,} images and stays at its "
                "end, a rate of 0; with --minutes in place of --steps it is laid out anew"
            )
            self.console.print(late, highlight=False, soft_wrap=True)
        if self.console.is_terminal and not self.quiet:
            share, seen = TextColumn("{task.percentage:3.0f}%"), TextColumn("{task.fields[seen]}")
            self.bar = Progress(share, BarColumn(None), seen, console=self.console, expand=True)
            self.task = self.bar.add_task("", total=1.0, seen="")
            self.live = Live(console=self.console, auto_refresh=False, transient=True)
            self.live.start()

    def step(self, done: int, seconds: float) -> None:
        """A step was made; the bar moves at most a few times a second."""
        now = time.perf_counter()
        if self.live is None or now - self.last < FRAME:
            return
        self.last = now
        share, left = self._left(done, seconds)
        seen = f"{done * self.images_a_step:,} images · {self._rate(done):,.0f}/s · {left} left"
        self.bar.update(self.task, completed=share, seen=seen)
        self.live.update(Group(self.samples, self.said, self.bar), refresh=True)

    def record(self, record: Record) -> None:
        """An interval ended: its means."""
        short = {"discriminator_loss": "D loss", "generator_loss": "G loss"}
        said = [(n, v) for n, v in record.items() if n not in PLACE]
        values = "  ".join(f"{short.get(n, n.replace('_', ' '))} {v:.3f}" for n, v in said)
        if self.live is not None:
            self.said = Text(values, style="dim")
        else:
            step = int(record["step"])
            _, left = self._left(step, record["seconds"])
            head = f"step {step}  {record['images']:,} images  {self._rate(step):,.0f}/s  {left} left"
            self.console.print(f"{head}  {values}", highlight=False, soft_wrap=True)

    def preview(self, samples: Bytes) -> None:
        """New samples, uint8 [n, h, w, c]."""
        if self.live is not None:
            self.samples = half_blocks(samples, self.console.width, self.console.height - 4)

    def trouble(self, done: int, trouble: Trouble) -> None:
        """Something is wrong."""
        self.console.print(f"step {done}: {trouble}", style="yellow", highlight=False, soft_wrap=True, markup=False)

    def end(self, done: int) -> None:
        """It is done: say where everything is and what to try next."""
        self._close()
        minutes = (time.perf_counter() - self.began) / 60
        how = "was done already" if done == self.first else f"done in {minutes:.1f} minutes"
        frames, classes = self.run.frames(), bool(self.config.model.classes)
        own = " --recipe FILE.py" * (self.config.model.name == "recipe")
        walk = f"interpolate {self.run.path}{' --cycle' * classes} --out walk.gif"
        if self.config.method == "autoencoder":
            walk = f"reconstruct {self.run.path} --out reconstructed.png"
        lines = [
            f"{how}: {done} steps, {done * self.images_a_step:,} images",
            f"  samples  {frames[-1] if frames else self.run.path}",
            f"  curves   {self.run.path / 'curves.png'}",
            f"  film     {self.run.path / 'progress.gif'}",
            "Next:",
            f"  {elegans()} sample {self.run.path} -n 100{' --balanced' * classes} --out samples.png{own}",
            f"  {elegans()} {walk}{own}",
            f"  {elegans()} evaluate {self.run.path}{own}",
        ]
        self.console.print("\n".join(lines), highlight=False, soft_wrap=True)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def _close(self) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None

    def _rate(self, done: int) -> float:
        return (done - self.first) * self.images_a_step / max(time.perf_counter() - self.began, 1e-9)

    def _left(self, done: int, seconds: float) -> tuple[float, str]:
        """Share done, and the time left as text."""
        if self.config.steps:
            share = done / self.config.steps
            left = (self.config.steps - done) * self.images_a_step / max(self._rate(done), 1e-9)
        else:
            assert self.config.minutes is not None
            share, left = seconds / (60 * self.config.minutes), 60 * self.config.minutes - seconds
        left = max(left, 0.0)
        return min(share, 1.0), f"{int(left // 3600)}:{int(left // 60 % 60):02d}:{int(left % 60):02d}"


def elegans() -> str:
    """How the command was called, where its bare name would not be found."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "elegans" and not shutil.which("elegans") else "elegans"


def half_blocks(samples: Bytes, width: int, height: int = 40) -> Text:
    """Samples as coloured half blocks: a character shows two pixels, one above the other.

    Args:
        samples: uint8 [n, h, w, c]; about 14 pixels a side are enough to know one by, larger ones are averaged.
        width: columns there are.
        height: lines there are: for two rows of samples, or for one.
    """
    n, h, w, c = samples.shape
    stride = max(1, round(h / 14))
    h, w = h // stride, w // stride
    blocks = samples[:, : h * stride, : w * stride].reshape(n, h, stride, w, stride, c)
    small = blocks.mean((2, 4)).astype(np.uint8)
    rows = 2 if n > 1 and h + 1 < height else 1
    columns = max(1, min(n // rows, (width - 1) // (w + 1)))
    pixels = sheet(small[: columns * rows], columns, gap=1)
    if pixels.shape[0] % 2:
        pixels = pixels[:-1]
    text = Text(no_wrap=True, overflow="crop")
    for top, bottom in zip(pixels[::2], pixels[1::2], strict=True):
        for a, b in zip(top, bottom, strict=True):
            text.append("▀", f"{_rgb(a)} on {_rgb(b)}")
        text.append("\n")
    return text


def _rgb(pixel: NDArray[np.uint8]) -> str:
    red, green, blue = (int(value) for value in (pixel if len(pixel) == 3 else (pixel[0],) * 3))
    return f"rgb({red},{green},{blue})"
