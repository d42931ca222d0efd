"""Images a second of the training step, beside the loop one would write and beside Keras: `make bench`.

    python benchmarks/throughput.py [full] [--peers PYTHON] [--threads 1] [--only RECIPE ...]

With `--only` the other rows of the table stay as they were; each says of which commit it is.

All contenders of a recipe are started, each in a process of its own, and take turns: a window each, so that a machine
that slows down slows all alike. Who is started first and whose turn it is are drawn by chance, for both tell. What
counts is the median of the ratios within the rounds, and their spread. Writes throughput.json and throughput.md beside
this file, and adds a line a recipe to ledger.jsonl, which `make results` shows; nothing else should run meanwhile.

`--peers` names the Python of an environment with Keras and TensorFlow; `make bench` makes one.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
from collections.abc import Collection
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

HERE = Path(__file__).parent
SHORT = ["vanilla", "acgan-lite", "shallow", "vae"]
FULL = [*SHORT, "digits", "acgan", "patch-lstm", "patch-lstm-16", "cars", "faces"]
KERAS = ["vanilla", "acgan", "vae"]
KERAS_KINDS = ["graph", "xla", "graph fit", "xla fit", "jax"]


class Contender:
    """A process that makes training steps when it is asked to."""

    def __init__(self, command: list[str], threads: int) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        if hasattr(os, "sched_setaffinity"):  # on so many processors: a library's other threads count, too
            os.sched_setaffinity(self.process.pid, sorted(os.sched_getaffinity(0))[:threads])
        assert self._line() == "ready"

    def ask(self, what: float | str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self._line()

    def _line(self) -> Any:
        assert self.process.stdout is not None
        if not (line := self.process.stdout.readline()):
            raise RuntimeError(f"{self.process.args} ended with {self.process.wait()}")
        return json.loads(line)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def measure(name: str, windows: int, seconds: float, threads: int, peers: str | None) -> dict[str, Any]:
    """All contenders of a recipe, in turn."""
    ours = [sys.executable, str(HERE / "contenders.py")]
    commands = {kind: [*ours, kind, name] for kind in ("elegans", "plain")}
    if peers and name in KERAS:
        for how in KERAS_KINDS:
            script = [str(HERE / "keras_jax_peers.py"), name] if how == "jax" else [str(HERE / "keras_peers.py"), name]
            commands[f"keras {how}"] = [peers, *script, *how.split()]
    contenders = {kind: Contender(commands[kind], threads) for kind in by_chance(commands)}
    rates: dict[str, list[float]] = {kind: [] for kind in commands}
    products: list[float] = []
    try:
        for _ in range(windows):
            for kind in by_chance(commands):
                said = contenders[kind].ask(seconds)
                rates[kind].append(said["images"] / said["seconds"])
                if kind == "elegans":
                    products.append(said["rate"])
        cost = contenders["elegans"].ask("count")
    finally:
        for contender in contenders.values():
            contender.end()
    ratios = {
        kind: [a / b for a, b in zip(rates["elegans"], rates[kind], strict=True)] for kind in rates if kind != "elegans"
    }
    step = cost["images"] / median(rates["elegans"])
    return {
        "recipe": name,
        "images a second": {kind: spread(values) for kind, values in rates.items()},
        "ratio": {kind: spread(values) for kind, values in ratios.items()},
        "operations a second of a large product": median(products),
        "share of it": cost["operations"] / step / median(products),
        "step": {"seconds": step, **cost},
    }


def by_chance(kinds: Collection[str]) -> list[str]:
    """In an order of its own each time."""
    return random.sample([*kinds], len(kinds))


def entry(about: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """A row of the ledger: which code, which machine, what came."""
    return {
        "commit": about["commit"],
        "machine": f"{about['processor']}, {about['threads']} of {about['processors']} threads, torch {about['torch']}",
        "recipe": row["recipe"],
        "images a second": row["images a second"]["elegans"]["median"],
        "times": {kind: ratio["median"] for kind, ratio in row["ratio"].items()},
        "share of the machine": row["share of it"],
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"median": median(values), "least": min(values), "most": max(values)}


def machine(threads: int, peers: str | None) -> dict[str, Any]:
    """What it was measured on."""
    names = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    found = {
        "processor": names[0] if names else platform.processor(),
        "processors": os.cpu_count(),
        "threads": threads,
        "python": platform.python_version(),
        "torch": version("torch"),
        "elegans": version("elegans"),
        "commit": _run(["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]),
    }
    if peers:
        names = ["keras", "tensorflow-cpu", "jax"]
        ask = f"from importlib.metadata import version; print(*(f'{{name}} {{version(name)}}' for name in {names}))"
        found["peers"] = _run([peers, "-c", ask])
    return found


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def table(about: dict[str, Any], rows: list[dict[str, Any]], windows: int, seconds: float) -> str:
    """As Markdown."""
    kinds = ["plain", *(f"keras {kind}" for kind in KERAS_KINDS)]
    columns = " | ".join(f"times {kind}" for kind in kinds[1:])
    lines = [
        "# Images a second of the training step",
        "",
        f"Made by `make bench`: {windows} windows of {seconds:g} s each, in turn; medians, and in brackets the least "
        "and the most of the rounds.",
        "",
        ", ".join(f"{name} {value}" for name, value in about.items() if name != "commit") + ".",
        "",
        "`plain` is the loop one would write with the same networks (benchmarks/contenders.py); `keras` the same "
        "networks in Keras on TensorFlow, as a graph or compiled by XLA: the compiled step called by hand with nothing "
        "around it, and by Keras' own training loop, `fit`; and on JAX (keras_jax_peers.py). The share is that of the "
        "operations a second which a large matrix product reaches on this machine, counted by torch over one step as "
        "it is made: with the zeros of the squares of `models/_pixels.py`, without what `models/_fourier.py` saves.",
        "",
        f"| recipe | elegans | plain | times plain | {columns} | share | commit |",
        "|---|---:|---:|---:" + "|---:" * len(KERAS_KINDS) + "|---:|---|",
    ]
    for row in rows:
        rate, ratio = row["images a second"], row["ratio"]
        times = [
            f"{r['median']:.2f} ({r['least']:.2f}-{r['most']:.2f})" if (r := ratio.get(kind)) else "" for kind in kinds
        ]
        cells = [row["recipe"], f"{rate['elegans']['median']:,.0f}", f"{rate['plain']['median']:,.0f}", *times]
        lines.append("| " + " | ".join([*cells, f"{row['share of it']:.0%}", row["commit"]]) + " |")
    middle = median(row["ratio"]["plain"]["median"] for row in rows)
    lines += ["", f"Median over the recipes: {middle:.2f} times plain.", "", "## Where a step goes", ""]
    lines += [
        "The floor is the time its operations take at the rate of a large product. Optimisers and moving average "
        "read and write the bytes named. The three operators that take the most time are named with it.",
        "",
        "| recipe | step, ms | floor, ms | MB of optimiser and average | most time, ms |",
        "|---|---:|---:|---:|---|",
    ]
    for row in rows:
        step = row["step"]
        floor = step["operations"] / row["operations a second of a large product"]
        most = ", ".join(f"`{op['name']}` {op['seconds'] * 1e3:.1f}" for op in step["operators"][:3])
        cells = [f"{step['seconds'] * 1e3:.1f}", f"{floor * 1e3:.1f}", f"{step['bytes'] / 1e6:.1f}", most]
        lines.append(f"| {row['recipe']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("form", nargs="?", choices=["short", "full"], default="short")
    parser.add_argument("--peers")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="*")
    asked = parser.parse_args()
    windows, seconds = (7, 4.0) if asked.form == "full" else (5, 2.0)
    about = machine(asked.threads, asked.peers)
    file = HERE / "throughput.json"
    rows = json.loads(file.read_text())["rows"] if asked.only and file.exists() else []
    for name in asked.only or (FULL if asked.form == "full" else SHORT):
        row = measure(name, windows, seconds, asked.threads, asked.peers) | {"commit": about["commit"]}
        at = next((k for k, other in enumerate(rows) if other["recipe"] == name), len(rows))
        rows[at : at + 1] = [row]
        ratio = {kind: round(value["median"], 2) for kind, value in row["ratio"].items()}
        rate = row["images a second"]["elegans"]["median"]
        print(f"{name}: {rate:,.0f} images a second, times {ratio}", flush=True)
        made = {"machine": about, "windows": windows, "seconds": seconds, "rows": rows}
        file.write_text(json.dumps(made, indent=1) + "\n")
        (HERE / "throughput.md").write_text(table(about, rows, windows, seconds))
        with (HERE / "ledger.jsonl").open("a", encoding="utf-8") as ledger:
            ledger.write(json.dumps(entry(about, row)) + "\n")


if __name__ == "__main__":
    main()
