"""`elegans attention`: what is recorded, what is drawn, what is refused; from a run that was saved and loaded."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import elegans
from elegans import Run
from elegans.attention import draw, look
from elegans.cli import main
from elegans.explore import load
from elegans.models.attention_rnn import Mode, build


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    fields = {"data.name": "rings", "data.n": 32, "model.units": 8}
    folder = tmp_path_factory.mktemp("runs") / "run"
    return elegans.train("attention-rnn", run=folder, steps=2, batch=8, quiet=True, fields=fields)


@pytest.mark.parametrize("mode", ["1d", "2d"])
def test_it_records_every_step_of_both(mode: Mode) -> None:
    networks = build((1, 28, 28), 10, 5, units=8, generator_attention=mode, discriminator_attention=mode)
    z, y = torch.randn(3, 5), torch.arange(3)
    before = networks["generator"](z, y)
    images, looked = look(networks, z, y)
    assert images.shape == (3, 28, 28, 1)
    assert list(looked) == ["generator", "discriminator"]
    for values in looked.values():
        assert values.shape == (3, 28, 28 if mode == "2d" else 1)
        assert (values > 0).all()
        assert (values < 1).all()
        assert np.abs(np.diff(values, axis=0)).max() > 1e-5  # another image, another look
        if mode == "2d":
            np.testing.assert_allclose(values.sum(2), 1, atol=1e-5)
    torch.testing.assert_close(networks["generator"](z, y), before, rtol=0, atol=0)
    assert not any(m._forward_hooks for network in networks.values() for m in network.modules())


def test_the_recorded_is_what_the_equations_give() -> None:
    networks = build((1, 28, 28), 0, 5, units=8, discriminator_attention="2d")
    _, looked = look(networks, torch.randn(2, 5))
    assert list(looked) == ["discriminator"]
    reader, rows = networks["discriminator"], networks["generator"](torch.zeros(1, 5))
    _, again = look(networks, torch.zeros(1, 5))
    h, _ = reader.lstm.loop(1, 1).step(rows[:, 0, 0], (torch.zeros(1, 8), torch.zeros(1, 8)))
    np.testing.assert_allclose(again["discriminator"][:, 0], reader.attention.where(h).detach().numpy(), atol=1e-6)


def test_the_picture_has_an_image_and_a_panel_for_each_network() -> None:
    images = np.full((2, 4, 6, 1), 9, np.uint8)
    weights = np.full((2, 4, 5), 0.1, np.float32)
    weights[:, :, 1] = 0.6
    gates = np.full((2, 4, 1), 0.5, np.float32)
    picture = draw(images, [weights, gates], columns=2)
    wide = 6 + 2 + 5 + 2 + 6
    assert picture.shape == (4 + 2 * 4, 2 * (wide + 4) + 4, 3)
    tile = picture[4:8, 4 : 4 + wide]
    assert (tile[:, :6] == 9).all()
    heat = tile[:, 8:13].sum(2)
    assert (heat.argmax(1) == 1).all()
    bar = tile[:, 15:].sum(2)
    assert (bar[:, :3] > bar[:, 3:]).all()


def test_the_command_writes_the_picture(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "look.png"
    main_ok("attention", str(run.path), "-n", "4", "--out", str(out))
    assert capsys.readouterr().out == f"4 images of step 2 and where generator and discriminator looked in {out}\n"
    with Image.open(out) as picture:
        assert picture.mode == "RGB"
        assert picture.size == (2 * (4 * (3 * 28 + 4 + 4) + 4), 2 * (28 + 8))
        shown = np.asarray(picture)[::2, ::2]
    first = load(run).sample(1, labels=[0])[0]
    np.testing.assert_array_equal(shown[4:32, 4:32, :1], first)


def main_ok(*words: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    assert not end.value.code


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--out", "look.gif"], "the name ends in .png"), (["--out", "look.png", "-n", "0"], "-n 0: at least one image")],
)
def test_what_cannot_be_is_refused(
    run: Run, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["attention", str(run.path), *words])
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_networks_without_attention_are_refused() -> None:
    with pytest.raises(elegans.RequestError, match="neither network has recurrent attention"):
        look(build((1, 28, 28), 0, 5, units=8), torch.zeros(1, 5))
