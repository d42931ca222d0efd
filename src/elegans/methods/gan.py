"""What one step of a generative adversarial network does: alternating updates, or both from one pass."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from elegans import augment, ema, losses, parallel, penalties, schedules, seeds
from elegans.balance import Balance
from elegans.batches import Batches
from elegans.config import Config
from elegans.errors import RequestError
from elegans.methods._move import Move
from elegans.methods._objectives import couples, discriminator_loss, generator_loss, steepness
from elegans.methods._state import Said, State
from elegans.models._blocks import Verdict
from elegans.optimisers import Updater
from elegans.tape import Outcome

Images = Float[Tensor, "n c h w"]
Labels = Int64[Tensor, " n"]


class Gan:
    """A generator, a discriminator, their optimisers and the generator's average.

    Args:
        config: the whole of it; `gan`, `latent`, `ema`, `seed`, `batch` and `schedule` are read.
        networks: `generator(z, y=y) -> images` and `discriminator(x, y=y) -> Verdict`: what they are asked for is
            bound by its name, whatever else their `forward` takes.

    Raises:
        RequestError: networks of other names, an unknown loss, or settings that contradict each other.
    """

    def __init__(self, config: Config, networks: dict[str, nn.Module]) -> None:
        if set(networks) != {"generator", "discriminator"}:
            found = ", ".join(networks) or "nothing"
            raise RequestError(f"a gan has a generator and a discriminator; model {config.model.name!r} has {found}")
        self.config, self.options = config, config.gan
        self.loss = losses.find(self.options.loss, self.options.smoothing)
        augment.check(self.options.augment)
        self.device = parallel.device(config.device)
        if self.options.spread and parallel.count() > 1:
            raise RequestError(
                "--gan.spread looks at a batch as a whole: train with one process, or with --gan.spread 0"
            )
        for network in networks.values():
            parallel.synchronise(network)
            network.to(self.device)
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # convolutions are faster so
        self.generator, self.discriminator = networks["generator"], networks["discriminator"]
        self.average = deepcopy(self.generator).eval().requires_grad_(False)
        self.updaters = {
            "generator": Updater(self.generator, self.options.generator),
            "discriminator": Updater(self.discriminator, self.options.discriminator),
        }
        self.balance = Balance(self.options.balance)
        self.coupled = couples(self.discriminator)
        generator, discriminator = self.updaters.values()
        self.moves = {
            "discriminator": Move(self._discriminator_gradients, [discriminator], *networks.values()),
            "generator": Move(self._generator_gradients, [generator], *networks.values()),
            "both": Move(self._gradients_of_both, [discriminator, generator], *networks.values()),
        }

    def step(self, number: int, progress: float, batches: Batches) -> Said:
        """One step of the training.

        Args:
            number: steps done before; with the weights it decides everything drawn.
            progress: share of the run that is done, for the schedules.
            batches: where real images come from.

        Returns:
            What there is to say about the step, by name: scalars.
        """
        seeds.fix(self.config.seed, number)
        scheduled = schedules.factor(self.config.schedule, progress)
        for player, updater in self.updaters.items():
            updater.pace(scheduled * self.balance.factor(player))
        said: Said = {}
        both = self.options.update == "one-pass"
        for k in range(self.options.discriminator_steps - both):
            said |= self._update_discriminator(number, k, *batches[number * self.options.discriminator_steps + k])
        if both:
            k = self.options.discriminator_steps - 1
            said |= self._update_both(number, k, *batches[number * self.options.discriminator_steps + k])
        for k in range(int(both), self.options.generator_steps):
            said |= self._update_generator(number, k, *batches[number * self.options.discriminator_steps])
        if self.balance.strength:
            self.balance.observe({player: said[f"{player}_loss"] for player in self.updaters})
        seen = (number + 1) * self.images_a_step
        ema.update(self.average, self.generator, ema.decay(self.config.ema, self.images_a_step, seen))
        return said

    @property
    def images_a_step(self) -> int:
        """Real images the discriminator sees in a step."""
        return self.config.batch * self.options.discriminator_steps

    def state(self) -> State:
        """All that is to be saved: a file name and the tensors in it."""
        state = {
            "generator": dict(self.generator.state_dict()),
            "discriminator": dict(self.discriminator.state_dict()),
            "ema": dict(self.average.state_dict()),
            "optimisers": {},
        }
        for player, updater in self.updaters.items():
            state["optimisers"] |= updater.state(f"{player}/")
        return state | ({"balance": self.balance.state()} if self.balance.strength else {})

    def load(self, state: State) -> None:
        """Take over a saved state, in place."""
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.average.load_state_dict(state["ema"])
        for player, updater in self.updaters.items():
            updater.load(state["optimisers"], f"{player}/")
        if "balance" in state:
            self.balance.load(state["balance"])

    def calm(self) -> None:
        """From now on the learning rates follow the losses, as with `gan.balance = 1`."""
        self.balance.strength = 1.0

    @torch.no_grad()
    def sheet(self, n: int, labels: Labels | None, batches: Batches) -> Images:
        """Samples of the averaged generator from noise that is the same at every step of a run."""
        z = seeds.latents(n, self.config.latent, self.config.seed, 0, "sheet")
        images: Tensor = self.average(z.to(self.device), y=None if labels is None else labels.to(self.device))
        return images

    # --- the updates -------------------------------------------------------------------------------------------------
    #
    # What is drawn from generators of our own comes first; what then is a function of tensors is recorded.

    def _update_discriminator(self, number: int, k: int, real: Images, y: Labels) -> Said:
        drawn = self._drawn(number, f"discriminator {k}", y)
        return self.moves["discriminator"](real, y, *drawn, *self._shares(number, k))[0]

    def _update_generator(self, number: int, k: int, real: Images, y: Labels) -> Said:
        drawn = self._drawn(number, "discriminator 0" if self.options.same_latent else f"generator {k}", y)
        return self.moves["generator"](real, y, *drawn)[0]

    def _update_both(self, number: int, k: int, real: Images, y: Labels) -> Said:
        drawn = self._drawn(number, f"discriminator {k}", y)
        return self.moves["both"](real, y, *drawn, *self._shares(number, k))[0]

    def _discriminator_gradients(
        self, real: Images, y: Labels, z: Tensor, fake_y: Labels, swap: Tensor | None, between: Tensor | None
    ) -> Outcome:
        with torch.no_grad():
            fake = self.generator(z, y=fake_y)
        judged_real, judged_fake = self._verdicts(real, fake, y, fake_y)
        loss, said = self._discriminator_loss(judged_real, judged_fake, y, fake_y, swap)
        penalty = self._penalty(real, fake, y, fake_y, between, said)
        return said, [self.updaters["discriminator"].gradients(loss + penalty)]

    def _generator_gradients(self, real: Images, y: Labels, z: Tensor, fake_y: Labels) -> Outcome:
        fake = self.generator(z, y=fake_y)
        judged = self._judge(fake, fake_y)
        with torch.no_grad():
            real_score = self._judge(real, y).score if self.loss.paired else judged.score
        loss, said = self._generator_loss(real_score, judged, fake_y)
        loss = loss + self._spread(real, fake, y, fake_y, said)
        updater = self.updaters["generator"]
        at_image, *gradients = torch.autograd.grad(loss, [fake, *updater.parameters])
        return said | {"fake_gradient": steepness(at_image)}, [updater.laid(gradients)]

    def _gradients_of_both(
        self, real: Images, y: Labels, z: Tensor, fake_y: Labels, swap: Tensor | None, between: Tensor | None
    ) -> Outcome:
        """For both players from one G(z) and one D(G(z)), each against the other as it was before.

        Exact: without coupling between samples the gradients of both losses at a fake image are the same up to a
        number per sample (see `losses.gradient_ratio`), so one backward pass through the discriminator serves both.
        With batch norm in the discriminator, with swapped labels or with a class head, only the forward pass is shared
        and a second backward pass goes to the images alone; `one_pass` says so.
        """
        fake = self.generator(z, y=fake_y)
        image = fake.detach().requires_grad_()
        judged_real, judged_fake = self._verdicts(real, image, y, fake_y)
        loss, said = self._discriminator_loss(judged_real, judged_fake, y, fake_y, swap)
        player_loss, player_said = self._generator_loss(judged_real.score.detach(), judged_fake, fake_y)
        penalty = self._penalty(real, image, y, fake_y, between, said)
        headed = judged_fake.classes is not None and (self.options.auxiliary.generator or self.options.auxiliary.fake)
        separate = self.coupled or headed or self.options.label_noise > 0
        if separate:
            (at_image,) = torch.autograd.grad(player_loss, image, retain_graph=True)
            gradients: Sequence[Tensor] = self.updaters["discriminator"].gradients(loss + penalty)
        else:
            ratio, lifted = losses.gradient_ratio(loss, player_loss, judged_fake.score)
            updater = self.updaters["discriminator"]
            *found, at_image = torch.autograd.grad(
                [loss + penalty, judged_fake.score], [*updater.parameters, image], [None, lifted]
            )
            gradients = updater.laid(found)
            at_image = at_image * ratio.view(-1, 1, 1, 1)
        if self.options.spread:
            at_image = at_image + torch.autograd.grad(self._spread(real, image, y, fake_y, said), image)[0]
        updater = self.updaters["generator"]
        generator_gradients = updater.laid(torch.autograd.grad(fake, updater.parameters, at_image))
        said = {"discriminator_loss": said["discriminator_loss"]} | player_said | said
        said |= {
            "fake_gradient": steepness(at_image),
            "one_pass": torch.tensor(float(not separate), device=self.device),
        }
        return said, [gradients, generator_gradients]

    # --- what they share ---------------------------------------------------------------------------------------------

    def _drawn(self, number: int, purpose: str, y: Labels) -> tuple[Tensor, Labels]:
        """The latents, and the labels that the generator is asked for."""
        return self._latents(number, purpose), self._labels(number, purpose, y)

    def _latents(self, number: int, purpose: str) -> Tensor:
        z = seeds.latents(self.config.batch, self.config.latent, self.config.seed, number, purpose)
        return parallel.part(z).to(self.device)

    def _labels(self, number: int, purpose: str, y: Labels) -> Labels:
        if self.options.labels == "data" or not self.config.model.classes:
            return y
        draw = seeds.generator(self.config.seed, number, f"{purpose} labels")
        drawn = torch.randint(self.config.model.classes, (self.config.batch,), generator=draw)
        return parallel.part(drawn).to(self.device)

    def _shares(self, number: int, k: int) -> tuple[Tensor | None, Tensor | None]:
        """Numbers from 0 to 1, one an image: which labels are swapped, and how far from a fake image to a real one the
        gradient penalty looks; None where there is no such thing."""
        wanted = {"labels": self.options.label_noise, "between": self.options.gradient_penalty}
        swap, between = (self._uniform(number, f"{what} {k}") if on else None for what, on in wanted.items())
        return swap, between

    def _uniform(self, number: int, purpose: str) -> Tensor:
        draw = torch.rand(self.config.batch, generator=seeds.generator(self.config.seed, number, purpose))
        return parallel.part(draw).to(self.device)

    def _judge(self, images: Images, y: Labels) -> Verdict:
        verdict: Verdict = self.discriminator(augment.augment(images, self.options.augment), y=y)
        return verdict

    def _verdicts(self, real: Images, fake: Images, y: Labels, fake_y: Labels) -> tuple[Verdict, Verdict]:
        """On both; in one call unless the discriminator looks at a batch as a whole."""
        if self.coupled:
            return self._judge(real, y), self._judge(fake, fake_y)
        both, n = self._judge(torch.cat([real, fake]), torch.cat([y, fake_y])), len(real)
        if both.classes is None:
            return Verdict(both.score[:n]), Verdict(both.score[n:])
        return Verdict(both.score[:n], both.classes[:n]), Verdict(both.score[n:], both.classes[n:])

    def _discriminator_loss(
        self, real: Verdict, fake: Verdict, y: Labels, fake_y: Labels, swap: Tensor | None
    ) -> tuple[Tensor, Said]:
        scores = real.score, fake.score
        if swap is not None:  # some of them are changed between real and fake
            swapped = swap < self.options.label_noise
            scores = torch.where(swapped, fake.score, real.score), torch.where(swapped, real.score, fake.score)
        return discriminator_loss(self.loss, self.options.auxiliary, scores, real, fake, y, fake_y)

    def _generator_loss(self, real_score: Tensor, fake: Verdict, fake_y: Labels) -> tuple[Tensor, Said]:
        return generator_loss(self.loss, self.options.auxiliary, real_score, fake, fake_y)

    def _penalty(
        self, real: Images, fake: Images, y: Labels, fake_y: Labels, between: Tensor | None, said: Said
    ) -> Tensor:
        """On the discriminator's gradients; noted in `said` if there is one. What lies between has the real labels."""

        def critic(images: Tensor) -> Tensor:
            return self._judge(images, y).score

        def critic_of_fakes(images: Tensor) -> Tensor:
            return self._judge(images, fake_y).score

        fake, total = fake.detach(), torch.zeros((), device=self.device)
        if self.options.r1:
            total = total + self.options.r1 * penalties.squared_gradient(critic, real)
        if self.options.r2:
            total = total + self.options.r2 * penalties.squared_gradient(critic_of_fakes, fake)
        if between is not None:
            at = between.to(real.dtype)
            total = total + self.options.gradient_penalty * penalties.gradient_penalty(critic, real, fake, at)
        if total.requires_grad:
            said["penalty"] = total.detach()
        return total

    def _spread(self, real: Images, fake: Images, y: Labels, fake_y: Labels, said: Said) -> Tensor:
        """What the generator loses by images that are too alike; noted in `said` if it counts."""
        if not self.options.spread:
            return torch.zeros((), device=self.device)
        if not self.config.model.classes:  # labels that the generator was not asked for: all images are one class
            y = fake_y = torch.zeros_like(y)
        lack = penalties.lack_of_spread(real, fake, y, fake_y)
        said["lack_of_spread"] = lack.detach()
        return self.options.spread * lack


def restore(networks: dict[str, nn.Module], state: State, raw: bool) -> dict[str, nn.Module]:
    """The networks with a checkpoint's weights, as exploring a run needs them: the generator's are its average's.

    Args:
        networks: as they were built.
        state: of the checkpoint.
        raw: the weights as they are instead of the average.
    """
    networks["generator"].load_state_dict(state["generator" if raw else "ema"])
    networks["discriminator"].load_state_dict(state["discriminator"])
    return networks


def build(config: Config, networks: dict[str, Any]) -> Gan:
    """The method, as the loop asks for it."""
    return Gan(config, networks)
