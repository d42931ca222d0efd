"""What the two players of a gan minimise, from verdicts: the loss of the scores and that of the class head."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from elegans.config import Auxiliary
from elegans.losses import Pair
from elegans.methods._state import Said
from elegans.models._blocks import Verdict

Labels = Int64[Tensor, " n"]


def discriminator_loss(
    loss: Pair,
    auxiliary: Auxiliary,
    scores: tuple[Float[Tensor, " n"], Float[Tensor, " n"]],
    real: Verdict,
    fake: Verdict,
    y: Labels,
    fake_y: Labels,
) -> tuple[Tensor, Said]:
    """What the discriminator minimises, and what there is to say of it.

    Args:
        loss: of the scores.
        auxiliary: the weights of the class head.
        scores: of real and generated images, as the loss is to take them: some may be exchanged.
        real: the verdict on real images.
        fake: and on generated ones.
        y: the classes of the real images.
        fake_y: those the generated ones were asked for.
    """
    value = loss.critic(*scores)
    at_real, at_fake = real.score.detach(), fake.score.detach()
    said = {"discriminator_loss": value, "real_score": at_real.mean(), "fake_score": at_fake.mean()}
    if loss.boundary is not None:
        right = torch.cat([at_real > loss.boundary, at_fake < loss.boundary])
        said |= {"accuracy": right.float().mean()}
    if real.classes is not None and fake.classes is not None:
        of_real, of_fake = cross_entropy(real.classes, y), cross_entropy(fake.classes, fake_y)
        said |= {"real_class_loss": of_real, "fake_class_loss": of_fake}
        value = value + auxiliary.real * of_real + auxiliary.fake * of_fake
    return value, {name: number.detach() for name, number in said.items()}


def generator_loss(
    loss: Pair, auxiliary: Auxiliary, real_score: Float[Tensor, " n"], fake: Verdict, fake_y: Labels
) -> tuple[Tensor, Said]:
    """What the generator minimises, and what there is to say of it."""
    value = loss.player(real_score, fake.score)
    said = {"generator_loss": value.detach()}
    if fake.classes is not None:
        value = value + auxiliary.generator * cross_entropy(fake.classes, fake_y)
    return value, said


def steepness(at_image: Float[Tensor, "n c h w"]) -> Float[Tensor, ""]:
    """How much there is for the generator to follow: the mean norm of the gradient of a generated image's own loss.

    Args:
        at_image: the gradients of the mean over the batch.
    """
    total: Tensor = torch.linalg.vector_norm(at_image.flatten(1), dim=1).sum()
    return total


def couples(network: nn.Module) -> bool:
    """Whether its output for one sample depends on the others of the batch, as with batch norm.

    A module of another kind that does says so with an attribute `couples_samples = True`.
    """
    batch_norm = nn.modules.batchnorm._BatchNorm
    return any(isinstance(m, batch_norm) or getattr(m, "couples_samples", False) for m in network.modules())
