"""What one step of an autoencoder does: plain, denoising (Vincent et al. 2008) or variational (arXiv:1312.6114)."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor, nn

from elegans import ema, parallel, schedules, seeds
from elegans.batches import Batches
from elegans.config import Config
from elegans.errors import RequestError
from elegans.methods._bernoulli import cross_entropy
from elegans.methods._move import Move
from elegans.methods._state import Said, State
from elegans.models._codes import Code
from elegans.optimisers import Updater
from elegans.tape import Outcome
from elegans.tensors import from_bytes

Images = Float[Tensor, "n c h w"]


class Autoencoder:
    """An encoder, a decoder, their one optimiser and the Gaussian that new codes are drawn from.

    It is variational if its encoder gives variances.

    Args:
        config: the whole of it; `autoencoder`, `latent`, `ema`, `model.shape`, `seed`, `batch` and `schedule` are read.
        networks: `encoder(x) -> Code` for images in [-1, 1] and `decoder(code) -> logits` of pixels in [0, 1]. An
            encoder with a true `sees_bytes` is given images without noise as they are in the data set.

    Raises:
        RequestError: networks of other names or sizes, or settings that contradict each other.
    """

    def __init__(self, config: Config, networks: dict[str, nn.Module]) -> None:
        if set(networks) != {"encoder", "decoder"}:
            found = ", ".join(networks) or "nothing"
            raise RequestError(f"an autoencoder has an encoder and a decoder; model {config.model.name!r} has {found}")
        self.config, self.options = config, config.autoencoder
        self.device = parallel.device(config.device)
        self.pair = nn.ModuleDict(networks)
        parallel.synchronise(self.pair)
        self.pair.to(self.device)
        self.pair.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # convolutions are faster so
        self.encoder, self.decoder = networks["encoder"], networks["decoder"]
        self.updater = Updater(self.pair, self.options.optimiser)
        self.variational = self._variational()
        self.codes = Gaussian(config.latent.size).to(self.device)
        self.move = Move(self._gradients, [self.updater], self.pair)

    def step(self, number: int, progress: float, batches: Batches) -> Said:
        """One step of the training.

        Args:
            number: steps done before; with the weights it decides everything drawn.
            progress: share of the run that is done, for the schedule.
            batches: where images come from.

        Returns:
            What there is to say about the step, by name: means over the batch of `losses`.
        """
        seeds.fix(self.config.seed, number)
        images = batches.bytes(number)
        noise = self._normal(number, "noise", images.shape) if self.options.noise else None
        unit = self._normal(number, "codes", (len(images), self.config.latent.size)) if self.variational else None
        self.updater.pace(schedules.factor(self.config.schedule, progress))
        said, ((codes,),) = self.move(images, noise, unit)
        if not self.variational:
            decay = ema.decay(self.config.ema, self.images_a_step, (number + 1) * self.images_a_step)
            self.codes.update(parallel.whole(codes), decay)
        return said

    def _normal(self, number: int, purpose: str, shape: Sequence[int]) -> Tensor:
        return parallel.normal(shape, seeds.generator(self.config.seed, number, purpose)).to(self.device)

    def _gradients(
        self, seen: UInt8[Tensor, "n c h w"], noise: Images | None, unit: Float[Tensor, "n d"] | None
    ) -> Outcome:
        """What there is to say, the gradients, and the codes; of images, their noise and that of their codes."""
        images, as_they_are = from_bytes(seen), noise is None and getattr(self.encoder, "sees_bytes", False)
        code: Code = self.encoder(seen if as_they_are else corrupted(images, self.options.noise, noise))
        logits = self.decoder(drawn(code, unit))
        said = {name: value.mean() for name, value in losses(code, logits, images, self.options.beta).items()}
        gradients = self.updater.gradients(said["loss"])
        return {name: value.detach() for name, value in said.items()}, [gradients, [code.mean.detach()]]

    @property
    def images_a_step(self) -> int:
        """Images of a batch."""
        return self.config.batch

    def state(self) -> State:
        """All that is to be saved: a file name and the tensors in it."""
        return {
            "encoder": dict(self.encoder.state_dict()),
            "decoder": dict(self.decoder.state_dict()),
            "codes": dict(self.codes.state_dict()),
            "optimisers": self.updater.state(),
        }

    def load(self, state: State) -> None:
        """Take over a saved state, in place."""
        self.encoder.load_state_dict(state["encoder"])
        self.decoder.load_state_dict(state["decoder"])
        self.codes.load_state_dict(state["codes"])
        self.updater.load(state["optimisers"])

    def calm(self) -> None:
        """Nothing to do: there are no players."""

    @torch.no_grad()
    def sheet(self, n: int, labels: Int64[Tensor, " n"] | None, batches: Batches) -> Images:
        """The first images of the data set, noisy if the encoder sees them so, each beside its reconstruction."""
        some = torch.from_numpy(batches.images[torch.arange(n // 2).numpy() % len(batches.images)])
        images = from_bytes(some.to(self.device))
        noise = self._normal(0, "sheet", images.shape) if self.options.noise else None
        seen = corrupted(images, self.options.noise, noise)
        self.pair.eval()
        made = to_images(self.decoder(self.encoder(seen).mean))
        self.pair.train()
        return torch.stack([seen, made], dim=1).flatten(0, 1)

    @torch.no_grad()
    def _variational(self) -> bool:
        """Whether the encoder gives variances; asked of it with two grey images, which also shows what does not fit."""
        shape, size, model = self.config.model.shape, self.config.latent.size, self.config.model.name
        assert shape is not None
        self.pair.eval()
        code: Code = self.encoder(torch.zeros(2, *shape, device=self.device))
        if code.mean.shape != (2, size):
            raise RequestError(f"model {model!r}: its codes have {code.mean.shape[1]} numbers, latent.size is {size}")
        if (found := self.decoder(code.mean).shape[1:]) != shape:
            raise RequestError(f"model {model!r} makes images of {tuple(found)}; those of the data are {shape}")
        self.pair.train()
        if code.log_variance is None and self.options.beta != 1:
            raise RequestError(f"autoencoder.beta = {self.options.beta}: the codes of {model!r} are no Gaussians")
        if self.config.latent.distribution != "normal":
            raise RequestError(
                f"latent.distribution = {self.config.latent.distribution!r}: of an autoencoder, 'normal'"
            )
        return code.log_variance is not None


class Gaussian(nn.Module):
    """The distribution that new codes are drawn from.

    For a variational autoencoder it is the prior N(0, I). A plain one has none, so mean and covariance of the codes
    seen in training are followed by an exponential moving average: the ex-post density estimation of Ghosh et al.
    2020 (arXiv:1903.12436, section 4), with one Gaussian and without a pass over the data afterwards.

    Args:
        size: numbers a code has.
    """

    mean: Tensor
    covariance: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("covariance", torch.eye(size))

    def update(self, codes: Float[Tensor, "n d"], decay: float) -> None:
        """Move toward the mean and covariance of a batch: `decay` of the old, the rest of the new.

        The same as moving averages of the codes and their products, without the difference of large numbers; West
        1979, "Updating mean and variance estimates", for a weight that is not 1/n.
        """
        centre = codes.mean(0)
        away, step = codes - centre, centre - self.mean
        of_batch = away.T @ away / len(codes)
        self.covariance.lerp_(of_batch + decay * torch.outer(step, step), 1 - decay)
        self.mean.lerp_(centre, 1 - decay)

    def root(self) -> Float[Tensor, "d d"]:
        """The symmetric square root of the covariance: unlike Cholesky's it exists where some numbers are always 0."""
        values, vectors = torch.linalg.eigh(self.covariance.double())
        root: Tensor = vectors * values.clamp(min=0).sqrt() @ vectors.T
        return root.to(self.covariance.dtype)


class Generator(nn.Module):
    """A decoder behind the Gaussian its codes have: what draws new images.

    Args:
        decoder: `decoder(code) -> logits`.
        codes: their distribution.
    """

    mean: Tensor
    root: Tensor

    def __init__(self, decoder: nn.Module, codes: Gaussian) -> None:
        super().__init__()
        self.decoder = decoder
        self.register_buffer("mean", codes.mean.clone())
        self.register_buffer("root", codes.root())

    def forward(self, z: Float[Tensor, "n z"], y: Tensor | None = None) -> Images:
        """Images in [-1, 1] of z ~ N(0, I). Not conditional: y is ignored."""
        return to_images(self.decoder(self.mean + z @ self.root))


# --- the maths --------------------------------------------------------------------------------------------------------


def corrupted(images: Images, strength: float, noise: Images | None) -> Images:
    """Images in [-1, 1] with Gaussian noise and clipped again.

    Args:
        images: they.
        strength: the standard deviation on a range of 1.
        noise: N(0, 1); None: none.
    """
    return images if noise is None else (images + 2 * strength * noise).clamp(-1, 1)


def drawn(code: Code, unit: Float[Tensor, "n d"] | None) -> Float[Tensor, "n d"]:
    """One code for each image: Gaussian ones by the reparameterisation of Kingma & Welling 2014, section 2.4.

    Args:
        code: what the encoder says.
        unit: N(0, 1); of codes without variances None.
    """
    if code.log_variance is None:
        return code.mean
    assert unit is not None  # Gaussian codes are never their means by mistake
    return torch.addcmul(code.mean, (code.log_variance / 2).exp(), unit)


def divergence(mean: Float[Tensor, "n d"], log_variance: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """Kullback and Leibler's, in nats, of a diagonal Gaussian from N(0, I) (Kingma & Welling 2014, appendix B)."""
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(1) / 2


def losses(code: Code, logits: Images, images: Images, beta: float = 1.0) -> dict[str, Float[Tensor, " n"]]:
    """What each image costs, in nats.

    Args:
        code: of what the encoder saw.
        logits: of the pixels of the reconstruction.
        images: what it should be, in [-1, 1].
        beta: weight of the divergence (Higgins et al. 2017).

    Returns:
        `loss`: the binary cross-entropy of pixels in [0, 1], the mean over the pixels; of Gaussian codes it is the
        negative evidence lower bound (Kingma & Welling 2014, equation 10), `reconstruction_loss`, the sum over the
        pixels, and beta times `kl_loss`.
    """
    of_pixels = cross_entropy(logits, images)
    if code.log_variance is None:
        return {"loss": of_pixels / images[0].numel()}
    of_code = divergence(code.mean, code.log_variance)
    return {"loss": of_pixels.add(of_code, alpha=beta), "reconstruction_loss": of_pixels, "kl_loss": of_code}


def to_images(logits: Images) -> Images:
    """Images in [-1, 1]: 2 sigmoid(x) - 1 = tanh(x / 2)."""
    return torch.tanh(logits / 2)


def restore(networks: dict[str, nn.Module], state: State, raw: bool) -> dict[str, nn.Module]:
    """The networks with a checkpoint's weights, and the generator they make.

    Args:
        networks: as they were built.
        state: of the checkpoint.
        raw: ignored: there is no average of the weights.
    """
    for name, network in networks.items():
        network.load_state_dict(state[name])
    codes = Gaussian(len(state["codes"]["mean"]))
    codes.load_state_dict(state["codes"])
    return networks | {"generator": Generator(networks["decoder"], codes)}


def build(config: Config, networks: dict[str, nn.Module]) -> Autoencoder:
    """The method, as the loop asks for it."""
    return Autoencoder(config, networks)
