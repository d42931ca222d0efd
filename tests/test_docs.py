"""What the docs say is so: file map, recipes, commands, links, the example that extends the package."""

import json
import re
import shlex
from pathlib import Path

import pytest

import elegans
from elegans import find
from elegans.cli import app

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "elegans"
CARDS = ROOT / "benchmarks" / "cards"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands() -> list[str]:
    """Every line of the pages and of the recipes' docstrings that begins with `elegans `."""
    texts = [page.read_text(encoding="utf-8") for page in PAGES] + [find.recipe(n).about for n in find.names("recipes")]
    line = re.compile(r"^(?: {4}|Command: )(elegans [^#\n]+)", re.MULTILINE)
    return sorted({found.strip() for text in texts for found in line.findall(text)})


@pytest.mark.parametrize("command", commands())
def test_every_command_in_the_docs_is_understood(command: str) -> None:
    words = shlex.split(command)[1:]
    _, bound, unused, *_ = app().parse_known_args(words)
    assert not unused
    if words[0] == "train" and not words[1].endswith(".py"):
        assert words[1] in find.names("recipes")
    assert bound is not None


def test_the_file_map_names_every_file_and_no_other() -> None:
    section = README.split("## Where things are")[1].split("\n## ")[0]
    mapped = set(re.findall(r"^ {6}(\w+\.py)", section, re.M))
    assert mapped == {p.name for p in SOURCE.glob("*.py") if not p.name.startswith("__")}
    for kind in ("models", "recipes", "data", "cli", "metrics"):
        (line,) = re.findall(rf"^ {{6}}{kind}/ .*?: ([^;\n]+)", section, re.M)
        assert sorted(line.split(", ")) == find.names(kind)


def test_every_recipe_is_in_the_table_and_in_the_gallery() -> None:
    gallery = (ROOT / "docs" / "gallery" / "README.md").read_text(encoding="utf-8")
    for name in find.names("recipes"):
        assert f"| `{name}` |" in README
        assert f"## {name}\n" in gallery
        assert find.facts(find.recipe(name).about)["command"] in gallery


@pytest.mark.parametrize("metric", ["fid", "agreement"])
def test_the_numbers_in_the_table_are_those_of_the_cards(metric: str) -> None:
    """The mean over the seeds of a recipe: `fid` to two digits, agreement to three."""
    rows = re.findall(rf"^\| `([\w-]+)` \|.*\b{metric} ([\d.]+)\b", README, re.M)
    rows = [(name, said) for name, said in rows if (CARDS / f"{name}.json").exists()]  # points of a plane have none
    assert len(rows) > 10
    for name, said in rows:
        cards = [CARDS / f"{name}{seed}.json" for seed in ("", "-1", "-2")]
        found = [json.loads(card.read_text(encoding="utf-8"))["metrics"][metric] for card in cards if card.exists()]
        assert float(said) == pytest.approx(sum(found) / len(found), rel=0.05 if metric == "fid" else 0.001), name


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_the_changelog_has_this_version() -> None:
    from importlib.metadata import version

    assert f"## {version('elegans')}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_example_of_extending_works_and_is_short(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    assert len(code.splitlines()) < 40
    (tmp_path / "mine.py").write_text(code, encoding="utf-8")
    mine, run = str(tmp_path / "mine.py"), tmp_path / "run"
    elegans.train(mine, run=run, steps=3, quiet=True)
    assert elegans.load(run, recipe=mine).sample(5).shape == (5, 28, 28, 1)
    with pytest.raises(elegans.RequestError, match="--recipe"):
        elegans.load(run)
