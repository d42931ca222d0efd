"""What a trained run can do: sample, interpolate, encode, reconstruct.

Images are uint8 arrays [n, h, w, c], functions of run and seed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor, nn

from elegans import find, reconstruct, seeds
from elegans.config import Config
from elegans.errors import Failure, RequestError
from elegans.find import Recipe
from elegans.images import Bytes
from elegans.methods._state import State
from elegans.networks import networks
from elegans.render import render
from elegans.run import Run
from elegans.tensors import to_bytes

BLOCK = 256  # images made at a time: memory stays flat, and the first n samples are the same for every n

Step = int | Literal["best"] | None
Labels = int | Literal["balanced"] | Sequence[int] | NDArray[np.int64] | None


def load(
    run: str | Path | Run, *, step: Step = None, raw: bool = False, recipe: str | Path | Recipe | None = None
) -> "Model":
    """The networks of a run, ready to sample from.

    Args:
        run: the run or its folder.
        step: of the checkpoint; None is the newest whole one, `best` that of the lowest Fréchet distance measured in
            training.
        raw: the weights as they are, not their moving average.
        recipe: where the networks come from if they are your own: the recipe's file or object.

    Raises:
        RequestError: no such run, checkpoint or label.
        Failure: the checkpoint is damaged or holds other networks.
    """
    run = run if isinstance(run, Run) else Run(run)
    if step == "best" and (step := run.best()) is None:
        raise RequestError(f"{run.path} was not measured while it trained: train with --every.measure 1000")
    chosen = find.recipe(recipe) if recipe is not None else Recipe(run.config.recipe, run.config)
    made = networks(run.config, chosen)
    saved = run.restore(step)
    if saved is None:
        raise RequestError(
            f"{run.path} has no checkpoint yet; train it first: elegans train {run.config.recipe} --run {run.path}"
        )
    state, notes = saved
    try:
        return of_state(run.config, made, state, notes["step"], raw)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1].strip()
        raise Failure(f"the checkpoint of {run.path} holds other networks than its config: {reason}") from None


def of_state(config: Config, networks: dict[str, nn.Module], state: State, step: int, raw: bool = False) -> "Model":
    """Networks with the weights of a method's state at a step, ready to sample from."""
    trained = find.find("methods", config.method).restore(networks, state, raw)
    for network in trained.values():
        network.eval().requires_grad_(False)
    return Model(config, trained, step)


class Model:
    """Trained networks.

    Attributes:
        config: of their run.
        networks: all of them by name, in evaluation mode.
        generator: `generator(z, y)` -> float images [n, c, h, w] in [-1, 1].
        step: of the checkpoint.
    """

    def __init__(self, config: Config, networks: dict[str, nn.Module], step: int) -> None:
        self.config, self.networks, self.step = config, networks, step
        self.generator = networks["generator"]

    def __repr__(self) -> str:
        return f"<{self.config.recipe} after {self.step} steps: {', '.join(self.networks)}>"

    @property
    def classes(self) -> int:
        """How many classes it can be asked for; 0 if it is not conditional."""
        return self.config.model.classes or 0

    def labels(self, n: int, which: Labels = None, seed: int = 0) -> NDArray[np.int64]:
        """The labels of n samples: one class, all in turn (`balanced`), given ones, or drawn; -1 without classes.

        Raises:
            RequestError: the model has no classes, or not that one, or not n labels are given.
        """
        if which is None:
            if not self.classes:
                return np.full(n, -1, np.int64)
            return torch.randint(self.classes, (n,), generator=seeds.generator(seed, 0, "sample labels")).numpy()
        if not self.classes:
            raise RequestError(f"{self.config.recipe!r} is not conditional: it has no labels to choose")
        if isinstance(which, str) and which != "balanced":
            raise RequestError(f"labels = {which!r}: a number, 'balanced', or a list of numbers")
        if not isinstance(which, str | int) and len(which) != n:
            raise RequestError(f"{len(which)} labels for {n} images: give one for all or one for each")
        chosen = np.arange(n) % self.classes if isinstance(which, str) else np.broadcast_to(which, n).astype(np.int64)
        if wrong := [int(k) for k in chosen if not 0 <= k < self.classes]:
            raise RequestError(f"there is no label {wrong[0]}; the labels are 0 to {self.classes - 1}")
        return chosen.astype(np.int64)

    def latents(self, n: int, seed: int = 0) -> Float[Tensor, "n z"]:
        """n latent vectors; the first ones are the same for every n."""
        size = range(0, max(n, 1), BLOCK)
        blocks = [seeds.latents(BLOCK, self.config.latent, seed, i, "sample") for i, _ in enumerate(size)]
        return torch.cat(blocks)[:n]

    def generate(
        self,
        z: Float[Tensor, "n z"],
        y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None,
        size: int | None = None,
    ) -> Bytes:
        """The images of latents, and of labels (numbers, or rows of shares of each class) if it is conditional.

        `size` is their height in pixels, if not that of the data; see `render`.
        """
        if size is not None:
            assert self.config.model.shape is not None
            _, height, width = self.config.model.shape
            return render(self.generator, z, y, (size, round(size * width / height)))
        made = []
        for i in range(0, len(z), BLOCK):
            part = None if y is None else y[i : i + BLOCK]
            made.append(to_bytes(self.generator(z[i : i + BLOCK], y=part)))
        return np.concatenate(made)

    def sample(self, n: int, *, seed: int = 0, labels: Labels = None, size: int | None = None) -> Bytes:
        """n images.

        Args:
            n: how many.
            seed: the same seed gives the same images.
            labels: one class for all, `"balanced"`, one for each, or None: drawn, as the training data has them or not.
            size: height of an image in pixels, which networks of coordinates can choose; None: that of the data.

        Raises:
            RequestError: n is not positive, or the labels or the size are not to be had.
        """
        if n < 1:
            raise RequestError(f"-n {n}: at least one image")
        chosen = self.labels(n, labels, seed)
        with torch.random.fork_rng(devices=[]):  # for networks that draw anew at each call, and nothing else
            torch.default_generator.manual_seed(seeds.derive(seed, 0, "sample"))
            return self.generate(self.latents(n, seed), torch.from_numpy(chosen) if self.classes else None, size)

    def encode(self, images: Bytes) -> NDArray[np.float32]:
        """The codes [n, d] of images, uint8 [n, h, w, c], by an autoencoder's encoder; means, if it is variational.

        Raises:
            RequestError: a model without an encoder, or images of another shape or type.
        """
        return reconstruct.encode(self, images)

    def reconstruct(self, images: Bytes) -> Bytes:
        """What an autoencoder makes of images, both uint8 [n, h, w, c]: encoded, and decoded again.

        Raises:
            RequestError: a model without an encoder, or images of another shape or type.
        """
        return reconstruct.reconstruct(self, images)

    def interpolate(
        self,
        frames: int = 41,
        *,
        label: int | None = None,
        linear: bool = False,
        cycle: bool = False,
        points: int | None = None,
        seed: int = 0,
    ) -> Bytes:
        """A walk between two latent points, round through several, or through all labels with one latent.

        Args:
            frames: how many images in all.
            label: of all frames; None is 0 for a conditional model.
            linear: straight lines between the points instead of the arc or the smooth curve.
            cycle: one latent, and the classes blend into each other until the first comes again.
            points: the walk goes round through so many latent points, and the frame after the last is the first.
            seed: of the points.

        Raises:
            RequestError: fewer than two frames or points, labels that are not to be had, or a cycle with points.
        """
        if frames < 2:
            raise RequestError(f"--frames {frames}: a walk has at least two")
        if points is not None and points < 2:
            raise RequestError(f"--points {points}: a round has at least two")
        start, end = self.latents(2, seed)
        if cycle:
            self.labels(1, 0)  # complains if there are none
            if label is not None:
                raise RequestError("--cycle goes through all labels; leave --label out")
            if points is not None:
                raise RequestError("--cycle keeps one latent; leave --points out")
            at = torch.arange(frames) * self.classes / frames
            first, share = at.long(), (at - at.floor()).unsqueeze(1)
            one_hot = torch.eye(self.classes)
            mixed = torch.lerp(one_hot[first], one_hot[(first + 1) % self.classes], share)
            return self.generate(start.expand(frames, -1), mixed)
        if points is None:
            path = (lerp if linear else slerp)(start, end, torch.linspace(0, 1, frames))
        else:
            path = closed(self.latents(points, seed), frames, linear)
        y = torch.from_numpy(self.labels(frames, label or 0)) if self.classes or label is not None else None
        return self.generate(path, y)


def lerp(start: Float[Tensor, " z"], end: Float[Tensor, " z"], at: Float[Tensor, " n"]) -> Float[Tensor, "n z"]:
    """Points on the straight line."""
    return torch.lerp(start, end, at.unsqueeze(1))


def slerp(start: Float[Tensor, " z"], end: Float[Tensor, " z"], at: Float[Tensor, " n"]) -> Float[Tensor, "n z"]:
    """Points on the arc between two vectors, where samples of a Gaussian lie (White 2016, arXiv:1609.04468)."""
    angle = torch.arccos((start @ end / (start.norm() * end.norm())).clamp(-1, 1))
    if angle.sin() < 1e-4:  # the same direction, or the opposite one, between which there is no one arc
        return lerp(start, end, at)
    at = at.unsqueeze(1)
    return (((1 - at) * angle).sin() * start + (at * angle).sin() * end) / angle.sin()


def closed(points: Float[Tensor, "k z"], n: int, linear: bool = False) -> Float[Tensor, "n z"]:
    """n latents on a closed curve through all points in turn, the first of them at the first; its end is left out.

    Each latent is a weighted sum of the points. The weights are those of a periodic cubic spline (Keys 1981, "Cubic
    convolution interpolation", equation 15: no corner anywhere), divided by the root of the sum of their squares: where
    the points are independent N(0, I), so is each latent on the way. The arc does the same for two points that are
    orthogonal and of one length, as random ones nearly are; a chain of arcs has a corner at each.

    Args:
        points: at least two.
        n: how many.
        linear: straight lines from point to point instead.
    """
    k = len(points)
    at = torch.arange(n, dtype=points.dtype) * k / n
    places = torch.arange(-k, 2 * k).view(3, k)  # of each point, and once more before and after the round
    away = (at.view(-1, 1, 1) - places).abs()
    if linear:
        return (1 - away).clamp(min=0).sum(1) @ points
    near, far = (1.5 * away - 2.5) * away.square() + 1, ((2.5 - 0.5 * away) * away - 4) * away + 2
    weights = torch.where(away < 1, near, torch.where(away < 2, far, 0.0)).sum(1)
    return torch.nn.functional.normalize(weights, dim=1) @ points
