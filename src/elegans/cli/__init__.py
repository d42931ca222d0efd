"""The command `elegans`: a file in this folder is a command. Nothing here imports torch before it is needed."""

import os
import sys
from importlib import import_module
from pathlib import Path

from cyclopts import App, CycloptsError

from elegans.errors import Failure, RequestError


def app() -> App:
    """All commands: `name` is the function (or the App) of that name in `cli/name.py`."""
    made = App(
        name="elegans",
        help="Small generative models, finished: train, sample and play with them on a laptop CPU.",
        help_epilogue="Begin with: elegans train demo   Then: elegans recipes",
        version=_version,
        suppress_keyboard_interrupt=False,  # a training that was stopped has something to say
    )
    for file in sorted(Path(__file__).parent.glob("[!_]*.py")):
        made.command(getattr(import_module(f"elegans.cli.{file.stem}"), file.stem), name=file.stem)
    return made


def main(arguments: list[str] | None = None) -> None:
    """Run the command; every error is one line. Exit codes: 0, 1 a failure, 2 a wrong request, 130 and 143 stopped."""
    words = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        app()(words, exit_on_error=False, print_error=False)
    except BaseException as error:
        if debug and not isinstance(error, SystemExit):
            raise
        if isinstance(error, CycloptsError) and words and words[0] in _recipes():
            error = RequestError(f"{words[0]!r} is a recipe: elegans train {' '.join(words)}")
        _end(error)


def _end(error: BaseException) -> None:
    if isinstance(error, SystemExit):
        raise error
    text, code = " ".join(str(error).split()), 1
    if isinstance(error, RequestError | CycloptsError):
        code = 2
    elif isinstance(error, KeyboardInterrupt):  # a training that was stopped says with which signal
        text, code = text or "stopped", getattr(error, "code", 130)
    elif isinstance(error, BrokenPipeError):
        code = 0
    elif not isinstance(error, Failure):
        text = f"{type(error).__name__}: {text or 'no reason given'}. Add --debug to see where"
    if code and os.environ.get("RANK", "0") == "0":  # of the processes of torchrun one is enough
        print(f"elegans: {text}", file=sys.stderr)
    sys.exit(code)


def _recipes() -> list[str]:
    from elegans.find import names

    return names("recipes")


def _version() -> str:
    from importlib.metadata import version

    return version("elegans")
