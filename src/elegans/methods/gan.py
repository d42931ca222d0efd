"""What one step of a generative adversarial network does: alternating updates, or both from one pass."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from elegans import ema, losses, parallel, penalties, schedules, seeds
from elegans.batches import Batches
from elegans.config import Adam, Config
from elegans.errors import RequestError
from elegans.models._blocks import Verdict

Images = Float[Tensor, "n c h w"]
Labels = Int64[Tensor, " n"]
State = dict[str, dict[str, Tensor]]  # a file of a checkpoint -> its tensors by name


class Gan:
    """A generator, a discriminator, their optimisers and the generator's average.

    Args:
        config: the whole of it; `gan`, `latent`, `ema`, `seed`, `batch` and `schedule` are read.
        networks: `generator(z, y) -> images` and `discriminator(x, y) -> Verdict`.

    Raises:
        RequestError: networks of other names, an unknown loss, or settings that contradict each other.
    """

    def __init__(self, config: Config, networks: dict[str, nn.Module]) -> None:
        if set(networks) != {"generator", "discriminator"}:
            found = ", ".join(networks) or "nothing"
            raise RequestError(f"a gan has a generator and a discriminator; model {config.model.name!r} has {found}")
        self.config, self.options = config, config.gan
        self.loss = losses.find(self.options.loss, self.options.smoothing)
        self.device = parallel.device(config.device)
        for network in networks.values():
            network.to(self.device)
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # convolutions are faster so
        self.generator, self.discriminator = networks["generator"], networks["discriminator"]
        self.average = deepcopy(self.generator).eval().requires_grad_(False)
        self.optimisers = {
            "generator": _adam(self.generator, self.options.generator),
            "discriminator": _adam(self.discriminator, self.options.discriminator),
        }
        self.coupled = couples(self.discriminator)

    def step(self, number: int, progress: float, batches: Batches) -> dict[str, Tensor]:
        """One step of the training.

        Args:
            number: steps done before; with the weights it decides everything drawn.
            progress: share of the schedules' horizon that is done.
            batches: where real images come from.

        Returns:
            What there is to say about the step, by name: scalars.
        """
        seeds.fix(self.config.seed, number)
        self._schedule(progress)
        said: dict[str, Tensor] = {}
        both = self.options.update == "one-pass"
        for k in range(self.options.discriminator_steps - both):
            said |= self._update_discriminator(number, k, *batches[number * self.options.discriminator_steps + k])
        if both:
            k = self.options.discriminator_steps - 1
            said |= self._update_both(number, k, *batches[number * self.options.discriminator_steps + k])
        for k in range(int(both), self.options.generator_steps):
            said |= self._update_generator(number, k, *batches[number * self.options.discriminator_steps])
        seen = (number + 1) * self.images_a_step
        ema.update(self.average, self.generator, ema.decay(self.config.ema, self.images_a_step, seen))
        return said

    @property
    def images_a_step(self) -> int:
        """Real images the discriminator sees in a step."""
        return self.config.batch * self.options.discriminator_steps

    def state(self) -> State:
        """All that is to be saved: a file name and the tensors in it."""
        return {
            "generator": dict(self.generator.state_dict()),
            "discriminator": dict(self.discriminator.state_dict()),
            "ema": dict(self.average.state_dict()),
            "optimisers": dict(self._optimiser_tensors()),
        }

    def load(self, state: State) -> None:
        """Take over a saved state, in place."""
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.average.load_state_dict(state["ema"])
        for player, optimiser in self.optimisers.items():
            for name, parameter in getattr(self, player).named_parameters():
                prefix = f"{player}/{name}/"
                # moments lie in memory as the parameter does, or the arithmetic would not be the same bit for bit
                optimiser.state[parameter] = {
                    key.removeprefix(prefix): torch.empty_like(parameter).copy_(value)
                    if value.shape == parameter.shape
                    else value.to(parameter.device, copy=True)
                    for key, value in state["optimisers"].items()
                    if key.startswith(prefix)
                }

    @torch.no_grad()
    def sheet(self, n: int, labels: Labels | None) -> Images:
        """Samples of the averaged generator from noise that is the same at every step of a run."""
        z = seeds.latents(n, self.config.latent, self.config.seed, 0, "sheet")
        images: Tensor = self.average(z.to(self.device), None if labels is None else labels.to(self.device))
        return images

    # --- the updates -------------------------------------------------------------------------------------------------

    def _update_discriminator(self, number: int, k: int, real: Images, y: Labels) -> dict[str, Tensor]:
        with torch.no_grad():
            fake = self.generator(self._latents(number, f"discriminator {k}"), y)
        real_score, fake_score = self._scores(real, fake, y)
        loss = self.loss.critic(*self._flipped(number, k, real_score, fake_score))
        penalty = self._penalty(number, k, real, fake, y)
        self._apply("discriminator", _gradients(loss + penalty, self.discriminator))
        return self._said({"discriminator_loss": loss}, real_score, fake_score, penalty)

    def _update_generator(self, number: int, k: int, real: Images, y: Labels) -> dict[str, Tensor]:
        purpose = "discriminator 0" if self.options.same_latent else f"generator {k}"
        fake = self.generator(self._latents(number, purpose), y)
        fake_score = self._judge(fake, y)
        with torch.no_grad():
            real_score = self._judge(real, y) if self.loss.paired else fake_score
        loss = self.loss.player(real_score, fake_score)
        self._apply("generator", _gradients(loss, self.generator))
        return {"generator_loss": loss.detach()}

    def _update_both(self, number: int, k: int, real: Images, y: Labels) -> dict[str, Tensor]:
        """Both players from one G(z) and one D(G(z)), each against the other as it was before.

        Exact: without coupling between samples the gradients of both losses at a fake image are the same up to a
        number per sample, so one backward pass through the discriminator serves both. Where that number does not
        exist (see `losses.gradient_ratio`), with batch norm in the discriminator or with swapped labels, only the
        forward pass is shared and a second backward pass goes to the images alone; `one_pass` says how often not.
        """
        fake = self.generator(self._latents(number, f"discriminator {k}"), y)
        image = fake.detach().requires_grad_()
        real_score, fake_score = self._scores(real, image, y)
        loss = self.loss.critic(*self._flipped(number, k, real_score, fake_score))
        player_loss = self.loss.player(real_score.detach(), fake_score)
        penalty = self._penalty(number, k, real, image, y)
        separate = self.coupled or self.options.label_noise > 0
        ratio = None if separate else losses.gradient_ratio(self.loss, real_score, fake_score)
        if ratio is None:
            (at_image,) = torch.autograd.grad(player_loss, image, retain_graph=True)
            gradients = _gradients(loss + penalty, self.discriminator)
        else:
            parameters = _trained(self.discriminator)
            *gradients, at_image = torch.autograd.grad(loss + penalty, [*parameters, image])
            at_image = at_image * ratio.view(-1, 1, 1, 1)
        generator_gradients = torch.autograd.grad(fake, _trained(self.generator), at_image)
        self._apply("discriminator", gradients)
        self._apply("generator", generator_gradients)
        both = {"discriminator_loss": loss, "generator_loss": player_loss}
        said = self._said(both, real_score, fake_score, penalty)
        return said | {"one_pass": torch.tensor(float(ratio is not None))}

    # --- what they share ---------------------------------------------------------------------------------------------

    def _latents(self, number: int, purpose: str) -> Tensor:
        return seeds.latents(self.config.batch, self.config.latent, self.config.seed, number, purpose).to(self.device)

    def _judge(self, images: Images, y: Labels) -> Tensor:
        verdict: Verdict = self.discriminator(images, y)
        return verdict.score

    def _scores(self, real: Images, fake: Images, y: Labels) -> tuple[Tensor, Tensor]:
        """Scores of both; in one call unless the discriminator looks at a batch as a whole."""
        if self.coupled:
            return self._judge(real, y), self._judge(fake, y)
        both = self._judge(torch.cat([real, fake]), torch.cat([y, y]))
        return both[: len(real)], both[len(real) :]

    def _flipped(self, number: int, k: int, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The scores, some of them changed between real and fake."""
        if not self.options.label_noise:
            return real, fake
        draw = torch.rand(len(real), generator=seeds.generator(self.config.seed, number, f"labels {k}"))
        swap = draw.to(self.device) < self.options.label_noise
        return torch.where(swap, fake, real), torch.where(swap, real, fake)

    def _said(self, said: dict[str, Tensor], real: Tensor, fake: Tensor, penalty: Tensor) -> dict[str, Tensor]:
        """What an update of the discriminator has to say: losses, scores, and a penalty if there is one."""
        penalised = self.options.r1 or self.options.r2 or self.options.gradient_penalty
        said = said | {"real_score": real.mean(), "fake_score": fake.mean()}
        said |= {"penalty": penalty} if penalised else {}
        return {name: value.detach() for name, value in said.items()}

    def _penalty(self, number: int, k: int, real: Images, fake: Images, y: Labels) -> Tensor:
        def critic(images: Tensor) -> Tensor:
            return self._judge(images, y)

        fake, total = fake.detach(), torch.zeros((), device=self.device)
        if self.options.r1:
            total = total + self.options.r1 * penalties.squared_gradient(critic, real)
        if self.options.r2:
            total = total + self.options.r2 * penalties.squared_gradient(critic, fake)
        if self.options.gradient_penalty:
            at = torch.rand(len(real), generator=seeds.generator(self.config.seed, number, f"between {k}"))
            at = at.to(self.device, real.dtype)
            total = total + self.options.gradient_penalty * penalties.gradient_penalty(critic, real, fake, at)
        return total

    def _apply(self, player: str, gradients: Sequence[Tensor]) -> None:
        for parameter, gradient in zip(_trained(getattr(self, player)), gradients, strict=True):
            parameter.grad = gradient
        self.optimisers[player].step()
        self.optimisers[player].zero_grad(set_to_none=True)

    def _schedule(self, progress: float) -> None:
        factor = schedules.factor(self.config.schedule, progress)
        for player, optimiser in self.optimisers.items():
            optimiser.param_groups[0]["lr"] = getattr(self.options, player).lr * factor

    def _optimiser_tensors(self) -> Iterator[tuple[str, Tensor]]:
        for player, optimiser in self.optimisers.items():
            for name, parameter in getattr(self, player).named_parameters():
                for key, value in optimiser.state.get(parameter, {}).items():
                    yield f"{player}/{name}/{key}", value


def couples(network: nn.Module) -> bool:
    """Whether its output for one sample depends on the others of the batch, as with batch norm.

    A module of another kind that does says so with an attribute `couples_samples = True`.
    """
    batch_norm = nn.modules.batchnorm._BatchNorm
    return any(isinstance(m, batch_norm) or getattr(m, "couples_samples", False) for m in network.modules())


def _trained(network: nn.Module) -> list[nn.Parameter]:
    """Its parameters, less those that are frozen."""
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def _adam(network: nn.Module, options: Adam) -> torch.optim.Adam:
    return torch.optim.Adam(_trained(network), options.lr, (options.beta1, options.beta2), fused=True)


def _gradients(loss: Tensor, network: nn.Module) -> Sequence[Tensor]:
    """Of every trained parameter of the network, and of nothing else: no work for weights nobody updates."""
    return torch.autograd.grad(loss, _trained(network))


def build(config: Config, networks: dict[str, Any]) -> Gan:
    """The method, as the loop asks for it."""
    return Gan(config, networks)
