"""Augmentations: what each may do to an image, to each image its own, and gradients pass."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from elegans.augment import KINDS, augment, check
from elegans.errors import RequestError

N, SIZE = 400, 16
MOVES = ["flip", "shift", "turn"]  # they move pixels and change none


def noise(n: int = N, channels: int = 3, size: int = SIZE) -> Tensor:
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def one(n: int = N, channels: int = 3) -> Tensor:
    """The same image n times, so that whatever differs was done to it."""
    return noise(1, channels).expand(n, -1, -1, -1)


def done(kind: str, images: Tensor, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    return KINDS[kind](images)


def share(n: int, p: float) -> tuple[float, float]:
    """The bounds of a share of n draws of probability p: five standard deviations."""
    away = 5 * (p * (1 - p) / n) ** 0.5
    return p - away, p + away


def among(images: Tensor, known: list[Tensor]) -> Tensor:
    """Which of the known images each one is, [n]; every one must be exactly one of them."""
    same = torch.stack([(images == one).flatten(1).all(1) for one in known], 1)
    assert (same.sum(1) == 1).all()
    return same.float().argmax(1)


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (1, 128, 128)], ids=str)
def test_shape_and_type_stay(kind: str, shape: tuple[int, int, int]) -> None:
    images = torch.rand(5, *shape)
    made = done(kind, images)
    assert made.shape == images.shape
    assert made.dtype == torch.float32
    assert made.isfinite().all()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_gradients_pass(kind: str) -> None:
    """All of it: given what was drawn every augmentation is affine in the image, and a difference is its gradient."""
    torch.manual_seed(5)
    images, weights, direction = (torch.randn(6, 3, SIZE, SIZE, dtype=torch.float64) for _ in range(3))
    images.requires_grad_()
    (gradient,) = torch.autograd.grad((done(kind, images) * weights).sum(), images)
    change = done(kind, images.detach() + direction) - done(kind, images.detach())
    torch.testing.assert_close((gradient * direction).flatten(1).sum(1), (change * weights).flatten(1).sum(1))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_draw_is_torchs_and_each_images_own(kind: str) -> None:
    """The same seed does the same again, another something else, and copies of one image do not stay copies."""
    images = one()
    made = done(kind, images)
    assert torch.equal(made, done(kind, images))
    assert not torch.equal(made, done(kind, images, seed=1))
    kinds = len(torch.unique(made.flatten(1), dim=0))
    assert kinds == {"flip": 2, "turn": 4}.get(kind, kinds)
    assert kinds > {"flip": 1, "turn": 3, "shift": 20, "cutout": 100, "colour": N - 1}[kind]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_real_and_generated_are_treated_alike(kind: str) -> None:
    """Whatever the image is, the same draw does the same; so both halves of a batch have the same distribution."""
    first, second = noise(8), noise(8).flip(0)
    together = done(kind, torch.cat([first, second], 1))
    if kind == "colour":  # the only one that mixes channels
        return
    assert torch.equal(done(kind, first), together[:, :3])
    assert torch.equal(done(kind, second), together[:, 3:])


def test_flip_is_a_quarter_of_the_time_and_left_to_right() -> None:
    """Far from a half: otherwise which side the generator's images look to would not be seen."""
    image = noise(1)[0]
    which = among(done("flip", one()), [image, image.flip(2)]).float().mean()
    low, high = share(N, 0.25)
    assert low < which < high < 0.5


def test_turn_is_half_of_the_time_and_by_each_quarter_as_often() -> None:
    image = noise(1)[0]
    which = among(done("turn", one()), [image.rot90(k, (1, 2)) for k in range(4)])
    for k in range(4):
        low, high = share(N, 1 / 2 if k == 0 else 1 / 6)
        assert low < (which == k).float().mean() < high


def test_shift_reaches_an_eighth_in_all_directions_and_repeats_the_border() -> None:
    """On an image whose pixels are their own places, the place of the corner tells the shift."""
    places = torch.arange(SIZE).float()
    image = torch.stack([places.view(-1, 1).expand(SIZE, SIZE), places.expand(SIZE, SIZE)]) / SIZE
    made = done("shift", image.expand(2000, -1, -1, -1)) * SIZE
    most = SIZE // 8
    middle = made[:, :, SIZE // 2, SIZE // 2] - SIZE // 2
    assert middle.unique().tolist() == list(range(-most, most + 1))
    pairs = torch.unique(middle, dim=0)
    assert len(pairs) == (2 * most + 1) ** 2  # rows and columns are drawn apart
    for by in range(-most, most + 1):
        low, high = share(2000, 1 / (2 * most + 1))
        for axis in (0, 1):
            assert low < (middle[:, axis] == by).float().mean() < high
    for one_made, (down, right) in zip(made[:50], middle[:50], strict=True):
        assert torch.equal(one_made[0], (places + down).clamp(0, SIZE - 1).view(-1, 1).expand(SIZE, SIZE))
        assert torch.equal(one_made[1], (places + right).clamp(0, SIZE - 1).expand(SIZE, SIZE))


def test_a_small_image_is_shifted_by_a_pixel_at_least() -> None:
    assert len(torch.unique(done("shift", noise(1, 1, 4).expand(N, -1, -1, -1)).flatten(1), dim=0)) == 9


def test_cutout_is_one_grey_square_of_half_the_size_or_what_is_inside_of_it() -> None:
    made = done("cutout", torch.ones(N, 2, SIZE, SIZE))
    assert made.unique().tolist() == [0, 1]
    assert torch.equal(made[:, 0], made[:, 1])
    cut = made[:, 0] == 0
    rows, columns = cut.any(2), cut.any(1)
    assert torch.equal(cut, rows.unsqueeze(2) & columns.unsqueeze(1))  # a rectangle
    heights, widths = rows.sum(1), columns.sum(1)
    for sides in (heights, widths):
        assert sides.max() == SIZE // 2
        assert sides.min() == SIZE // 4  # its middle lies in the image
    assert cut.any(0).all()  # it comes everywhere


def test_a_cut_pixel_is_exactly_grey_and_no_other_is_changed() -> None:
    images = noise()
    made = done("cutout", images)
    assert ((made == images) | (made == 0)).all()


@pytest.mark.parametrize("kind", MOVES)
def test_moves_invent_no_values(kind: str) -> None:
    images = noise(20)
    made = done(kind, images)
    for before, after in zip(images, made, strict=True):
        assert set(after.flatten().tolist()) <= set(before.flatten().tolist())


@pytest.mark.parametrize("kind", MOVES)
def test_what_looks_the_same_from_all_sides_stays(kind: str) -> None:
    constant = torch.tensor([0.5, -0.25, 1.0]).view(1, 3, 1, 1).expand(N, 3, SIZE, SIZE)
    assert torch.equal(done(kind, constant), constant)


def test_colour_moves_brightness_and_scales_saturation_and_contrast_within_bounds() -> None:
    """Each can be read from the image: its mean, its channels' differences, its spread."""
    image = noise(1)
    made = done("colour", one(4000))
    moved = made.mean((1, 2, 3)) - image.mean()
    assert -0.5 <= moved.min() < -0.48
    assert 0.48 < moved.max() <= 0.5
    assert abs(moved.mean()) < 5 * (1 / 12 / 4000) ** 0.5

    def spread(images: Tensor) -> Tensor:
        return (images - images.mean((1, 2, 3), keepdim=True)).mean(1).flatten(1).norm(dim=1)

    contrast = spread(made) / spread(image)  # of the grey of the image, which saturation leaves alone
    assert 0.5 - 1e-4 <= contrast.min() < 0.52
    assert 1.48 < contrast.max() <= 1.5 + 1e-4

    def colourful(images: Tensor) -> Tensor:
        return (images - images.mean(1, keepdim=True)).flatten(1).norm(dim=1)

    saturation = colourful(made) / colourful(image) / contrast
    assert 0 <= saturation.min() < 0.02
    assert 1.98 < saturation.max() <= 2 + 1e-3
    for a, b in ((moved, contrast), (contrast, saturation), (moved, saturation)):  # drawn apart
        assert abs(torch.corrcoef(torch.stack([a, b]))[0, 1]) < 5 / 4000**0.5


def test_grey_images_stay_grey() -> None:
    made = done("colour", one(20, 1).expand(20, 3, -1, -1))
    torch.testing.assert_close(made[:, 0], made[:, 1])
    torch.testing.assert_close(made[:, 0], made[:, 2])


def test_all_are_done_one_after_the_other_in_order() -> None:
    images = noise(10)
    torch.manual_seed(3)
    made = augment(images, ["turn", "cutout", "shift"])
    torch.manual_seed(3)
    expected = images
    for kind in ("turn", "cutout", "shift"):
        expected = KINDS[kind](expected)
    assert torch.equal(made, expected)
    assert augment(images, []) is images


@pytest.mark.parametrize(("wrong", "meant"), [("flipp", "flip"), ("color", "colour"), ("Shift", "shift")])
def test_an_unknown_kind_is_answered_with_the_nearest(wrong: str, meant: str) -> None:
    with pytest.raises(RequestError, match=f"gan.augment: there is no '{wrong}'; did you mean '{meant}'"):
        check(["flip", wrong])


def test_all_kinds_are_known() -> None:
    check(sorted(KINDS))
    kinds: dict[str, Callable[[Tensor], Tensor]] = KINDS
    assert set(kinds) == {"flip", "shift", "cutout", "colour", "turn"}
