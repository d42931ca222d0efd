"""One step of a GAN: the gradients of one pass are those of two, and a step depends on nothing but what it is given."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from safetensors.torch import load as read
from safetensors.torch import save as write
from torch import Tensor, nn

from elegans import find, losses, recorded, seeds
from elegans.batches import Batches
from elegans.config import Auxiliary, Config
from elegans.errors import RequestError
from elegans.methods._objectives import couples, discriminator_loss
from elegans.methods._state import Said
from elegans.methods.gan import Gan, Images, Labels, State, build
from elegans.models._blocks import Verdict
from elegans.networks import networks
from elegans.optimisers import Updater

RECIPES = ["demo", "intro", "shallow", "vanilla"]  # spectral norm and labels; plain; batch norm in both; dropout
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}  # of a gradient: the norm of the difference over the norm
BATCH = 8
D, G = "discriminator", "generator"
Fields = dict[str, Any]
T = TypeVar("T", bound=Gan)


class Data(Batches):
    """Random images of ten classes, in a precision of choice; it remembers which batches were asked for."""

    def __init__(self, batch: int = BATCH, dtype: torch.dtype = torch.float32) -> None:
        images = np.random.default_rng(0).integers(0, 256, (64, 1, 28, 28), np.uint8)
        super().__init__(images, np.arange(64, dtype=np.int64) % 10, batch, seed=0)
        self.dtype, self.asked = dtype, list[int]()

    def __getitem__(self, number: int) -> tuple[Images, Labels]:
        self.asked.append(number)
        images, labels = super().__getitem__(number)
        return images.to(self.dtype), labels


class Noted(Gan):
    """A Gan whose noise has the precision of its weights, and which remembers its updates, none of which is replayed:
    tests/test_recorded.py is about that."""

    def __init__(self, config: Config, made: dict[str, nn.Module]) -> None:
        super().__init__(config, made)
        self.updates: list[tuple[str, list[Tensor]]] = []
        for player, updater in self.updaters.items():
            updater.move = partial(self._note, player, updater.move)  # type: ignore[method-assign]

    def step(self, number: int, progress: float, batches: Batches) -> Said:
        with recorded.off():
            return super().step(number, progress, batches)

    def _latents(self, number: int, purpose: str) -> Tensor:
        return super()._latents(number, purpose).to(next(self.generator.parameters()).dtype)

    def _note(self, player: str, move: Callable[[Sequence[Tensor]], Tensor], gradients: Sequence[Tensor]) -> Tensor:
        self.updates.append((player, named(self.updaters[player], gradients)))
        return move(gradients)

    @property
    def players(self) -> list[str]:
        """Who was updated, in order."""
        return [player for player, _ in self.updates]


class Checked(Noted):
    """The gradients of each update are computed a second time by plain autograd; the relative errors are kept."""

    def __init__(self, config: Config, made: dict[str, nn.Module]) -> None:
        super().__init__(config, made)
        self.errors: list[float] = []

    def _update_both(self, number: int, k: int, real: Images, y: Labels) -> dict[str, Tensor]:
        expected = [plain_discriminator(self, number, k, real, y), plain_generator(self, number, k, real, y)]
        return self._compare(expected, super()._update_both(number, k, real, y))

    def _update_discriminator(self, number: int, k: int, real: Images, y: Labels) -> dict[str, Tensor]:
        expected = [plain_discriminator(self, number, k, real, y)]
        return self._compare(expected, super()._update_discriminator(number, k, real, y))

    def _update_generator(self, number: int, k: int, real: Images, y: Labels) -> dict[str, Tensor]:
        expected = [plain_generator_alone(self, number, k, real, y)]
        return self._compare(expected, super()._update_generator(number, k, real, y))

    def _compare(self, expected: list[Sequence[Tensor]], said: dict[str, Tensor]) -> dict[str, Tensor]:
        for (_, found), right in zip(self.updates[-len(expected) :], expected, strict=True):
            self.errors.append(distance(found, right) / distance(right))
        assert all(value.isfinite() for value in said.values())
        return said


def named(updater: Updater, gradients: Sequence[Tensor]) -> list[Tensor]:
    """Copies of laid gradients, with the axes of the parameters."""
    pairs = zip(gradients, updater.orders, strict=True)
    return [g.clone() if order is None else g.permute(*map(order.index, range(g.ndim))).clone() for g, order in pairs]


def distance(a: Sequence[Tensor], b: Sequence[Tensor] | None = None) -> float:
    parts = a if b is None else [x - y for x, y in zip(a, b, strict=True)]
    return torch.cat([part.flatten() for part in parts]).norm().item()


# --- the same gradients by plain autograd: each player's own copies of the networks, own forward, own backward --------


def copies(gan: Gan) -> tuple[nn.Module, nn.Module]:
    return deepcopy(gan.generator), deepcopy(gan.discriminator)  # batch norm and spectral norm keep a state


def judged(d: nn.Module, real: Tensor, fake: Tensor, y: Tensor, fake_y: Tensor) -> tuple[Verdict, Verdict]:
    whole = any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d | Spread) for m in d.modules())
    if whole:
        return d(real, y), d(fake, fake_y)
    score, classes = d(torch.cat([real, fake]), torch.cat([y, fake_y]))
    parts = (None, None) if classes is None else classes.chunk(2)
    return Verdict(score.chunk(2)[0], parts[0]), Verdict(score.chunk(2)[1], parts[1])


def scores(d: nn.Module, real: Tensor, fake: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    of_real, of_fake = judged(d, real, fake, y, y)
    return of_real.score, of_fake.score


def asked(gan: Gan, number: int, purpose: str, y: Tensor) -> Tensor:
    """The labels that the generator is asked for."""
    if gan.options.labels == "data" or not gan.config.model.classes:
        return y
    return torch.randint(
        0, gan.config.model.classes, (len(y),), generator=seeds.generator(gan.config.seed, number, f"{purpose} labels")
    )


def head_loss(verdict: Verdict, y: Tensor, weight: float) -> Tensor:
    """The class head's cross-entropy, written out."""
    if verdict.classes is None:
        return torch.zeros((), dtype=verdict.score.dtype)
    shares = verdict.classes.exp() / verdict.classes.exp().sum(1, keepdim=True)
    return -weight * shares[torch.arange(len(y)), y].log().mean()


def slopes(d: nn.Module, images: Tensor, y: Tensor) -> Tensor:
    images = images.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(d(images, y).score.sum(), images, create_graph=True)
    return slope.square().sum((1, 2, 3)).sqrt()


def plain_discriminator(gan: Gan, number: int, k: int, real: Tensor, y: Tensor) -> Sequence[Tensor]:
    state, options = torch.get_rng_state(), gan.options
    (g, d), at, swap = copies(gan), draws(gan, number, k, "between"), draws(gan, number, k, "labels")
    fake_y = asked(gan, number, f"discriminator {k}", y)
    fake = g(gan._latents(number, f"discriminator {k}"), fake_y).detach()
    of_real, of_fake = judged(d, real, fake, y, fake_y)
    real_score, fake_score = of_real.score, of_fake.score
    swapped = (swap < options.label_noise).to(real.dtype)
    loss = gan.loss.critic(
        (1 - swapped) * real_score + swapped * fake_score, (1 - swapped) * fake_score + swapped * real_score
    )
    loss = loss + head_loss(of_real, y, options.auxiliary.real) + head_loss(of_fake, fake_y, options.auxiliary.fake)
    if options.r1:
        loss = loss + options.r1 / 2 * slopes(d, real, y).square().mean()
    if options.r2:
        loss = loss + options.r2 / 2 * slopes(d, fake, fake_y).square().mean()
    if options.gradient_penalty:
        between = torch.stack([at[i] * real[i] + (1 - at[i]) * fake[i] for i in range(len(y))])
        loss = loss + options.gradient_penalty * (slopes(d, between.to(real.dtype), y) - 1).square().mean()
    torch.set_rng_state(state)  # the real update draws the same dropout
    return torch.autograd.grad(loss, list(d.parameters()))


def plain_generator(gan: Gan, number: int, k: int, real: Tensor, y: Tensor) -> Sequence[Tensor]:
    state, (g, d) = torch.get_rng_state(), copies(gan)
    fake_y = asked(gan, number, f"discriminator {k}", y)
    fake = g(gan._latents(number, f"discriminator {k}"), fake_y)
    of_real, of_fake = judged(d, real, fake, y, fake_y)
    loss = gan.loss.player(of_real.score, of_fake.score)
    loss = loss + head_loss(of_fake, fake_y, gan.options.auxiliary.generator)
    loss = loss + gan.options.spread * lack(gan, real, fake, y, fake_y)
    torch.set_rng_state(state)
    return torch.autograd.grad(loss, list(g.parameters()))


def plain_generator_alone(gan: Gan, number: int, k: int, real: Tensor, y: Tensor) -> Sequence[Tensor]:
    state, (g, d) = torch.get_rng_state(), copies(gan)
    purpose = "discriminator 0" if gan.options.same_latent else f"generator {k}"
    fake_y = asked(gan, number, purpose, y)
    fake = g(gan._latents(number, purpose), fake_y)
    of_fake = d(fake, fake_y)
    real_score = d(real, y).score if gan.options.loss == "relativistic" else torch.zeros_like(of_fake.score)
    loss = gan.loss.player(real_score, of_fake.score)
    loss = loss + head_loss(of_fake, fake_y, gan.options.auxiliary.generator)
    loss = loss + gan.options.spread * lack(gan, real, fake, y, fake_y)
    torch.set_rng_state(state)
    return torch.autograd.grad(loss, list(g.parameters()))


def lack(gan: Gan, real: Tensor, fake: Tensor, y: Tensor, fake_y: Tensor) -> Tensor:
    """By how much generated images are nearer to each other; without classes each is compared with the next one."""
    known = int(bool(gan.config.model.classes))
    return (apart(real, y * known) - apart(fake, fake_y * known)).clamp(min=0)


def apart(images: Tensor, y: Tensor) -> Tensor:
    """The mean distance from each image to the next one of its class, where there is one."""
    n, found = len(y), []
    for i in range(n):
        j = next(j % n for j in range(i + 1, i + n + 1) if y[j % n] == y[i])
        found += [(images[i] - images[j]).norm()] if j != i else []
    return torch.stack(found).mean() if found else torch.zeros(())


def draws(gan: Gan, number: int, k: int, purpose: str) -> Tensor:
    return torch.rand(gan.config.batch, generator=seeds.generator(gan.config.seed, number, f"{purpose} {k}"))


# --- what the tests are made of ---------------------------------------------------------------------------------------


def configuration(recipe: str, fields: Fields | None = None, **gan: Any) -> Config:
    """A recipe on a few images of ten classes, narrower, each player once a step, and what is asked for."""
    config = find.recipe(recipe).config
    once = {"smoothing": 0.0, "discriminator_steps": 1, "generator_steps": 1, "same_latent": False} | gan
    size = {"batch": BATCH, "device": "cpu", "model.shape": (1, 28, 28), "ema.half_life": 100}
    classes = 10 if config.model.classes is None else config.model.classes
    options = {f"gan.{name}": value for name, value in once.items()}
    widths = {f"model.{name}": narrow(value) for name, value in config.model.settings.items()}
    return config.override(size | {"model.classes": classes} | options | widths | (fields or {}))


def narrow(value: Any) -> Any:
    """Widths of layers, or whatever else a setting is, as it is."""
    if isinstance(value, list):
        return [narrow(width) for width in value]
    return value // 8 if isinstance(value, int) and value >= 32 else value


def make(kind: type[T], config: Config, dtype: torch.dtype = torch.float32) -> T:
    return kind(config, {name: made.to(dtype) for name, made in networks(config, find.recipe(config)).items()})


def run(gan: Gan, steps: Sequence[int], batches: Batches | None = None) -> list[dict[str, Tensor]]:
    return [gan.step(number, 0.0, batches or Data()) for number in steps]


def same_bits(a: State, b: State) -> bool:
    assert {file: set(tensors) for file, tensors in a.items()} == {file: set(tensors) for file, tensors in b.items()}
    return all(torch.equal(tensor, b[file][name]) for file, tensors in a.items() for name, tensor in tensors.items())


def has_batch_norm(network: nn.Module) -> bool:
    return any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in network.modules())


# --- gradients --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("loss", losses.names())
@pytest.mark.parametrize("recipe", RECIPES)
def test_one_pass_has_the_gradients_of_two(recipe: str, loss: str, dtype: torch.dtype) -> None:
    gan = make(Checked, configuration(recipe, update="one-pass", loss=loss), dtype)
    said = run(gan, [0, 1], Data(dtype=dtype))
    assert gan.players == [D, G] * 2
    assert max(gan.errors) < TOLERANCE[dtype]
    if loss != "hinge":  # which after some steps has fakes beyond its margin
        assert [s["one_pass"] for s in said] == [0.0 if has_batch_norm(gan.discriminator) else 1.0] * 2


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize(
    "extra",
    [
        {"r1": 1.0},
        {"r2": 0.5},
        {"gradient_penalty": 10.0},
        {"r1": 0.1, "r2": 0.2, "gradient_penalty": 0.3},
        {"label_noise": 0.3},
        {"smoothing": 0.1},
        {"spread": 0.3},
        {"loss": "relativistic", "r1": 1.0, "r2": 1.0},
        {"loss": "wasserstein", "gradient_penalty": 10.0, "label_noise": 0.3},
    ],
    ids=str,
)
@pytest.mark.parametrize("recipe", RECIPES)
def test_one_pass_is_exact_with_penalties_swapped_labels_and_smoothing(
    recipe: str, extra: Fields, dtype: torch.dtype
) -> None:
    gan = make(Checked, configuration(recipe, update="one-pass", **extra), dtype)
    said = run(gan, [0, 1], Data(dtype=dtype))
    assert max(gan.errors) < TOLERANCE[dtype]
    separate = has_batch_norm(gan.discriminator) or "label_noise" in extra
    assert {float(s["one_pass"]) for s in said} == {0.0 if separate else 1.0}
    penalised = bool(extra.keys() & {"r1", "r2", "gradient_penalty"})
    assert ["penalty" in s for s in said] == [penalised] * 2


@pytest.mark.parametrize("loss", losses.names())
@pytest.mark.parametrize("recipe", RECIPES)
def test_alternating_updates_have_plain_gradients_at_the_weights_of_the_moment(recipe: str, loss: str) -> None:
    options = {"r1": 0.5, "label_noise": 0.2, "discriminator_steps": 2, "generator_steps": 2}
    gan = make(Checked, configuration(recipe, update="alternating", loss=loss, **options), torch.float64)
    run(gan, [0], Data(dtype=torch.float64))
    assert gan.players == [D, D, G, G]
    assert max(gan.errors) < 1e-10


@pytest.mark.parametrize("recipe", RECIPES)
def test_several_updates_a_step_with_one_pass_are_exact_too(recipe: str) -> None:
    options = {"update": "one-pass", "discriminator_steps": 2, "generator_steps": 2}
    gan = make(Checked, configuration(recipe, **options), torch.float64)
    run(gan, [0], Data(dtype=torch.float64))
    assert gan.players == [D, D, G, G]
    assert max(gan.errors) < 1e-10


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_beyond_the_hinge_one_pass_is_exact_too(dtype: torch.dtype) -> None:
    gan = make(Checked, configuration("intro", update="one-pass", loss="hinge"), dtype)
    with torch.no_grad():
        fakes = gan.discriminator(gan.generator(gan._latents(0, "discriminator 0"))).score
        list(gan.discriminator.parameters())[-1].sub_(1.0 + fakes.median())  # half of them beyond the margin of -1
    (said,) = run(gan, [0], Data(dtype=dtype))
    assert said["one_pass"] == 1.0
    assert max(gan.errors) < TOLERANCE[dtype]


def test_what_is_said_of_the_scores() -> None:
    real, fake, y = Verdict(torch.tensor([1.0, 2.0, -1.5])), Verdict(torch.tensor([-1.0, -2.5, 4.0])), torch.zeros(3)
    scores = real.score, fake.score
    _, said = discriminator_loss(losses.find("hinge"), Auxiliary(), scores, real, fake, y.long(), y.long())
    assert said["accuracy"].item() == pytest.approx(4 / 6)
    assert said["real_score"].item() == pytest.approx(1.5 / 3)
    assert said["fake_score"].item() == pytest.approx(0.5 / 3)


@pytest.mark.parametrize("loss", losses.names())
def test_one_pass_is_exact_where_the_discriminator_is_sure(loss: str) -> None:
    gan = make(Checked, configuration("intro", update="one-pass", loss=loss))
    with torch.no_grad():
        list(gan.discriminator.parameters())[-2].mul_(100.0)
    fakes = gan.discriminator(gan.generator(gan._latents(0, "discriminator 0"))).score
    assert fakes.std() > 5  # factors of e⁵ between the samples' ratios
    run(gan, [0])
    assert max(gan.errors) < 1e-5


def test_all_players_ratios_differ_from_sample_to_sample() -> None:
    """Else the tests above would not notice a ratio that is the same for the whole batch."""
    gan = make(Noted, configuration("intro", update="one-pass"), torch.float64)
    fakes = gan.discriminator(gan.generator(gan._latents(0, "discriminator 0"))).score
    critic, player = gan.loss.critic(torch.zeros_like(fakes), fakes), gan.loss.player(torch.zeros_like(fakes), fakes)
    ratio, _ = losses.gradient_ratio(critic, player, fakes)
    assert ratio.std() / ratio.mean().abs() > 1e-2


class Spread(nn.Module):
    """A discriminator that also sees how much the images of a batch differ: it couples them without batch norm."""

    couples_samples = True

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Linear(784, 1)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Verdict:
        return Verdict(torch.tanh(self.score(x.flatten(1))).squeeze(1) * x.std(0).mean())


def test_a_discriminator_that_says_it_couples_samples_is_asked_twice_and_is_exact() -> None:
    config = configuration("intro", update="one-pass")
    made = networks(config, find.recipe(config)) | {"discriminator": Spread()}
    gan = Checked(config, {name: network.double() for name, network in made.items()})
    (said,) = run(gan, [0], Data(dtype=torch.float64))
    assert said["one_pass"] == 0.0
    assert max(gan.errors) < 1e-10


# --- with a class head ------------------------------------------------------------------------------------------------


class Headed(nn.Module):
    """A discriminator that also says which class an image is of; if asked to, it normalises over the batch."""

    def __init__(self, batch_norm: bool = False) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 12), nn.BatchNorm1d(12) if batch_norm else nn.Tanh(), nn.Dropout(0.2)
        )
        self.score, self.classes = nn.Linear(12, 1), nn.Linear(12, 10)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Verdict:
        features = self.features(x)
        return Verdict(self.score(features).squeeze(1), self.classes(features))


def headed(kind: type[T], batch_norm: bool = False, **gan: Any) -> T:
    """A conditional generator against it, in double precision."""
    config = configuration("demo", **gan)
    made = networks(config, find.recipe(config)) | {"discriminator": Headed(batch_norm)}
    return kind(config, {name: network.double() for name, network in made.items()})


WEIGHTS = [(1.0, 0.0, 1.0), (1.0, 1.0, 1.0), (0.0, 0.0, 2.0), (0.5, 0.3, 0.0), (0.0, 0.7, 1.0), (0.0, 0.0, 0.0)]


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("labels", ["data", "uniform"])
@pytest.mark.parametrize("update", ["alternating", "one-pass"])
@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_with_a_class_head_gradients_are_plain(
    weights: tuple[float, float, float], update: str, labels: str, batch_norm: bool
) -> None:
    auxiliary = dict(zip(("generator", "fake", "real"), weights, strict=True))
    options = {"update": update, "labels": labels, "auxiliary": auxiliary, "discriminator_steps": 2}
    gan = headed(Checked, batch_norm, **options, generator_steps=2)
    with torch.no_grad():  # a head that already has opinions
        gan.discriminator.classes.weight.mul_(5)
    (said,) = run(gan, [0], Data(dtype=torch.float64))
    assert gan.players == [D, D, G, G]
    assert max(gan.errors) < 1e-10
    if update == "one-pass":
        assert said["one_pass"] == float(weights[:2] == (0.0, 0.0) and not batch_norm)


@pytest.mark.parametrize("loss", losses.names())
def test_with_a_class_head_every_loss_is_exact(loss: str) -> None:
    for update in ("alternating", "one-pass"):
        options = {"r1": 0.3, "label_noise": 0.2, "labels": "uniform", "auxiliary": {"fake": 0.5}}
        gan = headed(Checked, update=update, loss=loss, **options)
        run(gan, [0], Data(dtype=torch.float64))
        assert max(gan.errors) < 1e-10


def test_what_is_said_of_the_class_head() -> None:
    gan = headed(Noted, update="one-pass", auxiliary={"real": 3.0})
    gan.discriminator.features[3].p = 0.0
    (g, d), (real, y) = copies(gan), Data(dtype=torch.float64)[0]
    of_real, of_fake = judged(d, real, g(gan._latents(0, "discriminator 0"), y), y, y)
    (said,) = run(gan, [0], Data(dtype=torch.float64))
    torch.testing.assert_close(said["real_class_loss"], head_loss(of_real, y, 1.0).detach())
    torch.testing.assert_close(said["fake_class_loss"], head_loss(of_fake, y, 1.0).detach())
    expected = gan.loss.critic(of_real.score, of_fake.score)  # without the head's share, so that it is comparable
    torch.testing.assert_close(said["discriminator_loss"], expected.detach())


@pytest.mark.parametrize("update", ["alternating", "one-pass"])
@pytest.mark.parametrize("recipe", ["demo"])
def test_uniform_labels_reach_generator_and_discriminator(recipe: str, update: str) -> None:
    gan = make(Checked, configuration(recipe, update=update, labels="uniform", r2=0.3), torch.float64)
    seen: list[Tensor] = []

    def note(_: nn.Module, inputs: tuple[Tensor, ...], named: dict[str, Tensor]) -> None:
        seen.append(named["y"] if named else inputs[1])

    gan.generator.register_forward_pre_hook(note, with_kwargs=True)
    data = Data(dtype=torch.float64)
    run(gan, [0, 1], data)
    assert max(gan.errors) < 1e-10
    assert not any(torch.equal(y, data[number][1]) for y in seen for number in (0, 1))
    assert len({tuple(y.tolist()) for y in seen}) == (4 if update == "alternating" else 2)


def test_each_class_is_asked_for_as_often() -> None:
    gan = headed(Noted, labels="uniform")
    y = torch.zeros(BATCH, dtype=torch.int64)
    counts = torch.bincount(torch.cat([gan._labels(number, "x", y) for number in range(500)]), minlength=10)
    assert len(counts) == 10
    assert ((counts - 400).abs() < 5 * (4000 * 0.09) ** 0.5).all()  # five standard deviations


def test_without_classes_there_are_no_labels_to_draw() -> None:
    gan = make(Noted, configuration("intro", labels="uniform"))
    y = torch.full((BATCH,), -1)
    assert torch.equal(gan._labels(0, "x", y), y)


# --- rates that follow the losses, and other optimisers ---------------------------------------------------------------


def test_the_rates_follow_the_losses() -> None:
    gan = make(Noted, configuration("intro", balance=0.8))
    with torch.no_grad():  # a discriminator that is sure: it wins
        list(gan.discriminator.parameters())[-2].mul_(0.0)
    run(gan, range(3))
    for player in (D, G):
        of_last_step = gan.updaters[player].rate
        assert of_last_step != getattr(gan.options, player).lr
    assert gan.balance.factor(D) + gan.balance.factor(G) == pytest.approx(2.0)


@pytest.mark.parametrize("update", ["alternating", "one-pass"])
@pytest.mark.parametrize(
    "options",
    [
        {"balance": 0.7},
        {"generator": {"kind": "sgd", "lr": 0.1}, "discriminator": {"kind": "rmsprop", "lr": 1e-3, "clip": 1.0}},
        {"generator": {"weight_decay": 0.1}, "labels": "uniform", "augment": ["shift", "colour"]},
    ],
    ids=str,
)
def test_a_run_with_it_goes_on_bit_for_bit(options: Fields, update: str) -> None:
    config = configuration("demo", update=update, **options)
    gan = make(Gan, config)
    run(gan, [0, 1, 2])
    files = {file: write({n: t.contiguous() for n, t in tensors.items()}) for file, tensors in gan.state().items()}
    assert ("balance" in files) == ("balance" in options)
    fresh = make(Gan, config)
    fresh.load({file: read(content) for file, content in files.items()})
    run(gan, [3, 4])
    run(fresh, [3, 4])
    assert same_bits(gan.state(), fresh.state())


# --- the order of things ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("update", "d", "g", "expected"),
    [
        ("alternating", 1, 1, [D, G]),
        ("alternating", 3, 1, [D, D, D, G]),
        ("alternating", 1, 2, [D, G, G]),
        ("one-pass", 1, 1, [D, G]),
        ("one-pass", 3, 1, [D, D, D, G]),
        ("one-pass", 1, 3, [D, G, G, G]),
    ],
)
def test_who_is_updated_how_often_and_on_which_batches(update: str, d: int, g: int, expected: list[str]) -> None:
    gan, data = make(Noted, configuration("intro", update=update, discriminator_steps=d, generator_steps=g)), Data()
    run(gan, [5], data)
    assert gan.players == expected
    assert data.asked[:d] == list(range(5 * d, 5 * d + d))  # each discriminator update sees its own real images
    assert set(data.asked[d:]) <= {5 * d}
    assert gan.images_a_step == BATCH * d


@pytest.mark.parametrize("same", [False, True])
def test_same_latent(same: bool) -> None:
    gan = make(Noted, configuration("intro", update="alternating", generator_steps=2, same_latent=same))
    seen: list[Tensor] = []
    gan.generator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    run(gan, [3])
    assert len(seen) == 3
    assert [torch.equal(a, b) for a, b in ((seen[0], seen[1]), (seen[0], seen[2]), (seen[1], seen[2]))] == [same] * 3


@pytest.mark.parametrize("update", ["alternating", "one-pass"])
def test_no_two_updates_of_the_discriminator_see_the_same_fakes(update: str) -> None:
    gan = make(Noted, configuration("intro", update=update, discriminator_steps=2))
    seen: list[Tensor] = []
    gan.generator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    run(gan, [0, 1])
    assert len({tuple(z.flatten().tolist()) for z in seen}) == len(seen) == (4 if update == "one-pass" else 6)


@pytest.mark.parametrize("recipe", RECIPES)
def test_one_pass_says_the_losses_and_scores_of_the_weights_before(recipe: str) -> None:
    gan = make(Noted, configuration(recipe, update="one-pass"))
    (g, d), (real, y) = copies(gan), Data()[0]
    seeds.fix(gan.config.seed, 0)
    real_score, fake_score = scores(d, real, g(gan._latents(0, "discriminator 0"), y), y)
    (said,) = run(gan, [0])
    bce = nn.functional.binary_cross_entropy_with_logits
    expected = {
        "discriminator_loss": bce(real_score, torch.ones(BATCH)) + bce(fake_score, torch.zeros(BATCH)),
        "generator_loss": bce(fake_score, torch.ones(BATCH)),
        "real_score": real_score.mean(),
        "fake_score": fake_score.mean(),
    }
    for name, value in expected.items():
        torch.testing.assert_close(said[name], value.detach(), rtol=1e-4, atol=1e-5)
    assert not any(value.requires_grad for value in said.values())


@pytest.mark.parametrize("update", ["alternating", "one-pass"])
def test_what_the_generator_can_follow_is_said(update: str) -> None:
    """The mean norm of the gradients of each image's own loss."""
    rates = {"discriminator.lr": 1e-30, "generator.lr": 1e-30}  # both updates then see the same weights
    gan = make(Noted, configuration("intro", update=update, same_latent=True, spread=0.0, **rates))
    g, d = copies(gan)
    image = g(gan._latents(0, "discriminator 0"), y=Data()[0][1]).detach().requires_grad_()
    own = nn.functional.softplus(-d(image).score).sum()
    (gradient,) = torch.autograd.grad(own, image)
    (said,) = run(gan, [0])
    torch.testing.assert_close(said["fake_gradient"], gradient.flatten(1).norm(dim=1).mean(), rtol=1e-4, atol=1e-6)


class Asked(nn.Module):
    """A network that takes what is asked for by its name alone, behind something else."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, other: None = None, *, y: Tensor) -> Any:
        assert other is None
        return self.network(x, y)


def test_conditions_are_bound_by_name() -> None:
    """In the library of the first seed they were bound by their place, and x was taken for the pixel."""
    config = configuration("demo", update="alternating")
    plain = make(Gan, config)
    named = Gan(config, {name: Asked(made) for name, made in networks(config, find.recipe(config)).items()})
    for a, b in zip(run(plain, range(3)), run(named, range(3)), strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)


# --- a step is a function of configuration, weights and number --------------------------------------------------------


@pytest.mark.parametrize("update", ["alternating", "one-pass"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_step_depends_on_nothing_else(recipe: str, update: str) -> None:
    gan = make(Gan, configuration(recipe, update=update, r1=0.1, label_noise=0.1))
    run(gan, [0, 1])
    twin, other = deepcopy(gan), deepcopy(gan)
    run(gan, [2])
    torch.manual_seed(99)  # nor on the state the process is in
    torch.rand(5)
    run(twin, [2])
    assert same_bits(gan.state(), twin.state())
    run(other, [3])
    assert not same_bits(gan.state(), other.state())


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_saved_state_goes_on_bit_for_bit(recipe: str) -> None:
    config = configuration(recipe)
    gan = make(Gan, config)
    run(gan, [0, 1, 2])
    state = gan.state()
    files = {file: write({name: tensor.contiguous() for name, tensor in state[file].items()}) for file in state}
    fresh = make(Gan, config.override({"seed": 5}))  # other weights, to be overwritten
    fresh.config = config
    fresh.load({file: read(content) for file, content in files.items()})
    assert same_bits(gan.state(), fresh.state())
    run(gan, [3, 4])
    run(fresh, [3, 4])
    assert same_bits(gan.state(), fresh.state())
    assert {"generator", "discriminator", "ema", "optimisers"} == files.keys()


def test_another_seed_is_another_training() -> None:
    a, b = (make(Gan, configuration("intro", {"seed": seed})) for seed in (1, 2))
    b.load(deepcopy(a.state()))
    run(a, [0])
    run(b, [0])
    assert not same_bits(a.state(), b.state())


# --- what a step does besides -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("schedule", "factor"), [("constant", 1.0), ("linear", 0.25), ("cosine", 0.1464466)])
def test_learning_rates_follow_the_schedule(schedule: str, factor: float) -> None:
    fields = {"schedule": schedule, "gan.generator.lr": 0.02, "gan.discriminator.lr": 0.004, "gan.generator.beta1": 0.3}
    fields |= {"gan.discriminator.beta1": 0.7, "gan.discriminator.beta2": 0.9}
    gan = make(Gan, configuration("intro", fields))
    gan.step(0, 0.75, Data())
    assert gan.updaters[G].rate == pytest.approx(0.02 * factor)
    assert gan.updaters[D].rate == pytest.approx(0.004 * factor)
    assert (gan.updaters[G].options.beta1, gan.updaters[G].options.beta2) == (0.3, 0.999)
    assert (gan.updaters[D].options.beta1, gan.updaters[D].options.beta2) == (0.7, 0.9)


def test_adams_first_step_moves_every_weight_by_the_learning_rate() -> None:
    gan = make(Noted, configuration("intro", {"gan.generator.lr": 0.02, "gan.discriminator.lr": 0.004}))
    before = deepcopy([list(network.parameters()) for network in (gan.generator, gan.discriminator)])
    run(gan, [0])
    for player, network, old, lr in ((G, gan.generator, before[0], 0.02), (D, gan.discriminator, before[1], 0.004)):
        gradients = dict(gan.updates)[player]
        for weight, was, gradient in zip(network.parameters(), old, gradients, strict=True):
            clear = gradient.abs() > 1e-5  # far from Adam's epsilon of 1e-8
            torch.testing.assert_close((weight - was)[clear], -lr * gradient.sign()[clear], rtol=2e-3, atol=0)


def test_the_average_follows_the_generator() -> None:
    gan = make(Gan, configuration("intro", {"ema.half_life": 16, "ema.ramp": 1.0}))
    expected = [p.detach().clone() for p in gan.average.parameters()]
    for number in range(4):
        run(gan, [number])
        old = 0.5 ** (BATCH / min(16, BATCH * (number + 1)))
        expected = [old * e + (1 - old) * p.detach() for e, p in zip(expected, gan.generator.parameters(), strict=True)]
    assert distance(list(gan.average.parameters()), expected) < 1e-6 * distance(expected)
    assert not gan.average.training
    assert not any(p.requires_grad for p in gan.average.parameters())


def test_the_sheet_is_of_the_averaged_generator_and_of_the_same_noise() -> None:
    gan = make(Gan, configuration("demo"))
    run(gan, [0])
    labels = torch.arange(10)
    first = gan.sheet(10, labels, Data())
    assert torch.equal(first, gan.sheet(10, labels, Data()))
    z = seeds.latents(10, gan.config.latent, gan.config.seed, 0, "sheet")
    assert torch.equal(first, gan.average(z, labels))
    assert not torch.equal(first, gan.sheet(10, labels.flip(0), Data()))


@pytest.mark.parametrize("recipe", RECIPES)
def test_convolutions_lie_in_memory_with_channels_last(recipe: str) -> None:
    gan = make(Gan, configuration(recipe))
    for network in (gan.generator, gan.discriminator, gan.average):
        for parameter in network.parameters():
            assert parameter.ndim != 4 or parameter.is_contiguous(memory_format=torch.channels_last)


# --- requests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (lambda: nn.BatchNorm1d(4), True),
        (lambda: nn.BatchNorm2d(4), True),
        (lambda: nn.SyncBatchNorm(4), True),
        (Spread, True),
        (lambda: nn.LayerNorm(4), False),
        (lambda: nn.GroupNorm(2, 4), False),
        (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4)), False),
        (lambda: nn.Dropout(0.5), False),
    ],
)
def test_what_couples_the_samples_of_a_batch(layer: Callable[[], nn.Module], expected: bool) -> None:
    assert couples(nn.Sequential(nn.Identity(), nn.Sequential(layer()))) == expected


@pytest.mark.parametrize(
    "names", [[], ["generator"], ["generator", "critic"], ["generator", "discriminator", "encoder"]]
)
def test_networks_of_other_names_are_refused(names: list[str]) -> None:
    with pytest.raises(RequestError, match="a gan has a generator and a discriminator; model 'mlp' has"):
        build(configuration("intro"), {name: nn.Linear(1, 1) for name in names})


def test_the_refusal_of_networks_is_short() -> None:
    with pytest.raises(RequestError) as caught:
        build(configuration("intro"), {"encoder": nn.Sequential(*(nn.Linear(9, 9) for _ in range(50)))})
    assert len(str(caught.value)) < 200


def test_an_unknown_loss_and_smoothing_without_targets_are_refused() -> None:
    with pytest.raises(RequestError, match="did you mean 'hinge'"):
        make(Gan, configuration("intro", loss="hinges"))
    with pytest.raises(RequestError, match="no targets to smooth"):
        make(Gan, configuration("intro", loss="hinge", smoothing=0.1))


def test_a_frozen_layer_stays_as_it_is_and_the_others_train() -> None:
    config = find.recipe("vanilla").config.override(
        {"batch": BATCH, "model.shape": (1, 28, 28), "model.generator": [16], "model.discriminator": [16]}
    )
    made = networks(config, find.recipe("vanilla"))
    for network in made.values():
        next(network.parameters()).requires_grad_(False)
    before = {name: [p.clone() for p in network.parameters()] for name, network in made.items()}
    gan = Gan(config, made)
    gan.step(0, 0.0, Data())
    Gan(config, deepcopy(made)).load(gan.state())
    for name, network in made.items():
        first, *others = [torch.equal(old, new) for old, new in zip(before[name], network.parameters(), strict=True)]
        assert first
        assert not any(others)


@pytest.mark.parametrize(
    ("loss", "boundary"),
    [
        ("non_saturating", 0.0),
        ("minimax", 0.0),
        ("hinge", 0.0),
        ("least_squares", 0.5),
        ("wasserstein", None),
        ("relativistic", None),
    ],
)
def test_right_is_on_the_right_side_of_the_boundary_where_there_is_one(loss: str, boundary: float | None) -> None:
    real, fake = Verdict(torch.tensor([0.6, 0.4, 2.0])), Verdict(torch.tensor([0.3, 0.2, 0.7]))
    y = torch.zeros(3, dtype=torch.long)
    pair = losses.find(loss)
    _, said = discriminator_loss(pair, Auxiliary(), (real.score, fake.score), real, fake, y, y)
    share = {None: None, 0.0: 3 / 6, 0.5: 4 / 6}[boundary]  # three and none; two and two
    assert pair.boundary == boundary
    assert said["accuracy"].item() == pytest.approx(share) if share else "accuracy" not in said


@pytest.mark.parametrize("update", ["alternating", "one-pass"])
def test_without_classes_all_images_are_one_class_for_the_spread(update: str) -> None:
    """The labels of the data say nothing of images that were not asked for a class."""
    found = []
    for labels in (np.arange(64) % 4, np.zeros(64, np.int64)):
        config = configuration("intro", {}, update=update, spread=0.5)
        images = np.random.default_rng(0).integers(0, 256, (64, 1, 28, 28), np.uint8)
        found.append(run(make(Gan, config), range(2), Batches(images, labels.astype(np.int64), config.batch, 0)))
    assert all(float(a["lack_of_spread"]) == float(b["lack_of_spread"]) > 0 for a, b in zip(*found, strict=True))
