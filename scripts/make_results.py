"""Make benchmarks/RESULTS.md from the cards in benchmarks/cards, each of them a run's card.json as `elegans evaluate`
wrote it.

    elegans evaluate runs/coordinate -n 5000 --out benchmarks/cards/coordinate.json
    python scripts/make_results.py
"""

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

HERE = Path(__file__).parent.parent / "benchmarks"
METRICS = ("fid", "kid", "precision", "recall", "density", "coverage", "agreement", "distinct", "copies")
HEAD = """# Results

Every row is a card in [cards](cards), made by

    elegans evaluate runs/NAME -n 5000 --out benchmarks/cards/NAME.json

(2,000 images of pictures, 25,600 of stacked digits) and the page by `make results`. Rows are the last step of a run,
and its best one where that was measured. What each metric is: the files in `src/elegans/metrics`. The last row of a
table is the floor: the same numbers of as many real training images. Minutes are of one core that had other work to
do; a card says with which versions, seed and step. Several seeds of a recipe are one row,
with mean and standard deviation. Beside other programs: images a second of a [training step](throughput.md), and how
good digits are [by the seconds](quality.md).
"""


def main() -> None:
    """A table a data set and extractor, sorted by Fréchet distance."""
    cards = [json.loads(path.read_text(encoding="utf-8")) for path in sorted((HERE / "cards").glob("*.json"))]
    kinds: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for card in cards:
        kinds.setdefault(kind(card), []).append(card)
    pages = [HEAD]
    for (data, split, real, generated, sees, digest), found in sorted(kinds.items()):
        pages.append(f"\n## {data}\n\n{generated} generated images against {real} real ones ({split}), ")
        pages.append(f"extractor `{sees}` {digest[:12]}.\n\n")
        pages.append(f"| recipe | minutes | images | {' | '.join(METRICS)} |\n|{'---|' * (len(METRICS) + 3)}\n")
        recipes = by_recipe(found)
        for recipe, seeds in sorted(
            recipes.items(), key=lambda item: fmean(card["metrics"]["fid"] for card in item[1])
        ):
            name = named(recipe, seeds)
            minutes, images = (fmean(card["training"][what] for card in seeds) for what in ("seconds", "images"))
            numbers_ = numbers([card["metrics"] for card in seeds])
            pages.append(f"| {name} | {minutes / 60:.0f} | {images / 1e6:.2f} M | {numbers_} |\n")
            pages += [
                f"| `{recipe}`, best, step {best['step']:,} | | | {numbers([best['metrics']])} |\n"
                for best in (card["best"] for card in seeds if "best" in card)
            ]
        pages.append(f"| real | | | {numbers([found[0]['floor']])} |\n")
    pages.append(reconstructions([card for card in cards if "reconstruction" in card]))
    pages.append(speed([json.loads(line) for line in (HERE / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]))
    (HERE / "RESULTS.md").write_text("".join(pages), encoding="utf-8")


def by_recipe(cards: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The cards of each recipe, which differ in their seeds."""
    recipes: dict[str, list[dict[str, Any]]] = {}
    for card in cards:
        recipes.setdefault(card["recipe"], []).append(card)
    return recipes


def named(recipe: str, seeds: list[dict[str, Any]]) -> str:
    """The first cell of a row."""
    return f"`{recipe}`" + f", {len(seeds)} seeds" * (len(seeds) > 1)


def reconstructions(cards: list[dict[str, Any]]) -> str:
    """What autoencoders reproduce of the test images."""
    names = list(dict.fromkeys(name for card in cards for name in card["reconstruction"]))
    lines = [
        "",
        "## What autoencoders reproduce",
        "",
        "Of the test images. Losses: binary cross-entropy, of `autoencoder` a pixel, else nats an image. PSNR in dB.",
        "",
        f"| recipe | images | {' | '.join(name.replace('_', ' ') for name in names)} |",
        "|---|" + "---|" * (len(names) + 1),
    ]
    for recipe, seeds in sorted(by_recipe(cards).items(), key=lambda item: item[1][0]["reconstruction"]["loss"]):
        images = fmean(card["training"]["images"] for card in seeds) / 1e6
        cells = numbers([card["reconstruction"] for card in seeds], names)
        lines.append(f"| {named(recipe, seeds)} | {images:.2f} M | {cells} |")
    return "\n".join(lines) + "\n"


def speed(entries: list[dict[str, Any]]) -> str:
    """What `make bench` found, from the oldest code to the newest within a recipe."""
    kinds = ("plain", "keras graph", "keras xla", "keras graph fit", "keras xla fit", "keras jax")
    lines = [
        "",
        "## Speed",
        "",
        "Every run of `make bench` there was. Images a second of the training step, times those of other loops with "
        "the same networks, and the share of the machine's matrix products; how: [throughput](throughput.md).",
        "",
        f"| recipe | commit | machine | images/s | {' | '.join(f'x {kind}' for kind in kinds)} | share |",
        "|---|---|---|---:|" + "---:|" * (len(kinds) + 1),
    ]
    for entry in sorted(entries, key=lambda entry: str(entry["recipe"])):
        times = [f"{entry['times'][kind]:.2f}" if kind in entry["times"] else "" for kind in kinds]
        cells = [entry["recipe"], entry["commit"], entry["machine"], f"{entry['images a second']:,.0f}", *times]
        lines.append("| " + " | ".join([*cells, f"{entry['share of the machine']:.0%}"]) + " |")
    return "\n".join(lines) + "\n"


def kind(card: dict[str, Any]) -> tuple[str, ...]:
    """What makes two cards comparable."""
    data, sees = card["data"], card["extractor"]
    return data["name"], data["split"], f"{data['real']:,}", f"{card['generated']:,}", sees["name"], sees["sha256"]


def numbers(seeds: list[dict[str, float]], names: Sequence[str] = METRICS) -> str:
    """A row's, in the order of the head: of several seeds the mean and the standard deviation."""
    columns = ([metrics[name] for metrics in seeds if name in metrics] for name in names)
    return " | ".join(
        f"{fmean(values):.3g} ± {stdev(values):.2g}" if len(values) > 1 else f"{values[0]:.3g}" if values else ""
        for values in columns
    )


if __name__ == "__main__":
    main()
