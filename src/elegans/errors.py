"""The two ways a request can end badly; both are one clear line for a person, never a traceback."""

from difflib import get_close_matches


class RequestError(ValueError):
    """What was asked for cannot be: a name, a type, a range, a contradiction. The command exits with 2."""


class Failure(RuntimeError):
    """What was asked for is right and did not work out: a file, a disk, a network. The command exits with 1."""


def nearest(word: str, known: list[str]) -> str:
    """`"; did you mean 'vanilla'?"` if one of the `known` words is close to `word`, else the short list of them."""
    if close := get_close_matches(word, known, n=1, cutoff=0.5):
        return f"; did you mean {close[0]!r}?"
    return f"; there are: {', '.join(known)}" if known else ""
