"""One contender of the throughput table, in a process of its own: `python contenders.py elegans|plain RECIPE [BATCH]`.

A number of seconds on standard input is a window: training steps are made for so long, and a line of JSON says how many
images that was. The word `count` asks for what a step costs: operations, bytes, and where the time goes.

`elegans` is the step as the loop makes it, moving average and records with it. `plain` is the loop that a good
programmer writes with the same networks: detached fakes, two backward passes, each optimiser as torch makes it, images
contiguous; and each layer that the package computes in another way is the one it stands for. It has no moving average,
no records, and its images wait in memory as floats. Those of autoencoders are the package's digits, where what is black
is left out; for the others images are noise, for what is in them costs nothing.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils.parametrizations import spectral_norm
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry, register_flop_formula

from elegans import cpu, find, losses, parallel
from elegans.batches import Batches
from elegans.config import Config, Optimiser
from elegans.data import mnist5k
from elegans.loop import Meter
from elegans.methods import autoencoder
from elegans.models import _sparse  # noqa: F401  # its operator
from elegans.models._blocks import SpectralNorm
from elegans.models._dropout import Dropout, PermanentDropout
from elegans.models._fourier import FourierConv, FourierTransposed
from elegans.models._lstm import Lstm, State
from elegans.models._pixels import OfPixels, ToPixels, TransposedToPixels
from elegans.models._products import Linear, product
from elegans.models._subpixel import OfSubpixels, ToSubpixels
from elegans.models._tanh import _Tanh
from elegans.models._upsample import UpsampledConv
from elegans.networks import networks
from elegans.training import fit

SHAPES = {"cifar10": (3, 32, 32), "faces": (3, 28, 28), "stacked": (3, 28, 28)}
IMAGES = 4096
WITHOUT = {"gan.spread": 0.0, "gan.balance": 0.0}  # what is the package's own
Step = Callable[[], int]


def prepare(name: str, batch: int | None = None) -> tuple[Config, Any, np.ndarray, np.ndarray]:
    """A recipe's configuration, its networks, and images and labels like its data."""
    recipe = find.recipe(name)
    config = recipe.config.override(WITHOUT | ({} if batch is None else {"batch": batch}))
    parallel.start(config.batch)
    draw = np.random.default_rng(0)
    shape = SHAPES.get(config.data.name, (1, 28, 28))
    images = draw.integers(0, 256, (IMAGES, *shape), dtype=np.uint8)
    if config.method == "autoencoder":
        images = mnist5k.build()[0][:IMAGES].copy()
    labels = draw.permutation(np.arange(IMAGES) % 10).astype(np.int64)
    config = fit(config, images, labels if config.model.classes != 0 else np.zeros(IMAGES, np.int64))
    return config, networks(config, recipe), images, labels


def elegans(name: str, batch: int | None = None) -> tuple[Step, int]:
    """The step as the loop makes it, and the bytes that optimisers and average pass over in it."""
    cpu.keep_memory()
    torch.set_flush_denormal(True)
    config, made, images, labels = prepare(name, batch)
    method = find.find("methods", config.method).build(config, made)
    batches = Batches(images, labels, config.batch, config.seed, config.data.order)
    number, meter = 0, Meter()

    def step() -> int:
        nonlocal number
        meter.add(method.step(number, 0.0, batches))
        number += 1
        return int(method.images_a_step)

    return step, passes(method)


def passes(method: Any) -> int:
    """The bytes that optimisers and average read and write in a step."""
    updaters = method.updaters.values() if hasattr(method, "updaters") else [method.updater]
    total = 0
    for updater in updaters:
        # the weight, its gradient, the moments; without momentum the gradient is written, as the first of them
        times = 3 + 2 * len(updater.moments) + (updater.options.kind != "sgd" and not updater.beta1)
        total += times * sum(p.nbytes for p in updater.parameters)
    if hasattr(method, "average"):  # it is read and written, and the weight is read
        total += 3 * sum(p.nbytes for p in method.average.parameters())
    return total


def plain(name: str, batch: int | None = None) -> tuple[Step, int]:
    """The same networks in the loop one would write; bytes are not counted."""
    config, made, images, labels = prepare(name, batch)
    made = {key: plain_layers(network) for key, network in made.items()}
    _Tanh.apply = torch.tanh  # wherever it is called
    x, y = torch.from_numpy(images).float() / 127.5 - 1, torch.from_numpy(labels)
    step = plain_gan if config.method == "gan" else plain_autoencoder
    return step(config, made, x, y), 0


def plain_gan(config: Config, made: dict[str, nn.Module], x: Tensor, y: Tensor) -> Step:
    """Discriminator, then generator, each with a forward pass and a backward pass of its own."""
    generator, discriminator, options = made["generator"], made["discriminator"], config.gan
    loss, weights = losses.find(options.loss, options.smoothing), options.auxiliary
    optimise_g, optimise_d = optimiser(generator, options.generator), optimiser(discriminator, options.discriminator)

    def fake() -> Tensor:
        unit = torch.rand if config.latent.distribution != "normal" else torch.randn
        return generator(unit(config.batch, config.latent.size), y=asked)

    def apply(player: nn.Module, optimise: torch.optim.Optimizer, value: Tensor, clip: float | None) -> None:
        optimise.zero_grad()
        value.backward()
        if clip:
            nn.utils.clip_grad_norm_(player.parameters(), clip)
        optimise.step()

    asked = y[: config.batch]

    def step() -> int:
        nonlocal asked
        for _ in range(options.discriminator_steps):
            at = torch.randint(len(x), (config.batch,))
            asked = y[at]
            real, made_up = discriminator(x[at], y=asked), discriminator(fake().detach(), y=asked)
            value = loss.critic(real.score, made_up.score)
            if real.classes is not None:
                value = value + weights.real * cross_entropy(real.classes, asked)
                if weights.fake:
                    value = value + weights.fake * cross_entropy(made_up.classes, asked)
            apply(discriminator, optimise_d, value, options.discriminator.clip)
        for _ in range(options.generator_steps):
            judged = discriminator(fake(), y=asked)
            value = loss.player(judged.score, judged.score)
            if judged.classes is not None:
                value = value + weights.generator * cross_entropy(judged.classes, asked)
            apply(generator, optimise_g, value, options.generator.clip)
        return config.batch * options.discriminator_steps

    return step


def plain_autoencoder(config: Config, made: dict[str, nn.Module], x: Tensor, y: Tensor) -> Step:
    """Encode, decode, compare, one backward pass."""
    pair = nn.ModuleDict(made)
    optimise = optimiser(pair, config.autoencoder.optimiser)

    def step() -> int:
        images = x[torch.randint(len(x), (config.batch,))]
        code = made["encoder"](images)
        latent = code.mean
        if code.log_variance is not None:
            latent = latent + (code.log_variance / 2).exp() * torch.randn_like(latent)
        value = autoencoder.losses(code, made["decoder"](latent), images)["loss"].mean()
        optimise.zero_grad()
        value.backward()
        optimise.step()
        return config.batch

    return step


def optimiser(network: nn.Module, options: Optimiser) -> torch.optim.Optimizer:
    """As torch makes it if nothing else is asked for."""
    parameters, decay = list(network.parameters()), options.weight_decay
    if options.kind == "rmsprop":
        return torch.optim.RMSprop(parameters, options.lr, alpha=options.beta2, weight_decay=decay)
    return torch.optim.Adam(parameters, options.lr, (options.beta1, options.beta2), weight_decay=decay)


# --- plain layers ----------------------------------------------------------------------------------------------------


class Cells(nn.Module):
    """torch's LSTM cell where a step needs the one before, torch's LSTM where the whole sequence is there."""

    def __init__(self, of: Lstm) -> None:
        super().__init__()
        self.lstm = nn.LSTM(of.weight.shape[1], of.units, batch_first=True)
        self.cell = nn.LSTMCell(of.weight.shape[1], of.units)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):  # one set of weights, whichever is called
            setattr(self.cell, name, getattr(self.lstm, f"{name}_l0"))

    def project(self, x: Tensor) -> Tensor:
        return x

    def loop(self, n: int, steps: int) -> "Cells":
        return self

    def step(self, x: Tensor, state: State) -> State:
        return self.cell(x, state)

    def unroll(self, xs: Tensor, state: State) -> list[Tensor]:
        h, c = (part[None].contiguous() for part in state)
        return list(self.lstm(xs, (h, c))[0].unbind(1))


def plain_layers(network: nn.Module) -> nn.Module:
    """The network with the layers that its faster ones stand for."""
    for name, child in network.named_children():
        if isinstance(child, UpsampledConv):
            convolution = nn.Conv2d(child.in_channels, child.out_channels, 5, padding=2)
            setattr(network, name, nn.Sequential(nn.Upsample(scale_factor=2), convolution))
        elif isinstance(child, Linear):
            setattr(network, name, nn.Linear(child.in_features, child.out_features, child.bias is not None))
        elif isinstance(child, SpectralNorm):
            plain_layers(child)
            *before, layer = child.layer if isinstance(child.layer, nn.Sequential) else [child.layer]
            layer.bias = child.bias
            setattr(network, name, nn.Sequential(*before, spectral_norm(layer)))
        elif isinstance(child, ToSubpixels):
            convolution = nn.Conv2d(child.in_channels, child.out_channels, 3, padding=1)
            setattr(network, name, nn.Sequential(convolution, nn.PixelShuffle(2)))
        elif isinstance(child, OfSubpixels):
            convolution = nn.Conv2d(child.in_channels, child.out_channels, 3, padding=1)
            setattr(network, name, nn.Sequential(nn.PixelUnshuffle(2), convolution))
        elif isinstance(child, TransposedToPixels | FourierTransposed):
            how = child.kernel_size, child.stride, child.padding, child.output_padding
            setattr(network, name, nn.ConvTranspose2d(child.in_channels, child.out_channels, *how))
        elif isinstance(child, ToPixels | OfPixels | FourierConv):
            how = child.kernel_size, child.stride, child.padding
            setattr(network, name, nn.Conv2d(child.in_channels, child.out_channels, *how))
        elif isinstance(child, Dropout | PermanentDropout):
            setattr(network, name, nn.Dropout(child.p))  # neither is in evaluation here
        elif isinstance(child, Lstm):
            setattr(network, name, Cells(child))
        else:
            plain_layers(child)
    return network


# --- the process -----------------------------------------------------------------------------------------------------


def multiply_rate(seconds: float = 0.3) -> float:
    """Operations a second of a large matrix product: what the machine can do, as far as torch reaches."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    product(a, b)
    rounds, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        product(a, b)
        rounds += 1
    return rounds * 2 * 1024**3 / (time.perf_counter() - began)


def _of_linear(a: torch.Size, b: torch.Size, *more: Any, **options: Any) -> int:
    """Of oneDNN's product, for which torch has no formula."""
    return 2 * a[0] * a[1] * b[0]


@register_flop_formula(torch.ops.elegans.product_of_bytes, get_raw=True)
def _of_bytes(a: Tensor, b: Tensor, *more: Any, **options: Any) -> int:
    """Of a product without what is black."""
    return 2 * int(a.count_nonzero()) * b.shape[1]


if hasattr(torch.ops.mkldnn, "_linear_pointwise"):  # not every build has it
    register_flop_formula(torch.ops.mkldnn._linear_pointwise)(_of_linear)


class Operations(TorchDispatchMode):
    """Counts those of products and convolutions by torch's own formulas, forward and backward.

    torch's FlopCounterMode also follows modules, and stops where a gradient of a module's own input is asked for.
    """

    total = 0

    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = operator(*args, **(kwargs or {}))
        if formula := flop_registry.get(operator._overloadpacket):
            self.total += formula(*args, **(kwargs or {}), out_val=found)
        return found


def cost(step: Step, passed: int) -> dict[str, Any]:
    """What a step needs: operations of products and convolutions, bytes of the optimiser's passes, time by operator."""
    with Operations() as counter:
        images = step()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for _ in range(3):
            step()
    rows = sorted(((row.self_cpu_time_total / 3e6, row.key) for row in profile.key_averages()), reverse=True)
    return {
        "images": images,
        "operations": counter.total,
        "bytes": passed,
        "operators": [{"name": name, "seconds": round(spent, 6)} for spent, name in rows[:8]],
    }


def answer(step: Step, passed: int, asked: str) -> dict[str, Any]:
    if asked == "count":
        return cost(step, passed)
    images, steps, began = 0, 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < float(asked) or steps < 2:
        images, steps = images + step(), steps + 1
    return {"images": images, "seconds": spent, "rate": multiply_rate()}


def main() -> None:
    kind, name, *batch = sys.argv[1:]
    torch.manual_seed(0)
    step, passed = {"elegans": elegans, "plain": plain}[kind](name, int(batch[0]) if batch else None)
    for _ in range(3):
        step()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(step, passed, line.strip())), flush=True)


if __name__ == "__main__":
    main()
