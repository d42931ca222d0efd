"""What grows and what does not: a long run, the batch, a large folder, and the time to start.

    python benchmarks/growth.py [--steps 100000] [--images 200000] [--only soak batch folder start]

Writes growth.json and growth.md beside this file, with what earlier parts of it said. Memory is what a process holds of
its own (RssAnon): pages of a memory-mapped file belong to the system, which takes them back when it needs them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from throughput import Contender, machine

HERE = Path(__file__).parent
ELEGANS = [sys.executable, "-m", "elegans"]
BATCHES = [8, 16, 32, 64, 128, 256, 512]


def memory(pid: int) -> float:
    """MB of its own; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("RssAnon"))
    except (OSError, StopIteration):
        return 0.0


def watched(words: list[str], run: Path, **environment: str) -> list[dict[str, float]]:
    """Train, and look at the memory whenever there is a new record."""
    records, seen = run / "metrics.jsonl", 0
    found: list[dict[str, float]] = []
    command = [*ELEGANS, "train", *words, "--run", str(run), "--quiet"]
    with subprocess.Popen(command, env=os.environ | environment) as process:
        while process.poll() is None:
            time.sleep(0.2)
            lines = records.read_text().splitlines() if records.exists() else []
            if len(lines) > seen and (held := memory(process.pid)):
                record = json.loads(lines[-1])
                found.append({"step": record["step"], "seconds": record["seconds"], "memory": held})
                seen = len(lines)
    if process.returncode:
        raise RuntimeError(f"{words} ended with {process.returncode}")
    return found


def soak(steps: int) -> dict[str, Any]:
    """Milliseconds a step and memory in each tenth of a long run with all its samples, records and checkpoints."""
    with tempfile.TemporaryDirectory() as folder:
        found = watched(
            ["demo", f"--steps={steps}", "--batch=8", f"--every.log={max(1, steps // 100)}"], Path(folder) / "run"
        )
    tenths = []
    for k in range(10):
        here = [f for f in found if k * steps / 10 < f["step"] <= (k + 1) * steps / 10]
        span = here[-1]["seconds"] - here[0]["seconds"], here[-1]["step"] - here[0]["step"]
        tenths.append({"milliseconds": 1e3 * span[0] / span[1], "memory": median(f["memory"] for f in here)})
    return {"steps": steps, "tenths": tenths}


def batch() -> dict[str, Any]:
    """Microseconds an image by the batch."""
    found: dict[str, dict[int, float]] = {}
    for name in ("digits", "vanilla", "shallow"):
        found[name] = {}
        for size in BATCHES:
            contender = Contender([sys.executable, str(HERE / "contenders.py"), "elegans", name, str(size)], 1)
            said = [contender.ask(1.5) for _ in range(3)]
            contender.end()
            found[name][size] = 1e6 * median(one["seconds"] / one["images"] for one in said)
    return found


def folder(images: int) -> dict[str, Any]:
    """Memory and time of a folder of so many pictures and of a tenth of them."""
    import numpy as np
    from PIL import Image

    found: dict[str, Any] = {}
    draw = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as made:
        for number in (images // 10, images):
            here = Path(made) / str(number)
            for k in range(number):
                if k % 1000 == 0:
                    (here / f"{k // 1000:03}").mkdir(parents=True)
                pixels = draw.integers(0, 256, (32, 32, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(here / f"{k // 1000:03}" / f"{k}.bmp")
            words = ["demo", "--data.name=folder", f"--data.root={here}", "--model.classes=0", "--every.log=100"]
            times = []
            for steps in ("--steps=200", "--steps=1000"):  # the first one packs them
                began = time.perf_counter()
                seen = watched([*words, steps], Path(made) / f"run-{number}", ELEGANS_CACHE=f"{made}/cache")
                times.append(time.perf_counter() - began)
            found[str(number)] = {
                "seconds to pack and 200 steps": times[0],
                "memory": max(one["memory"] for one in seen),
                "milliseconds": 1e3 * (seen[-1]["seconds"] - seen[0]["seconds"]) / (seen[-1]["step"] - seen[0]["step"]),
            }
    return found


def start() -> dict[str, float]:
    """Seconds of whole commands, median of five."""
    with tempfile.TemporaryDirectory() as made:
        run, out = f"{made}/run", f"{made}/sheet.png"
        subprocess.run([*ELEGANS, "train", "demo", "--run", run, "--steps=20", "--quiet"], check=True)
        commands = {
            "elegans --help": [*ELEGANS, "--help"],
            "elegans recipes": [*ELEGANS, "recipes"],
            "elegans sample RUN -n 64": [*ELEGANS, "sample", run, "-n", "64", "--out", out],
            "python -c 'import torch'": [sys.executable, "-c", "import torch"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(5):
            for name, command in commands.items():
                began = time.perf_counter()
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
                times[name].append(time.perf_counter() - began)
    return {name: median(values) for name, values in times.items()}


def table(made: dict[str, Any]) -> str:
    """As Markdown."""
    about = ", ".join(f"{name} {value}" for name, value in made["machine"].items())
    lines = ["# What grows and what does not", "", f"Made by `python benchmarks/growth.py`: {about}."]
    if "soak" in made:
        lines += ["", f"## {made['soak']['steps']:,} steps of `demo`, 8 images each", ""]
        lines += ["| tenth | ms a step | MB |", "|---|---:|---:|"]
        for k, one in enumerate(made["soak"]["tenths"], 1):
            lines.append(f"| {k} | {one['milliseconds']:.2f} | {one['memory']:.0f} |")
    if "batch" in made:
        lines += ["", "## Microseconds an image, by the batch", ""]
        lines += [f"| recipe | {' | '.join(map(str, BATCHES))} |", "|---|" + "---:|" * len(BATCHES)]
        for name, by in made["batch"].items():
            lines.append(f"| {name} | " + " | ".join(f"{value:.0f}" for value in by.values()) + " |")
    if "folder" in made:
        lines += ["", "## A folder of pictures, 32 x 32 in colour", ""]
        lines += ["| pictures | s to pack, and 200 steps | MB in training | ms a step |", "|---|---:|---:|---:|"]
        for number, one in made["folder"].items():
            cells = [f"{int(number):,}", f"{one['seconds to pack and 200 steps']:.0f}", f"{one['memory']:.0f}"]
            lines.append("| " + " | ".join([*cells, f"{one['milliseconds']:.1f}"]) + " |")
    if "start" in made:
        lines += ["", "## Seconds to start", "", "| command | s |", "|---|---:|"]
        lines += [f"| `{name}` | {seconds:.2f} |" for name, seconds in made["start"].items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=100_000)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--only", nargs="*", default=["start", "batch", "folder", "soak"])
    asked = parser.parse_args()
    parts = {"start": start, "batch": batch, "folder": lambda: folder(asked.images), "soak": lambda: soak(asked.steps)}
    file = HERE / "growth.json"
    made: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for name in asked.only:
        made |= {"machine": machine(1, None), name: parts[name]()}
        file.write_text(json.dumps(made, indent=1) + "\n")
        (HERE / "growth.md").write_text(table(made))
        print(name, json.dumps(made[name]), flush=True)


if __name__ == "__main__":
    main()
