"""How good digits are after so many seconds, beside what people would otherwise run: `make quality`.

    python benchmarks/quality.py [--peers PYTHON] [--pytorch-gan FOLDER] [--marks 30 60 120 200] [--threads 2]

All start from nothing on the training images of MNIST, and take turns: until the first mark each of them, then until
the second. `elegans train digits --minutes ...` is begun anew for each mark, for its rates fall to nothing within the
time it is given; the others go on where they were. What each makes then, 5,000 images, is compared with the test images
by the extractor in the package. Writes quality.json and quality.md beside this file; nothing else should run meanwhile.

`--peers` names the Python of an environment with Keras and TensorFlow (`make quality` makes one), `--pytorch-gan` a
clone of https://github.com/eriklindernoren/PyTorch-GAN, whose scripts run as they are; without them they are left out.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from throughput import Contender, machine

from elegans.config import Data
from elegans.metrics import agreement, distinct, fid
from elegans.reference import Reference, reference
from elegans.splits import images_of

HERE = Path(__file__).parent
SAMPLES = 5000
KERAS = ("vanilla", "acgan")
SCRIPTS = ("gan", "dcgan", "acgan")
Said = dict[str, float]


def ours(seconds: float, threads: int, made: Path, against: Reference) -> Said:
    """The flagship, as a user runs it."""
    command, run = [sys.executable, "-m", "elegans"], made / f"digits-{seconds:g}"
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    train = ["train", "digits", "--run", str(run), "--minutes", str(seconds / 60), "--quiet"]
    subprocess.run([*command, *train], check=True, env=environment)
    file = run / "samples.npz"
    subprocess.run(
        [*command, "sample", str(run), "-n", str(SAMPLES), "--balanced", "--out", str(file)],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    last = json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])
    return {"images": last["images"]} | judged(file, against)


def judged(file: Path, against: Reference) -> Said:
    """What the extractor says of images in a file."""
    with np.load(file) as made:
        fake = against.see(made["images"], made.get("labels"))
    found = fid.compute(fake, against.real) | agreement.compute(fake, against.real)
    return found | distinct.compute(fake, against.real)


def contenders(asked: argparse.Namespace, images: Path) -> dict[str, Contender]:
    """The others, each waiting for its turn."""
    commands = {}
    if asked.peers:
        for name in KERAS:
            commands[f"keras {name}"] = [asked.peers, str(HERE / "keras_peers.py"), name, str(images)]
    if asked.pytorch_gan:
        for name in SCRIPTS:
            script = asked.pytorch_gan / "implementations" / name / f"{name}.py"
            commands[f"pytorch-gan {name}"] = [sys.executable, str(HERE / "script_peers.py"), str(script), str(images)]
    return {name: Contender(command, asked.threads) for name, command in commands.items()}


def table(made: dict[str, Any]) -> str:
    """As Markdown."""
    marks, rows = made["marks"], made["rows"]
    lines = [
        "# Digits, by the seconds",
        "",
        "Made by `make quality`: all on the training images of MNIST and in turn, 5,000 images of each against the "
        f"10,000 test images, extractor `mnist` {made['extractor'][:12]}. Real training images have a fid of "
        f"{made['real']['fid']:.2f} and an agreement of {made['real']['agreement']:.3f}. What has no agreement is not "
        "asked for classes.",
        "",
        ", ".join(f"{name} {value}" for name, value in made["machine"].items()) + ".",
        "",
        f"| fid after | {' | '.join(f'{mark:g} s' for mark in marks)} | agreement | distinct | images a second |",
        "|---|" + "---:|" * (len(marks) + 3),
    ]
    for name, row in rows.items():
        last = row[str(marks[-1])]
        cells = [name, *(f"{row[str(mark)]['fid']:.3g}" for mark in marks)]
        cells += [f"{last['agreement']:.3f}" if "agreement" in last else "", f"{last['distinct']:.2f}"]
        lines.append("| " + " | ".join([*cells, f"{last['images'] / marks[-1]:,.0f}"]) + " |")
    lines += ["", f"Agreement, distinct and images a second are those after {marks[-1]:g} s."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers")
    parser.add_argument("--pytorch-gan", type=Path)
    parser.add_argument("--marks", type=float, nargs="+", default=[30.0, 60.0, 120.0, 200.0])
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    data = Data(name="mnist")
    against = reference(data, SAMPLES, 0)
    made: dict[str, Any] = {
        "machine": machine(asked.threads, asked.peers),
        "extractor": against.sees.sha256,
        "marks": asked.marks,
        "real": fid.compute(against.floor, against.real) | agreement.compute(against.floor, against.real),
        "rows": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "mnist.npz"
        np.savez(images, **dict(zip(("images", "labels"), images_of(data, "train"), strict=True)))
        others = contenders(asked, images)
        seen = dict.fromkeys(others, 0)
        for before, mark in zip([0.0, *asked.marks], asked.marks, strict=False):
            said = {"elegans digits": ours(mark, asked.threads, Path(folder), against)}
            for name, other in others.items():
                seen[name] += other.ask(mark - before)["images"]
                file = Path(folder) / f"{name.replace(' ', '-')}.npz"
                other.ask(f"sample {file}")
                said[name] = {"images": seen[name]} | judged(file, against)
            for name, numbers in said.items():
                made["rows"].setdefault(name, {})[str(mark)] = numbers
                print(f"{mark:g} s, {name}: {json.dumps({k: round(v, 4) for k, v in numbers.items()})}", flush=True)
        for other in others.values():
            other.end()
    (HERE / "quality.json").write_text(json.dumps(made, indent=1) + "\n")
    (HERE / "quality.md").write_text(table(made))


if __name__ == "__main__":
    main()
