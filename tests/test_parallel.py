"""Two processes make the steps that one makes: the same weights, with half of each batch each."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from elegans import parallel
from elegans.errors import RequestError

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port"]
# plain steps: Adam would divide gradients that are only rounding by their own size
SGD = [f"--gan.{player}.{value}" for player in ("generator", "discriminator") for value in ("kind=sgd", "lr=0.02")]


def port() -> str:
    import socket

    with socket.socket() as free:
        free.bind(("localhost", 0))
        return str(free.getsockname()[1])


def command(processes: int, *words: str) -> list[str]:
    started = [*TORCHRUN, port(), "-m", "--"] if processes == 2 else [sys.executable, "-m"]
    return [*started, "elegans", *words]


def train(processes: int, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(processes, "train", "--run", str(folder), *words),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def weights(folder: Path) -> dict[str, torch.Tensor]:
    step = max(folder.glob("step-*"))
    return {
        f"{file.stem}/{key}": value.double()
        for file in step.glob("*.safetensors")
        for key, value in load_file(file).items()
    }


def same(one: Path, other: Path) -> None:
    a, b = weights(one), weights(other)
    assert a.keys() == b.keys()
    far = {name: float((a[name] - b[name]).abs().max() / a[name].abs().max().clamp(min=0.1)) for name in a}
    far = {name: distance for name, distance in far.items() if "optimisers" not in name}  # of a bias before batch norm
    assert max(far.values()) < 1e-3, max(far, key=far.__getitem__)
    assert any(name.startswith(("generator", "encoder")) for name in a)


@pytest.mark.parametrize(
    "words",
    [
        ["demo", *SGD, "--model.width=4", "--model.discriminator_width=4"],  # batch norm in G
        ["shallow", *SGD, "--data.name=mnist5k"],  # and in D, and two steps of G
        [
            "acgan-light",  # a class head
            *SGD,
            "--data.name=mnist5k",
            "--gan.label_noise=.2",
            "--gan.labels=uniform",
            "--gan.spread=0",
        ],
        [
            "logograms-light",
            *SGD,
            "--data.n=100",
            "--gan.gradient_penalty=1",
            "--gan.spread=0",
        ],
        ["denoising-autoencoder", "--data.name=mnist5k", "--autoencoder.optimiser.kind=sgd"],
        ["vae", "--data.name=mnist5k", "--autoencoder.optimiser.kind=sgd", "--autoencoder.optimiser.lr=1e-4"],
    ],
    ids=lambda words: words[0],
)
def test_two_processes_make_the_steps_of_one(tmp_path: Path, words: list[str]) -> None:
    for processes, name in ((1, "one"), (2, "two")):
        done = train(processes, tmp_path / name, *words, "--batch=12", "--steps=3")
        assert done.returncode == 0, done.stderr
    same(tmp_path / "one", tmp_path / "two")
    assert done.stderr.count("images") > 0  # the first one says what it does,
    assert done.stderr.count("from the start") == 1  # the other one nothing


def test_a_run_of_one_goes_on_with_two_and_the_other_way_round(tmp_path: Path) -> None:
    words = ["demo", *SGD, "--model.width=4", "--model.discriminator_width=4"]
    for name, parts in {"one": (1, 1), "two": (1, 2), "back": (2, 1)}.items():
        for processes, steps in zip(parts, ("--steps=2", "--steps=4"), strict=True):
            done = train(processes, tmp_path / name, *words, "--batch=12", steps)
            assert done.returncode == 0, done.stderr
    same(tmp_path / "one", tmp_path / "two")
    same(tmp_path / "one", tmp_path / "back")


def test_a_state_with_masks_in_it_reaches_the_other_process(tmp_path: Path) -> None:
    """Of dropout that stays: they are true or false."""
    for steps in ("--steps=1", "--steps=2"):
        done = train(2, tmp_path / "run", "acgan-lite-64", *SGD, "--data.name=mnist5k", "--batch=12", steps)
        assert done.returncode == 0, done.stderr


def test_minutes_with_a_schedule_end_in_both(tmp_path: Path) -> None:
    done = train(2, tmp_path / "run", "shallow", "--data.name=mnist5k", "--steps=null", "--minutes=.05")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "progress.gif").exists()


def test_a_signal_stops_both_and_all_is_saved(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    words = command(2, "train", "demo", "--run", str(folder), "--minutes=5", "--batch=12", "--every.log=1")
    with subprocess.Popen(
        words, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
    ) as process:
        records, began = folder / "metrics.jsonl", time.monotonic()
        while not records.exists() or len(records.read_text().splitlines()) < 3:
            assert process.poll() is None
            assert time.monotonic() - began < 120
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=60)
    assert process.returncode
    assert list(folder.glob("step-*/manifest.json"))
    assert "all is saved" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["demo", "--batch=13"], "batch = 13 cannot be shared by 2 processes: give a multiple of 2"),
        (["demo", "--gan.spread=.1"], "--gan.spread looks at a batch as a whole: train with one process, or with"),
        (["demo", "--on-trouble=balance"], "--on-trouble balance: the other processes would not know"),
    ],
)
def test_what_cannot_be_shared_is_said(tmp_path: Path, words: list[str], said: str) -> None:
    done = train(2, tmp_path / "run", *words, "--steps=2")
    assert done.returncode
    assert done.stderr.count(f"elegans: {said}") == 1
    assert not list(tmp_path.glob("run/step-*"))


def test_with_one_process_nothing_happens() -> None:
    x = torch.arange(6.0).reshape(3, 2)
    assert (parallel.count(), parallel.first(), parallel.agree(7), parallel.in_turn(lambda: 5)) == (1, True, 7, 5)
    assert parallel.part(x) is x
    said, ((same,),) = parallel.mean({"loss": x}, [x])
    assert said["loss"] is same is x
    assert torch.equal(parallel.whole(x), x)
    network = nn.Sequential(nn.BatchNorm1d(2))
    parallel.synchronise(network)
    assert type(network[0]) is nn.BatchNorm1d


def test_modules_that_look_at_a_whole_batch_in_another_way_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Minibatch(nn.Module):
        couples_samples = True

    monkeypatch.setattr(parallel, "count", lambda: 2)
    with pytest.raises(RequestError, match="Minibatch looks at a batch as a whole"):
        parallel.synchronise(nn.Sequential(Minibatch()))


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("momentum", [0.3, None])
def test_synchronised_batch_norm_is_batch_norm(
    monkeypatch: pytest.MonkeyPatch, affine: bool, momentum: float | None
) -> None:
    """Here with one process, whose sums are those of all."""
    monkeypatch.setattr(parallel.dist, "all_reduce", lambda tensor: None)
    torch.manual_seed(0)
    plain, other = (nn.BatchNorm2d(3, momentum=momentum, affine=affine) for _ in range(2))
    synchronised = parallel.SynchronisedBatchNorm(other)
    for _ in range(3):
        x = torch.randn(4, 3, 5, 5).mul(3).add(7).requires_grad_()
        torch.testing.assert_close(synchronised(x), plain(x), rtol=1e-4, atol=1e-5)
        weight = torch.randn(4, 3, 5, 5)
        found, expected = (torch.autograd.grad((norm(x) * weight).sum(), x)[0] for norm in (synchronised, plain))
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(dict(other.state_dict()), dict(plain.state_dict()))
    assert synchronised.state_dict().keys() == plain.state_dict().keys()
    torch.testing.assert_close(synchronised.eval()(x), plain.eval()(x))
