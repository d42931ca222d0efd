"""Images drawn patch by patch: a stack of LSTMs whose output, a patch, is its next input; and one that reads them."""

from typing import Annotated, Literal, cast

import torch
from jaxtyping import Float, Int64
from pydantic import Field
from torch import Tensor, nn
from torch.nn.functional import relu

from elegans.models._blocks import Label, Mapping, Shape, Verdict, glorot_
from elegans.models._critics import Projection
from elegans.models._dropout import dropout
from elegans.models._lstm import Lstm
from elegans.models._tanh import tanh

Width = Annotated[int, Field(gt=0)]
Grid = tuple[Width, Width]  # patches from top to bottom, and from left to right


def cut(images: Float[Tensor, "n c h w"], grid: Grid) -> Float[Tensor, "n t p"]:
    """Patches in reading order (upper left first), each a vector of all its channels."""
    n, c, h, w = images.shape
    down, across = grid
    blocks = images.view(n, c, down, h // down, across, w // across)
    return blocks.permute(0, 2, 4, 1, 3, 5).reshape(n, down * across, -1)


def join(patches: Float[Tensor, "n t p"], shape: Shape, grid: Grid) -> Float[Tensor, "n c h w"]:
    """The images that were cut into these patches."""
    (c, h, w), (down, across) = shape, grid
    blocks = patches.view(len(patches), down, across, c, h // down, w // across)
    return blocks.permute(0, 3, 1, 4, 2, 5).reshape(len(patches), c, h, w)


class Generator(nn.Module):
    """The latent is the first state of every layer; a step's input is the patch before and the class.

        x_t = relu(W [p_(t-1), y] + b),  p_t = V h_t + d,  p_0 = 0

    With `told` a mapping makes one code w of latent and class, which is the first state and in every input, with a
    scale and an offset for each step, so that neither the code nor the place need be remembered:

        x_t = relu(W p_(t-1) + s_t (U w + b) + e_t)
    What is drawn is either each patch after relu divided by its own maximum, or tanh of it, which is then fed back too.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        latent: int,
        grid: Grid,
        layers: int,
        units: int,
        features: int,
        told: bool,
        output: Literal["maximum", "tanh"],
        forget_bias: float,
    ) -> None:
        super().__init__()
        self.shape, self.classes, self.grid, self.output = shape, classes, grid, output
        steps, values = grid[0] * grid[1], shape[0] * shape[1] * shape[2] // (grid[0] * grid[1])
        self.mapping = Mapping(latent, classes, units) if told else None
        self.start = nn.Linear(units if told else latent, units)
        self.patch = nn.Linear(values, features)
        self.label = Label(classes, features) if classes and not told else None
        self.told = nn.Linear(units, features, bias=False) if told else None
        self.place = nn.Parameter(0.1 * torch.randn(steps, features)) if told else None
        self.scale = nn.Parameter(1 + 0.5 * torch.randn(steps, features)) if told else None
        self.layers = nn.ModuleList(Lstm(units if k else features, units, forget_bias) for k in range(layers))
        self.out = nn.Linear(units, values)

    def forward(
        self, z: Float[Tensor, "n z"], y: Int64[Tensor, " n"] | Float[Tensor, "n k"] | None = None
    ) -> Float[Tensor, "n c h w"]:
        """Images in [-1, 1] of the classes y; without labels all are of class 0."""
        if y is None or not self.classes:
            y = torch.zeros(len(z), dtype=torch.long, device=z.device)
        code = z if self.mapping is None else self.mapping(z, y)
        steps, given, state = self.grid[0] * self.grid[1], self._given(code, y), self.start(code)
        layers = [layer.loop(len(z), steps) for layer in cast(list[Lstm], list(self.layers))]
        states = [(state, state)] * len(layers)
        patch, patches = z.new_zeros(len(z), self.out.out_features), []
        for t in range(steps):
            here = given if self.place is None or self.scale is None else given * self.scale[t] + self.place[t]
            x = relu(torch.addmm(here, patch, self.patch.weight.t()))
            for k, layer in enumerate(layers):
                states[k] = layer.step(x, states[k])
                x = states[k][0]
            patch = tanh(self.out(x)) if self.output == "tanh" else self.out(x)
            patches.append(patch)
        drawn = torch.stack(patches, 1)
        if self.output == "maximum":
            drawn = relu(drawn)
            drawn = 2 * drawn / (drawn.amax(2, keepdim=True) + 1e-7) - 1
        return join(drawn, self.shape, self.grid)

    def _given(self, code: Tensor, y: Tensor) -> Tensor:
        """What is the same in the inputs of all steps, [n, features]."""
        given = self.patch.bias.expand(len(code), -1)
        if self.label is not None:
            given = given + self.label(y.clamp(min=0))
        return given if self.told is None else given + self.told(code)


class Discriminator(nn.Module):
    """Reads the patches; the class is the first state of every layer. Two logits, real and generated, are its end.

    Their difference is the score: the cross-entropy of the two is the binary one of the difference.
    """

    def __init__(
        self, shape: Shape, classes: int, grid: Grid, layers: int, units: int, dropout: float, forget_bias: float
    ) -> None:
        super().__init__()
        self.grid, self.dropout = grid, dropout
        values = shape[0] * shape[1] * shape[2] // (grid[0] * grid[1])
        self.start = nn.Parameter(torch.zeros(units))
        self.label = Label(classes, units) if classes else None
        self.layers = nn.ModuleList(Lstm(units if k else values, units, forget_bias) for k in range(layers))
        self.logits = nn.Linear(units, 2)

    def forward(self, x: Float[Tensor, "n c h w"], y: Int64[Tensor, " n"] | None = None) -> Verdict:
        """A score each: how real an image of its class; without labels of none."""
        state = self.start.expand(len(x), -1)
        if self.label is not None and y is not None:
            state = state + self.label(y.clamp(min=0))
        said = cut(x, self.grid)
        for layer in cast(list[Lstm], list(self.layers)):
            said = torch.stack(layer.unroll(layer.project(said), (state, state)), 1)
            said = dropout(said, self.dropout, self.training)
        real, generated = self.logits(said[:, -1]).unbind(1)
        return Verdict(real - generated)


def build(
    shape: Shape,
    classes: int,
    latent: int,
    grid: Grid = (2, 2),
    generator_layers: Width = 1,
    generator_units: Width = 256,
    features: Width = 64,
    told: bool = True,
    output: Literal["maximum", "tanh"] = "tanh",
    critic: Literal["lstm", "projection"] = "projection",
    discriminator_layers: Width = 2,
    discriminator_units: Width = 256,
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    width: Width = 32,
    forget_bias: float = 1.0,
) -> dict[str, nn.Module]:
    """The pair of networks.

    Args:
        shape: channels, height and width of an image.
        classes: number of classes; 0: none.
        latent: latent dimensions.
        grid: patches from top to bottom and from left to right; (28, 1) are the rows of a digit.
        generator_layers: LSTMs of the generator.
        generator_units: of each of them.
        features: values a step's input is made of.
        told: a mapping reads latent and class, and every step's input has its code and the number of the step.
        output: `maximum`: each patch divided by its own maximum, which also makes noise as bright as strokes; `tanh`.
        critic: `lstm`: it reads the patches too; `projection`: convolutions on the whole image.
        discriminator_layers: LSTMs of an `lstm` critic.
        discriminator_units: of each of them; of a `projection` critic what its linear layer ends in.
        dropout: share of an `lstm` critic's outputs that are dropped, after each layer.
        width: channels of a `projection` critic's first convolution.
        forget_bias: where all LSTMs' forget gates begin; at 1 they remember from the first step on.

    Raises:
        ValueError: sides that are no multiples of the grid's or, for a `projection` critic, of 4.
    """
    if shape[1] % grid[0] or shape[2] % grid[1]:
        raise ValueError(f"{shape[1]} x {shape[2]} pixels cannot be cut into {grid[0]} x {grid[1]} patches")
    generator = Generator(
        shape, classes, latent, grid, generator_layers, generator_units, features, told, output, forget_bias
    )
    if critic == "projection":
        return {
            "generator": glorot_(generator),
            "discriminator": Projection(shape, classes, width, discriminator_units),
        }
    discriminator = Discriminator(shape, classes, grid, discriminator_layers, discriminator_units, dropout, forget_bias)
    return {"generator": glorot_(generator), "discriminator": glorot_(discriminator)}
