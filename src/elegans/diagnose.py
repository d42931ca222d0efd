"""What is going wrong in a training, in words: the trouble, the evidence for it, the remedy.

A rule reads records of a run, which hold means of losses and scores, the symptoms of each sheet of samples (see
symptoms.py) and, with `--every.measure`, metrics. It speaks only of what lasts: many healthy trainings begin with a
discriminator that wins, or with samples that are all alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from elegans.config import Config
from elegans.run import Record

STEPS, RECORDS = 500, 5  # a rule looks at the records of so many steps, and at so many at least
SHEETS = 3  # or at so many sheets
NEAR = 40.0  # `off` of samples that are no noise any more
FAR = 20.0  # `off` of samples that no discriminator should take for real
CHANCE = 2 * math.log(2)  # the loss of a discriminator that knows nothing (Goodfellow et al. 2014, theorem 1)
LOGISTIC = ("non_saturating", "minimax")  # losses in nats, with 0 between real and fake
SIGNED = (*LOGISTIC, "hinge")  # losses with 0 between real and fake


@dataclass(frozen=True)
class Trouble:
    """One trouble.

    Attributes:
        name: a few words; one is reported once in a run.
        evidence: what was measured.
        remedy: what to change, as flags.
    """

    name: str
    evidence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence}. Try {self.remedy}"


def diagnose(records: Sequence[Record], config: Config) -> list[Trouble]:
    """What is wrong at the last record; empty where nothing is known to be.

    Args:
        records: of the run, up to now.
        config: its values.
    """
    if config.method != "gan":
        return []
    rules = (discriminator_wins, discriminator_weak, oscillation, dead, collapse, one_class, labels_ignored, copying)
    found = {trouble.name: trouble for rule in rules if (trouble := rule(records, config))}
    return [trouble for name, trouble in found.items() if not found.keys() & EXPLAINED.get(name, set())]


WEAK, CIRCLES = "the discriminator is too weak", "the players run after each other"
COLLAPSE, CLASS, DEAD = "the samples have collapsed", "a class has collapsed", "the generator is dead"
# what is not said where a trouble is known of which it is a part
EXPLAINED = {WEAK: {CIRCLES}, COLLAPSE: {DEAD}, CLASS: {COLLAPSE, DEAD}}


def discriminator_wins(records: Sequence[Record], config: Config) -> Trouble | None:
    """It names every image rightly, all the time: what it tells the generator points nowhere."""
    late = _late(records, "accuracy")
    if config.gan.loss not in SIGNED or not late or min(record["accuracy"] for record in late) < 0.99:
        return None
    first, last = next(record for record in records if "accuracy" in record), late[-1]
    evidence = [f"it named {late[0]['accuracy']:.1%} to {last['accuracy']:.1%} of the images rightly in {_since(late)}"]
    for name, words in (("discriminator_loss", "its loss"), ("generator_loss", "the generator's")):
        evidence.append(f"{words} went from {first[name]:.2g} to {last[name]:.2g}")
    if "fake_gradient" in last and first["fake_gradient"]:
        times = last["fake_gradient"] / first["fake_gradient"]
        evidence.append(f"the gradient at the generated images is {times:.2g} times what it was")
    remedy = f"--gan.discriminator.lr {config.gan.discriminator.lr / 4:g}, or --gan.balance 1, or --gan.r1 1"
    if config.gan.loss == "minimax":
        remedy = f"--gan.loss non_saturating, or {remedy}"
    return Trouble("the discriminator wins", ", ".join(evidence), remedy)


def discriminator_weak(records: Sequence[Record], config: Config) -> Trouble | None:
    """It guesses, though the samples are plainly not like the real images."""
    late, sheets = _late(records, "accuracy"), _sheets(records, "off")
    if config.gan.loss not in SIGNED or not late or not sheets or min(sheet["off"] for sheet in sheets) < FAR:
        return None
    right = sum(record["accuracy"] for record in late) / len(late)
    if right > 0.53:
        return None
    return Trouble(
        WEAK,
        f"it named {right:.1%} of the images rightly in {_since(late)}, where guessing has 50 %, though the mean "
        f"sample is {sheets[-1]['off']:.0f} times as far from the mean real image as chance would have it",
        f"--gan.discriminator.lr {config.gan.discriminator.lr * 4:g}, or --gan.discriminator_steps "
        f"{config.gan.discriminator_steps + 1}, or a wider discriminator",
    )


def oscillation(records: Sequence[Record], config: Config) -> Trouble | None:
    """Both do worse than where neither knows anything: each answers what the other did some steps ago."""
    late = _late(records, "discriminator_loss")
    if config.gan.loss not in LOGISTIC or not late:
        return None
    loss = sum(record["discriminator_loss"] for record in late) / len(late)
    theirs = [record["generator_loss"] for record in late]
    if loss < 1.15 * CHANCE or sum(theirs) / len(theirs) < CHANCE / 2:
        return None
    rates = config.gan.generator, config.gan.discriminator
    calmer = f"--gan.generator.lr {rates[0].lr / 4:g} --gan.discriminator.lr {rates[1].lr / 4:g}"
    if max(rate.beta1 for rate in rates) > 0.5:
        calmer += " --gan.generator.beta1 0.5 --gan.discriminator.beta1 0.5"
    return Trouble(
        CIRCLES,
        f"the discriminator's loss was {loss:.2f} in {_since(late)}, where {CHANCE:.2f} is that of one who guesses, "
        f"and the generator's between {min(theirs):.2g} and {max(theirs):.2g}",
        calmer,
    )


def dead(records: Sequence[Record], config: Config) -> Trouble | None:
    """One image whatever the latent, and always the same one."""
    sheets = _sheets(records, "change")
    if not sheets or max(max(sheet["variety"], sheet["change"]) for sheet in sheets) > 0.01:
        return None
    return Trouble(
        DEAD,
        f"all samples are one image, and it has not changed in {_since(sheets)}",
        f"--gan.generator.lr {config.gan.generator.lr / 4:g}, another --seed, or a generator with batch norm and "
        "leaky activations",
    )


def collapse(records: Sequence[Record], config: Config) -> Trouble | None:
    """The samples differ less and less, or never came to differ; or metrics fell that count their variety."""
    remedy = _apart(config)
    same = " of a class" * bool(config.model.classes)
    sheets = _sheets(records, "variety")
    if sheets:
        # noise varies, too: only samples that are near to the real images on average count
        most = max((min(r["variety"], 1.0) for r in records if "variety" in r and r["off"] < NEAR), default=0.0)
        values = [sheet["variety"] for sheet in sheets]
        fell = most > 0.3 and max(values[1:]) < 0.6 * most
        low = max(values) < 0.2 and values[-1] <= 1.1 * values[0]
        if fell or low:
            was = f", after {most:.2f}" if fell else ""
            evidence = f"samples{same} differ {values[-1]:.2f} times as much as real images{was}"
            return Trouble(COLLAPSE, evidence, remedy)
    for name in ("recall", "coverage", "distinct"):
        values = [record[name] for record in records if name in record]
        if len(values) >= SHEETS and max(values) > 0.1 and max(values[-2:]) < 0.5 * max(values):
            return Trouble(COLLAPSE, f"{name} fell from {max(values):.2f} to {values[-1]:.2f}", remedy)
    return None


def one_class(records: Sequence[Record], config: Config) -> Trouble | None:
    """One class is made in one way only, or not at all, while the others are well: means hide it."""
    sheets = _sheets(records, "variety_worst")
    if sheets:
        values = [sheet["variety_worst"] for sheet in sheets]
        alone = all(sheet["variety_worst"] < 0.4 * sheet["variety"] for sheet in sheets)
        if max(values) < 0.2 and alone and values[-1] < values[0] + 0.02:
            which, others = sheets[-1]["class_worst"], sheets[-1]["variety"]
            differ = f"samples of class {which:.0f} differ {values[-1]:.2f} times as much as real images of it"
            return Trouble(CLASS, f"{differ}, those of all classes {others:.2f} times", _apart(config))
    for name, little, words in (("agreement", 0.1, "are recognised as it"), ("distinct", 0.2, "are no repetition")):
        measured = [record for record in records if f"{name}_worst" in record][-2:]
        if len(measured) == 2 and all(record[f"{name}_worst"] <= little < 0.5 < record[name] for record in measured):
            share = measured[-1][f"{name}_worst"]
            return Trouble(CLASS, f"{share:.0%} of the samples of one {words}", _apart(config))
    return None


def labels_ignored(records: Sequence[Record], config: Config) -> Trouble | None:
    """Samples vary, but not with the class that was asked for."""
    evidence, sheets = "", _sheets(records, "told")
    if sheets and sheets[-1]["step"] >= 2 * STEPS:
        values = [sheet["told"] for sheet in sheets]
        if max(values) < 0.25 and values[-1] <= values[0] + 0.05:
            evidence = f"the classes explain {values[-1]:.2f} times as much of the samples as of real images"
    measured = [record["agreement"] for record in records if "agreement" in record][-SHEETS:]
    if not evidence and len(measured) == SHEETS and max(measured) < 2 / (config.model.classes or 1):
        evidence = f"{measured[-1]:.0%} of the samples are taken for the class that was asked for"
    if not evidence:
        return None
    return Trouble(
        "the labels are ignored",
        evidence,
        "a discriminator that reads them (a projection, as in the model `subpixel`, or a class head, as in `acgan`), "
        "--gan.auxiliary.generator 2 where there is a head, or a smaller --latent.size",
    )


def copying(records: Sequence[Record], config: Config) -> Trouble | None:
    """Samples are training images."""
    sheets = _sheets(records, "copied")
    if not sheets or min(sheet["copied"] for sheet in sheets[1:]) < 0.25:
        return None
    return Trouble(
        "samples are copies",
        f"{sheets[-1]['copied']:.0%} of the samples lie at one training image, as 1 % of the real ones do",
        "more images, or --gan.augment flip,shift as far as they make sense, or a shorter training; "
        "`elegans nearest RUN` shows them",
    )


def _apart(config: Config) -> str:
    """The remedy for samples that are too much alike."""
    return (
        f"--gan.spread {config.gan.spread + 0.1:g}, or smaller learning rates, --gan.generator.lr "
        f"{config.gan.generator.lr / 2:g} --gan.discriminator.lr {config.gan.discriminator.lr / 2:g}"
    )


def _late(records: Sequence[Record], name: str) -> list[Record]:
    """The records of the last steps that have it; none where there are not yet enough."""
    found = [record for record in records if name in record]
    late = [record for record in found if found[-1]["step"] - record["step"] < STEPS]
    late = late if len(late) >= RECORDS else found[-RECORDS:]
    return late if len(late) >= RECORDS and found[-1]["step"] >= STEPS else []


def _sheets(records: Sequence[Record], name: str) -> list[Record]:
    """The last records of sheets that have it; none where there are not yet enough."""
    found = [record for record in records if name in record]
    return found[-SHEETS:] if len(found) > SHEETS and found[-1]["step"] >= STEPS else []


def _since(records: Sequence[Record]) -> str:
    return f"the last {len(records)} records, up to step {records[-1]['step']:.0f}"


def history(records: Sequence[Record], config: Config) -> list[tuple[int, Trouble]]:
    """Each trouble of a run with the step at which it was first seen."""
    found: dict[str, tuple[int, Trouble]] = {}
    for end in range(1, len(records) + 1):
        for trouble in diagnose(records[:end], config):
            found.setdefault(trouble.name, (int(records[end - 1]["step"]), trouble))
    return list(found.values())
