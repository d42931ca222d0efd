"""`elegans data`."""

from typing import Any

from cyclopts import App

data = App(name="data")


@data.default
def show(name: str | None = None, /) -> None:
    """List the data sets, or show one: what each is, its terms, and whether it is here.

    For example: `elegans data`, `elegans data get mnist`, `elegans data check mnist --root ~/mnist`

    Parameters
    ----------
    name
        Of a data set.
    """
    from rich.console import Console
    from rich.table import Table

    from elegans import find

    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, width=1000)  # a line a set, so that it can be searched
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("name", no_wrap=True)
    for column in ("what", "count", "from", "licence", "here"):
        table.add_column(column, overflow="fold")
    if name is not None:
        module = find.find("data", name)
        about = module.about
        print(f"{name}: {find.first_line(module.__doc__ or '')}")
        rows = {"count": about.count, "from": about.source, "licence": _licence(about), "here": _here(module)}
        print("\n".join(f"  {word:9}{value}" for word, value in rows.items()))
        return
    for name in find.names("data"):
        module = find.find("data", name)
        about = module.about
        what = find.first_line(module.__doc__ or "")
        table.add_row(name, what, about.count, about.source, _licence(about), _here(module))
    console.print(table)


@data.command
def get(name: str, /) -> None:
    """Show the terms of a data set, then download what is not here into the cache.

    For example: `elegans data get fashion`

    Parameters
    ----------
    name
        Of the data set.
    """
    from elegans import find

    module = find.find("data", name)
    files = getattr(module, "files", None)
    print(f"{name}: {module.about.source}")
    print(f"licence: {_licence(module.about)}")
    if files is None or files.home:
        print(f"nothing to get: {_here(module)}")
        return
    files = files.form()
    for file in files.sha256:
        print(f"{file}: {files.get(file)[0]}")


@data.command
def check(name: str, /, *, root: str | None = None) -> None:
    """Check the content of each file of a data set, a line a file; exit with 1 if one is broken or missing.

    For example: `elegans data check mnist`

    Parameters
    ----------
    name
        Of the data set.
    root
        The folder that holds the files, where they are not in ELEGANS_DATA or in the cache.
    """
    from elegans import find
    from elegans.errors import Failure

    module = find.find("data", name)
    files = getattr(module, "files", None)
    if files is None:
        print(f"nothing to check: {_here(module)}")
        return
    files, bad = files.form(root), 0
    for file, digest in files.sha256.items():
        try:
            found = files.find(file, root)
            line = f"good     {file}  sha256 {digest}  {found[0]}" if found else f"missing  {file}"
        except Failure as error:
            found, line = None, f"bad      {file}  {error}"
        bad += not found
        print(line)
    if bad:
        hint = files.hint or f"what is missing is downloaded by `elegans data get {name}`"
        if root is not None and not files.inside(root):
            hint = f"{root} holds none of them"
        raise Failure(f"{bad} of {len(files.sha256)} files of {name} are missing or bad; {hint}")


def _licence(about: Any) -> str:
    return str(about.licence) if about.free else f"{about.licence} (not free)"


def _here(module: Any) -> str:
    """Where a data set is, or that it is not here."""
    files = getattr(module, "files", None)
    if files is None:
        return str(module.about.here)
    if files.home:
        return "part of the package"
    files = files.form()
    paths = files.paths()
    if not paths:
        return "not here"
    folders = ", ".join(sorted({str(path.parent) for path in paths.values()}))
    return f"{'' if len(paths) == len(files.sha256) else f'{len(paths)} of {len(files.sha256)} files '}in {folders}"
