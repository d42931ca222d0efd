"""Networks of coordinates: what they are functions of, how sizes agree, and what the old one is."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

import elegans
from elegans.models import coordinate, coordinate_seed

Z = 6


def network(**settings: int) -> coordinate.Generator:
    torch.manual_seed(3)
    small = {"width": 16, "mapping": 32} | settings
    made = coordinate.build((1, 28, 28), 10, Z, **small)["generator"].eval()
    assert isinstance(made, coordinate.Generator)
    return made


def seed() -> tuple[coordinate_seed.Generator, coordinate_seed.Discriminator]:
    torch.manual_seed(3)
    made = coordinate_seed.build((1, 28, 28), 10, Z)
    generator, discriminator = made["generator"], made["discriminator"]
    assert isinstance(generator, coordinate_seed.Generator)
    assert isinstance(discriminator, coordinate_seed.Discriminator)
    return generator, discriminator


def drawn(n: int = 5) -> tuple[Tensor, Tensor]:
    return torch.randn(n, Z, generator=torch.Generator().manual_seed(1)), torch.arange(n)


def disagreement(generator: coordinate.Generator) -> float:
    """Of images and the same at four times the size, reduced by the mean over areas: a share of how much they vary."""
    size, y = generator.mapping.label.embedding_dim, torch.arange(5)
    z = torch.randn(5, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        small, large = generator(z, y), generator.render(z, y, 112, 112)
    return float((avg_pool2d(large, 4) - small).std() / small.std())


def test_a_large_image_reduced_is_the_small_one() -> None:
    assert disagreement(network()) < 0.05


def test_without_the_band_limit_it_is_not() -> None:
    assert disagreement(network(frequencies=40)) > 0.2


def test_it_still_is_after_some_training(tmp_path: Path) -> None:
    fields = {"data.name": "rings", "data.n": 256, "model.width": 16, "model.discriminator_width": 4}
    fields |= {"gan.generator.lr": 2e-3, "ema.half_life": 0}
    run = elegans.train("coordinate", run=tmp_path / "run", steps=40, batch=8, quiet=True, fields=fields)
    generator = elegans.load(run).generator
    assert isinstance(generator, coordinate.Generator)
    with torch.no_grad():
        assert generator(torch.randn(5, 64), torch.arange(5)).std() > 0.2  # it has learnt something
    assert disagreement(generator) < 0.15


def test_at_the_size_of_the_data_it_draws_what_forward_gives() -> None:
    generator = network()
    torch.testing.assert_close(generator.render(*drawn(), 28, 28), generator(*drawn()))
    old = seed()[0]
    torch.testing.assert_close(old.render(*drawn(), 28, 28), old(*drawn()))


@pytest.mark.parametrize("generator", [network(), seed()[0]], ids=["coordinate", "seed"])
def test_rows_alone_are_those_of_the_whole(generator: coordinate.Generator | coordinate_seed.Generator) -> None:
    whole = generator.render(*drawn(), 37, 23)
    assert whole.shape == (5, 1, 37, 23)
    parts = [generator.render(*drawn(), 37, 23, rows) for rows in (range(1), range(1, 20), range(20, 37))]
    torch.testing.assert_close(torch.cat(parts, 2), whole, rtol=0, atol=1e-5)


def test_a_pixel_stands_for_its_middle() -> None:
    at = coordinate.basis(2, 4, 1)
    assert at[0].tolist() == [-0.75, -0.25, 0.25, 0.75] * 2
    assert at[1].tolist() == [-0.5] * 4 + [0.5] * 4
    torch.testing.assert_close(at[2], torch.sqrt(at[0] ** 2 + at[1] ** 2))
    torch.testing.assert_close(at[3], torch.ones(8))  # the frequency 0 in both directions
    torch.testing.assert_close(at[4], torch.cos(torch.pi * (at[0] + 1) / 2) / 1.5)


def test_no_wave_is_shorter_than_the_limit() -> None:
    """Along any row a wave of k half waves changes its sign k times; none does so more often than it may."""
    waves = coordinate.basis(64, 64, 5)[3:].view(-1, 64, 64)
    for lines in (waves[:, 7], waves[:, :, 7]):
        changes = (lines[:, 1:] * lines[:, :-1] < 0).sum(1)
        assert changes.max() == 5
    assert len(waves) == sum(i * i + j * j <= 25 for i in range(6) for j in range(6))


def test_training_looks_between_the_pixels() -> None:
    generator = network().train()
    first, second = generator(*drawn()), generator(*drawn())
    assert 0 < (first - second).abs().max() < 1
    generator.eval()
    assert torch.equal(generator(*drawn()), generator(*drawn()))


def test_an_image_is_no_function_of_the_others_in_its_batch() -> None:
    generator = network()
    z, y = drawn()
    torch.testing.assert_close(generator(z[2:3], y[2:3]), generator(z, y)[2:3])


def test_the_old_one_has_the_parameters_of_its_original() -> None:
    made = coordinate_seed.build((1, 28, 28), 10, 10)
    counts = {name: sum(p.numel() for p in network.parameters()) for name, network in made.items()}
    assert counts == {"generator": 9_355, "discriminator": 9_445}
    for network in made.values():
        hidden = [p for name, p in network.named_parameters() if name.startswith(("layers.0", "layers.2", "layers.4"))]
        assert len(hidden) == 6
        for weights in hidden:
            assert 3 < weights.abs().max() <= 4


def test_its_r_is_a_radius() -> None:
    x, y, r = coordinate_seed.places(5, 5, range(5)).T
    assert x[:5].tolist() == y[::5].tolist() == [-1, -0.5, 0, 0.5, 1]
    torch.testing.assert_close(r**2, x**2 + y**2)


def test_in_training_it_judges_one_pixel_of_each_image() -> None:
    discriminator = seed()[1].train()
    images = torch.rand(40, 1, 28, 28, requires_grad=True)
    (gradient,) = torch.autograd.grad(discriminator(images, torch.arange(40) % 10).score.sum(), images)
    touched = gradient.flatten(1).ne(0)
    assert (touched.sum(1) <= 1).all()  # a saturated unit may pass none
    assert touched.any(0).sum() > 10  # and not always the same


def test_in_evaluation_it_judges_all_of_them() -> None:
    discriminator = seed()[1]
    image, y = torch.rand(1, 1, 4, 4), torch.tensor([3])
    of_one = discriminator.train()
    scores: dict[int, float] = {}
    torch.manual_seed(0)
    for _ in range(400):
        drawn_at = int(torch.randint(16, (1,), generator=torch.Generator().set_state(torch.get_rng_state())))
        scores[drawn_at] = of_one(image, y).score.item()
    assert len(scores) == 16
    everything = discriminator.eval()(image, y).score.item()
    assert everything == pytest.approx(sum(scores.values()) / 16, rel=1e-4, abs=1e-5)


def test_it_judges_the_pixel_at_its_place_and_class() -> None:
    """Equal pixels at two places, or of two classes, are not equally real: the pixel enters beside, not instead."""
    discriminator = seed()[1].eval()
    image = torch.zeros(1, 1, 1, 2)
    moved = torch.tensor([[[[0.5, 0.0]]]]), torch.tensor([[[[0.0, 0.5]]]])
    scores = [discriminator(x, torch.tensor([k])).score.item() for x in (image, *moved) for k in (0, 1)]
    assert len({round(score, 4) for score in scores}) == 6


def test_before_training_the_latent_has_more_say_than_the_label() -> None:
    """With equal voices all images of a class were soon one."""
    generator = network()
    z, y = torch.randn(20, Z, generator=torch.Generator().manual_seed(1)), torch.arange(20) % 10
    with torch.no_grad():
        by_latent = generator(z, torch.full_like(y, 3)).var(0).mean()
        by_label = generator(z[:1].expand(20, -1), y).var(0).mean()
    assert by_latent > 4 * by_label > 0


def test_no_parameter_is_there_for_nothing() -> None:
    """Every one gets a gradient that is not zero; that of a bias before batch norm would be."""
    generator = network().train()
    z, y = drawn()
    gradients = torch.autograd.grad(generator(z, y).square().sum(), list(generator.parameters()))
    assert [name for (name, _), g in zip(generator.named_parameters(), gradients, strict=True) if not g.any()] == []
