"""Runs side by side: grouped by what they are, sorted, with what they cost, and never compared in silence."""

import csv
import json
from pathlib import Path
from statistics import stdev
from typing import Any

import numpy as np
import pytest
from PIL import Image

from elegans import Config, Failure, RequestError, Run
from elegans.cli import main
from elegans.compare import as_csv, compare, differences, draw, less_is_better
from elegans.config import Data, Model


def made(
    folder: Path,
    recipe: str = "x",
    seed: int = 0,
    width: int = 8,
    card: dict[str, Any] | None = None,
    measured: dict[int, float] | None = None,
) -> Path:
    """A run of 40 steps in 20 seconds, its card, and Fréchet distances that were measured in training."""
    model = Model(name="mlp", classes=0, shape=(1, 8, 8), generator=[width], discriminator=[width])
    config = Config(recipe=recipe, seed=seed, steps=40, data=Data(name="rings"), model=model)
    run = Run.create(folder, config)
    for step in (20, 40):
        run.log({"step": step, "images": step * 10, "seconds": step / 2, "generator_loss": 1.0})
        if measured and step in measured:
            run.log({"step": step, "images": step * 10, "seconds": step / 2, "fid": measured[step], "recall": 0.5})
        run.save(step, {"generator": {}}, {})
    if card is not None:
        (folder / "card.json").write_text(json.dumps(about() | card))
    return folder


def about() -> dict[str, Any]:
    return {
        "step": 40,
        "generated": 500,
        "data": {"name": "rings", "real": 1000, "split": "test"},
        "extractor": {"name": "mnist", "sha256": "abc" * 20},
    }


def test_the_best_comes_first_and_what_was_not_measured_last(tmp_path: Path) -> None:
    made(tmp_path / "a", "a", card={"metrics": {"fid": 3.0, "recall": 0.2}})
    made(tmp_path / "b", "b", card={"metrics": {"fid": 1.0, "recall": 0.1}})
    made(tmp_path / "c", "c")
    made(tmp_path / "d", "d", card={"metrics": {"fid": 2.0, "recall": 0.3}})
    runs = [tmp_path / name for name in "cabd"]
    assert [row.name for row in compare(runs)] == ["b", "d", "a", "c"]
    assert [row.name for row in compare(runs, "recall")] == ["d", "a", "b", "c"]  # more is better
    first, last = compare(runs)[0], compare(runs)[-1]
    assert first.last == {"fid": (1.0, None), "recall": (0.1, None)}
    assert last.last == last.best == {}


def test_what_it_cost(tmp_path: Path) -> None:
    (row,) = compare([made(tmp_path / "a")])
    latent = Config(recipe="x").latent.size
    parameters = latent * 8 + 8 + 8 * 64 + 64 + (64 * 8 + 8 + 8 + 1)
    assert row.cost == {"minutes": 20 / 60, "images": 400, "images_per_second": 20, "parameters": parameters}
    assert (row.data, row.runs) == ("rings", 1)


def test_seeds_of_one_recipe_are_a_row(tmp_path: Path) -> None:
    fids = [3.0, 4.0, 8.0]
    for seed, fid in enumerate(fids):
        made(tmp_path / str(seed), seed=seed, card={"metrics": {"fid": fid, **({"recall": 0.5} if seed < 2 else {})}})
    made(tmp_path / "wide", width=16, card={"metrics": {"fid": 4.5}})
    wide, seeds = compare([*(tmp_path / str(seed) for seed in range(3)), tmp_path / "wide"])
    assert (wide.name, wide.runs, seeds.name, seeds.runs) == ("x (wide)", 1, "x (0)", 3)
    assert seeds.last == {"fid": (5.0, pytest.approx(stdev(fids)))}  # what only some have is no mean of three
    assert wide.last["fid"] == (4.5, None)


def test_best_and_last(tmp_path: Path) -> None:
    """The card's best; the last where that was the best; nothing where nothing was measured in training."""
    best = {"best": {"step": 20, "metrics": {"fid": 2.0}}}
    made(tmp_path / "a", "a", card={"metrics": {"fid": 5.0}} | best, measured={20: 3.0, 40: 6.0})
    made(tmp_path / "b", "b", card={"metrics": {"fid": 6.0}}, measured={20: 6.5, 40: 5.5})
    made(tmp_path / "c", "c", card={"metrics": {"fid": 7.0}})
    made(tmp_path / "d", "d", measured={20: 8.0, 40: 9.0})
    rows = compare([tmp_path / name for name in "abcd"])
    assert [(row.last["fid"][0], row.best.get("fid", (None,))[0]) for row in rows] == [
        (5, 2),
        (6, 6),
        (7, None),
        (9, 8),
    ]
    assert rows[3].last == {"fid": (9.0, None), "recall": (0.5, None)}


def test_what_was_measured_otherwise_is_named(tmp_path: Path) -> None:
    made(tmp_path / "a", "a", card={"metrics": {"fid": 3.0}})
    made(tmp_path / "b", "b", card={"metrics": {"fid": 4.0}})
    assert differences(compare([tmp_path / "a", tmp_path / "b"])) == []
    made(tmp_path / "c", "c", card={"metrics": {"fid": 4.0}, "generated": 10_000})
    made(tmp_path / "d", "d", measured={40: 5.0})
    made(tmp_path / "e", "e", card={"metrics": {"fid": 6.0}, "step": 20})
    found = differences(compare([tmp_path / name for name in "acde"]))
    assert [line[:6] for line in found] == ["500 ag", "10,000", "as mea", "500 ag"]
    assert found[-1].endswith("at step 20, which is not the newest")


def test_which_way_is_better() -> None:
    assert all(map(less_is_better, ("loss", "kl_loss", "reconstruction_loss", "importance_weighted_loss")))
    assert all(less_is_better(name) for name in ("fid", "kid", "mode_kl", "copies", "loss"))
    assert not any(less_is_better(name) for name in ("recall", "agreement", "distinct", "modes", "score", "psnr"))


def test_the_table_of_everything(tmp_path: Path) -> None:
    for seed in range(2):
        made(tmp_path / f"a{seed}", "a", seed, card={"metrics": {"fid": 3.0 + seed, "recall": 0.25}})
    made(tmp_path / "b", "b", measured={40: 9.0})
    lines = list(csv.DictReader(as_csv(compare(tmp_path / n for n in ("a0", "a1", "b"))).decode().splitlines()))
    assert [line["recipe"] for line in lines] == ["a", "b"]
    assert (lines[0]["fid"], float(lines[0]["fid_std_of_runs"]), lines[0]["runs"]) == (
        "3.5",
        pytest.approx(0.5**0.5),
        "2",
    )
    assert [line["best_fid"] for line in lines] == ["", "9.0"]
    assert lines[1]["measured_on"] == "as measured while it trained"


def test_the_figure_has_a_dot_a_row_and_a_curve_where_one_was_measured(tmp_path: Path) -> None:
    made(tmp_path / "a", "a", card={"metrics": {"fid": 3.0}})
    made(tmp_path / "b", "b", card={"metrics": {"fid": 90.0}})
    made(tmp_path / "c", "c", measured={20: 9.0, 40: 8.0})
    sizes = []
    for names in ("ab", "abc"):
        (tmp_path / "f.png").write_bytes(draw(compare(tmp_path / name for name in names), "fid"))
        with Image.open(tmp_path / "f.png") as picture:
            sizes.append(picture.height)
            colours = {tuple(colour) for colour in np.asarray(picture.convert("RGB")).reshape(-1, 3).tolist()}
        assert ((0x1F, 0x77, 0xB4) in colours, (0x2C, 0xA0, 0x2C) in colours) == (True, names == "abc")
    assert sizes[1] > sizes[0] + 200


def test_bad_requests_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "a", card={"metrics": {"fid": 3.0, "recall": 0.5}})
    with pytest.raises(RequestError, match="did you mean 'recall'"):
        compare([tmp_path / "a"], "recal")
    with pytest.raises(RequestError, match="name some run folders"):
        compare([])
    with pytest.raises(RequestError, match="was measured"):
        draw(compare([made(tmp_path / "b")]), "fid")
    (tmp_path / "a" / "card.json").write_text("{}")
    with pytest.raises(Failure, match=r"is no card .*`elegans evaluate"):
        compare([tmp_path / "a"])
    with pytest.raises(SystemExit, match="2"):
        main(["compare", str(tmp_path / "b"), "--out", str(tmp_path / "x.txt")])
    assert "ends in .csv or .png" in capsys.readouterr().err


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    for seed in range(2):
        made(tmp_path / f"a{seed}", "a", seed, card={"metrics": {"fid": 3.0 + seed, "recall": 0.25}})
    made(tmp_path / "b", "b", measured={20: 7.0, 40: 9.0})
    made(tmp_path / "c", "c")
    out = [tmp_path / "t" / "runs.csv", tmp_path / "runs.png"]
    words = [str(tmp_path / name) for name in ("a0", "a1", "b", "c")]
    with pytest.raises(SystemExit, match="0"):
        main(["compare", *words, "--out", str(out[0]), "--out", str(out[1])])
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert lines[1].split()[:7] == ["a,", "2", "seeds", "rings", "3.5", "±", "0.71"]
    assert lines[2].split()[:5] == ["b", "rings", "9", "7", "0.5"]
    assert "numbers compare only within" in said
    assert "not measured: c;" in said
    assert all(path.stat().st_size > 200 for path in out)
    monkeypatch.setenv("COLUMNS", "60")
    with pytest.raises(SystemExit, match="0"):
        main(["compare", *words])
    assert "…" not in capsys.readouterr().out  # numbers go on in the next line, none is cut


def test_runs_of_one_data_set_stand_together(tmp_path: Path) -> None:
    """A distance among clothes is neither better nor worse than one among digits."""
    runs = []
    for i, (data, fid) in enumerate([("rings", 1.0), ("mnist5k", 5.0), ("rings", 0.5), ("mnist5k", 2.0)]):
        folder = made(tmp_path / str(i), str(i), card={"metrics": {"fid": fid}})
        Run(folder).record(Run(folder).config.override({"data.name": data}))
        runs.append(folder)
    assert [row.last["fid"][0] for row in compare(runs)] == [2.0, 5.0, 0.5, 1.0]
