"""Keep what `elegans diagnose` reads of whole trainings in tests/histories, so that rules are tried on real ones.

    python scripts/make_histories.py runs/demo runs/shallow ...

It prints the troubles it finds. Whether that is right is for a person to say who has looked at the samples: a healthy
training has none. The symptoms are read from the sheets: a run may be older than one of them.
"""

import json
import sys
from pathlib import Path

from elegans import Run, images
from elegans.diagnose import history
from elegans.loop import labelled
from elegans.run import Record
from elegans.splits import images_of
from elegans.symptoms import Symptoms

OUT = Path(__file__).parent.parent / "tests" / "histories"
NAMES = ("step", "accuracy", "discriminator_loss", "generator_loss", "fake_gradient")
NAMES += ("variety", "variety_worst", "class_worst", "told", "off", "change", "copied")


def main() -> None:
    """A file a run."""
    OUT.mkdir(exist_ok=True)
    for path in sys.argv[1:]:
        run = Run(path)
        records = [record for record in run.records() if "variety" not in record]
        records = sorted(records + from_sheets(run), key=lambda record: record["step"])
        rows = [[rounded(record.get(name)) for name in NAMES] for record in records if "fid" not in record]
        kept = [{name: value for name, value in zip(NAMES, row, strict=True) if value is not None} for row in rows]
        troubles = [[step, trouble.name] for step, trouble in history(kept, run.config)]
        print(run.path.name, troubles)
        lines = ",\n".join(json.dumps(row) for row in rows)
        head = json.dumps({"config": run.config.model_dump(mode="json"), "troubles": troubles, "names": NAMES})
        (OUT / f"{run.path.name}.json").write_text(f'{head[:-1]}, "rows": [\n{lines}\n]}}\n', encoding="utf-8")


def from_sheets(run: Run) -> list[Record]:
    """The symptoms of each sheet of the run."""
    shape, classes = run.config.model.shape, run.config.model.classes
    data, labels = images_of(run.config.data, "train")
    assert shape is not None
    look, found = Symptoms(data, labels, bool(classes)), []
    for frame in run.frames():
        samples = images.read_sheet(frame, *shape[1:])
        found.append({"step": int(frame.stem), **look(samples, labelled(run.config).numpy() if classes else None)})
    return found


def rounded(value: float | None) -> float | None:
    """To four digits."""
    return None if value is None else float(f"{value:.4g}") if value < 1000 else round(value)


if __name__ == "__main__":
    main()
