"""Two processes with a thread each beside one process with two, and what more machines would give.

    python benchmarks/processes.py [--rounds 3] [--seconds 4] [--only RECIPE ...]

All arrangements of a recipe take turns, each started anew a round. The model of the cost of a step with P processes,

    c0 + c1 / P + m 2 (P - 1) a + 2 (P - 1) / P bytes / b,

is that of a ring all-reduce (Patarasu & Yuan 2009, doi:10.1016/j.jpdc.2008.09.002): c0 and c1 are from one process
with the batch and with half of it, m messages and their bytes are counted, a (seconds a hop) and b (bytes a second)
are measured between two processes here. Its prediction for two stands beside what two took. Writes processes.json and
processes.md beside this file; nothing else should run meanwhile.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch
from throughput import machine
from torch import distributed as dist

HERE = Path(__file__).parent
RECIPES = ["digits", "acgan-lite", "vanilla", "shallow"]
ARRANGEMENTS = {"1 x 1": (1, 1), "1 x 2": (1, 2), "2 x 1": (2, 1)}  # processes x threads
NETWORK = {"hop": 2e-4, "rate": 1.25e8}  # between machines: gigabit Ethernet, assumed and not measured
MORE = [2, 4, 8]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", nargs="*")
    asked = parser.parse_args()
    between = run(2, 1, "wire")
    rows = []
    for name in asked.only or RECIPES:
        rows.append(measure(name, asked.rounds, asked.seconds, between))
        print(name, {how: round(rate) for how, rate in rows[-1]["images a second"].items()}, flush=True)
        made = {"machine": machine(1, None), "wire": between, "rounds": asked.rounds, "rows": rows}
        (HERE / "processes.json").write_text(json.dumps(made, indent=1) + "\n")
        (HERE / "processes.md").write_text(table(made))


def run(processes: int, threads: int, *words: str) -> dict[str, Any]:
    """What the first of so many processes says."""
    start = [sys.executable]
    if processes > 1:
        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = str(free.getsockname()[1])
        start += ["-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--master-port", port]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    command = [*start, __file__, "worker", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def measure(name: str, rounds: int, seconds: float, between: dict[str, float]) -> dict[str, Any]:
    """Images a second in all arrangements, and by the model."""
    steps: dict[str, list[dict[str, Any]]] = {how: [] for how in [*ARRANGEMENTS, "half"]}
    for _ in range(rounds):
        for how, (processes, threads) in ARRANGEMENTS.items():
            steps[how].append(run(processes, threads, name, str(seconds)))
        steps["half"].append(run(1, 1, name, str(seconds), str(steps["1 x 1"][0]["batch"] // 2)))
    took = {how: median(said["seconds"] for said in found) for how, found in steps.items()}
    one, two = steps["1 x 1"][0], steps["2 x 1"][0]
    c1 = max(0.0, 2 * (took["1 x 1"] - took["half"]))
    c0 = took["1 x 1"] - c1

    def model(processes: int, hop: float, rate: float) -> float:
        hops = 2 * (processes - 1)
        step = c0 + c1 / processes + two["messages"] * hops * hop + hops / processes * two["bytes"] / rate
        return float(one["images"] / step)

    return {
        "recipe": name,
        "batch": one["batch"],
        "images a second": {how: one["images"] / took[how] for how in ARRANGEMENTS},
        "of each round": {how: [one["images"] / said["seconds"] for said in steps[how]] for how in ARRANGEMENTS},
        "messages": two["messages"],
        "bytes": two["bytes"],
        "share waited": median(said["waited"] / said["seconds"] for said in steps["2 x 1"]),
        "c0": c0,
        "c1": c1,
        "model of two": model(2, between["hop"], between["rate"]),
        "by machines": {n: model(n, NETWORK["hop"], NETWORK["rate"]) for n in MORE},
    }


def table(made: dict[str, Any]) -> str:
    """As Markdown."""
    between = made["wire"]
    about = ", ".join(f"{name} {value}" for name, value in made["machine"].items() if name != "threads")
    lines = [
        "# Two processes",
        "",
        f"Made by `python benchmarks/processes.py`: {about}; medians of {made['rounds']} rounds. Images a second of "
        "the training step with the whole batch; processes x threads.",
        "",
        "| recipe | batch | 1 x 1 | 1 x 2 | 2 x 1 | 2 x 1 by the model | messages a step | MB a step | share waited |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in made["rows"]:
        rates = [f"{row['images a second'][how]:,.0f}" for how in ARRANGEMENTS]
        cells = [row["recipe"], str(row["batch"]), *rates, f"{row['model of two']:,.0f}", f"{row['messages']:.0f}"]
        cells += [f"{row['bytes'] / 1e6:.2f}", f"{row['share waited']:.0%}"]
        lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        "## The model",
        "",
        "A step with P processes takes c0 + c1 / P + m 2 (P - 1) a + 2 (P - 1) / P bytes / b: what does not shrink "
        "with the batch, what does, the m messages, and what is in them (a ring all-reduce). Between two here a "
        f"is {between['hop'] * 1e3:.2f} ms and b {between['rate'] / 1e6:,.0f} MB/s. For machines at gigabit Ethernet "
        f"a = {NETWORK['hop'] * 1e3:.1f} ms and b = {NETWORK['rate'] / 1e6:.0f} MB/s are assumed: the columns of "
        "machines are a forecast, none was measured.",
        "",
        "| recipe | c0, ms | c1, ms | 1 process | " + " | ".join(f"{n} machines" for n in MORE) + " |",
        "|---|---:|---:|---:|" + "---:|" * len(MORE),
    ]
    for row in made["rows"]:
        cells = [row["recipe"], f"{row['c0'] * 1e3:.1f}", f"{row['c1'] * 1e3:.1f}"]
        cells += [f"{row['images a second']['1 x 1']:,.0f}", *(f"{row['by machines'][n]:,.0f}" for n in MORE)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


# --- one of the processes --------------------------------------------------------------------------------------------


class Counted:
    """Calls of a message, the time they took and the bytes that were in them."""

    def __init__(self) -> None:
        self.calls, self.bytes, self.seconds = 0, 0, 0.0
        for name in ("all_reduce", "broadcast"):
            setattr(dist, name, self._counting(getattr(dist, name)))

    def _counting(self, send: Any) -> Any:
        def counting(tensor: torch.Tensor, *rest: Any) -> None:
            began = time.perf_counter()
            send(tensor, *rest)
            self.seconds += time.perf_counter() - began
            self.calls, self.bytes = self.calls + 1, self.bytes + tensor.nbytes

        return counting


def work(name: str, seconds: float, batch: int | None) -> dict[str, Any]:
    """Steps of a recipe, in all processes as many as the first one says."""
    import contenders

    from elegans import find, parallel

    step, _ = contenders.elegans(name, batch)
    counted = Counted()
    for _ in range(5):
        step()
    counted.calls, counted.bytes, counted.seconds = 0, 0, 0.0
    times, images, began = 0, 0, time.perf_counter()
    while parallel.agree((spent := time.perf_counter() - began) < seconds):
        images, times = step(), times + 1
    return {
        "seconds": spent / times,
        "images": images,
        "batch": batch or find.recipe(name).config.batch,
        "messages": counted.calls / times,
        "bytes": counted.bytes / times,
        "waited": counted.seconds / times,
    }


def wire() -> dict[str, float]:
    """Seconds of a hop and bytes a second, of small and of large messages between two processes."""
    dist.init_process_group("gloo")
    took = {}
    for values in (16, 1 << 20):
        tensor, times = torch.ones(values), []
        for _ in range(100):
            dist.barrier()
            began = time.perf_counter()
            dist.all_reduce(tensor)
            times.append(time.perf_counter() - began)
            tensor.fill_(1)
        took[values] = median(times)
    dist.barrier()
    return {"hop": took[16] / 2, "rate": 4 * (1 << 20) / max(1e-9, took[1 << 20] - took[16])}


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        name, *numbers = sys.argv[2:]
        found = wire() if name == "wire" else work(name, float(numbers[0]), int(numbers[1]) if numbers[1:] else None)
        if os.environ.get("RANK", "0") == "0":
            print(json.dumps(found), flush=True)
        os._exit(0)  # see elegans.parallel.leave
    main()
