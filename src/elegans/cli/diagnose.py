"""`elegans diagnose`."""

from pathlib import Path


def diagnose(run: Path, /) -> None:
    """Say what went wrong in a run, when, by which evidence, and what to try; a training says the same on its way.

    For example:

    elegans diagnose runs/a

    Parameters
    ----------
    run
        The run folder.
    """
    from elegans import diagnose as of
    from elegans.run import Run

    found = Run(run)
    records = found.records()
    troubles = of.history(records, found.config)
    now = {trouble.name for trouble in of.diagnose(records, found.config)}
    for step, trouble in troubles:
        print(f"step {step}: {trouble}{'' if trouble.name in now else '. It passed'}")
    if not troubles:
        steps = int(records[-1]["step"]) if records else 0
        if steps < of.STEPS:
            print(f"{run} is too short to judge: {steps} steps, of which at least {of.STEPS} are looked at together")
            return
        seen = "; its samples were looked at, too" if any("variety" in record for record in records) else ""
        print(f"nothing wrong is known of {run}: {len(records)} records{seen}")
