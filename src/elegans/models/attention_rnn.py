"""Images as sequences of rows: an LSTM draws them, an LSTM reads them, each with recurrent attention or without."""

from typing import Annotated, Literal

import torch
from jaxtyping import Float, Int64
from pydantic import Field
from torch import Tensor, nn

from elegans.models._attention import RowAttention, VectorAttention
from elegans.models._blocks import Label, Shape, Verdict, glorot_
from elegans.models._lstm import Lstm
from elegans.models._tanh import tanh

Width = Annotated[int, Field(gt=0)]
Mode = Literal["none", "1d", "2d"]
EMBEDDING = 64  # values in the vector of a label


class Rows(nn.Module):
    """What both networks are: an LSTM and the kind of attention it has.

    Args:
        shape: of the images.
        classes: number of classes.
        inputs: values the LSTM is given a step.
        units: values it says a step.
        mode: `none`; `1d`: attention to a vector of the label; `2d`: attention to the rows of an image.
    """

    def __init__(self, shape: Shape, classes: int, inputs: int, units: int, mode: Mode) -> None:
        super().__init__()
        self.shape, self.values = shape, shape[0] * shape[2]
        self.lstm = Lstm(inputs, units, forget_bias=1.0)
        self.label = Label(max(classes, 1), EMBEDDING) if mode == "1d" else None
        self.attention: VectorAttention | RowAttention | None = None
        if mode == "1d":
            self.attention = VectorAttention(units, EMBEDDING)
        elif mode == "2d":
            self.attention = RowAttention(units, shape[1], self.values)

    def prepare(self, n: int, y: Tensor | None) -> Tensor | None:
        """What `1d` looks at: the label's vector; without labels, or without classes, that of class 0."""
        if self.label is None or not isinstance(self.attention, VectorAttention):
            return None
        if y is None or self.label.num_embeddings == 1:
            y = torch.zeros(n, dtype=torch.long, device=self.label.weight.device)
        return self.attention.prepare(self.label(y.clamp(min=0)))

    def gated(self, h: Tensor, seen: Tensor) -> Tensor:
        """h after a look at what there is to see."""
        return h if self.attention is None else torch.mul(h, self.attention(h, seen))


class Generator(Rows):
    """The latent, given at every step, to a row a step.

    In the mode `2d` it looks at the image it is drawing: the rows it has drawn so far, and zeros where there are none
    yet. (The original looked at an image of the training set, which is not there when one samples.)
    """

    def __init__(self, shape: Shape, classes: int, latent: int, units: int, mode: Mode) -> None:
        super().__init__(shape, classes, latent, units, mode)
        self.row = nn.Linear(units, self.values)

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1]; of the classes y in the mode `1d`, which else is ignored."""
        label, drawn = self.prepare(len(z), y), [z.new_zeros(len(z), 0, self.values)]
        looks_at_rows = isinstance(self.attention, RowAttention)

        def attend(h: Tensor) -> Tensor:
            h = self.gated(h, torch.cat(drawn, 1) if label is None else label)
            if looks_at_rows:
                drawn.append(tanh(self.row(h)).unsqueeze(1))
            return h

        said = self.lstm.unroll(self.lstm.project(z)[:, None].expand(-1, self.shape[1], -1), attend=attend)
        rows = torch.cat(drawn, 1) if looks_at_rows else tanh(self.row(torch.stack(said, 1)))
        return rows.view(len(z), self.shape[1], self.shape[0], self.shape[2]).transpose(1, 2)


class Discriminator(Rows):
    """A row a step to a score of the last step. In the mode `2d` it looks at the whole image it is judging."""

    def __init__(self, shape: Shape, classes: int, units: int, mode: Mode) -> None:
        super().__init__(shape, classes, shape[0] * shape[2], units, mode)
        self.score = nn.Linear(units, 1)

    def forward(self, x: Float[Tensor, "n c h w"], y: Int64[Tensor, " n"] | None = None) -> Verdict:
        """A score each: how real and, in the mode `1d`, how much of its class."""
        label, rows = self.prepare(len(x), y), x.transpose(1, 2).flatten(2)
        steps = self.lstm.project(rows)
        said = self.lstm.unroll(steps, attend=lambda h: self.gated(h, rows if label is None else label))
        return Verdict(self.score(said[-1]).squeeze(1))


def build(
    shape: Shape,
    classes: int,
    latent: int,
    units: Width = 128,
    generator_attention: Mode = "none",
    discriminator_attention: Mode = "none",
) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image, of any sides; a row holds all channels.
        classes: number of classes, which `1d` attention tells apart. The generator draws what it is asked for only if
            both networks have it: what the discriminator does not see, the generator does not learn.
        latent: latent dimensions.
        units: of both LSTMs.
        generator_attention: `none`, `1d` (to the label) or `2d` (to the rows drawn so far).
        discriminator_attention: `none`, `1d` (to the label) or `2d` (to the rows of the image under judgement).
    """
    return {
        "generator": glorot_(Generator(shape, classes, latent, units, generator_attention)),
        "discriminator": glorot_(Discriminator(shape, classes, units, discriminator_attention)),
    }
