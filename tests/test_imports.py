"""Imports point down, files of one folder leave each other alone, and what should start fast imports no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import elegans

PACKAGE = Path(elegans.__file__).parent
LAYERS = [  # each may import from the rows below it only, which is why some of one kind stand in two
    "__main__",
    "cli viewer",
    "training",
    "invert loop manifold",
    "evaluate",
    "reference",
    "health watch explore compare export publish",
    "diagnose symptoms",
    "reconstruct",
    "attention curves methods metrics render",
    "batches run networks splits",
    "models data",
    "augment balance ema losses moments optimisers penalties recorded similarity ssim",
    "cpu find parallel tape",
    "seeds schedules images nearest stop tensors recipes",
    "config disk",
    "errors",
]
LEVEL = {name: -i for i, row in enumerate(LAYERS) for name in row.split()}
FILES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imported(file: Path) -> set[str]:
    """The modules of the package that a file imports anywhere in it, as `folder.name` or `name`."""
    found = set()
    for node in ast.walk(ast.parse((PACKAGE / file).read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "elegans"}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}: imports are absolute"
            if node.module and (PACKAGE.parent / node.module.replace(".", "/")).is_dir():
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
            elif node.module and node.module.startswith("elegans."):
                found.add(node.module)
    return {name.removeprefix("elegans.") for name in found} - {"elegans"}


@pytest.mark.parametrize("file", FILES, ids=str)
def test_imports_point_down(file: Path) -> None:
    place = file.parts[0].removesuffix(".py")
    assert place in LEVEL, f"say in LAYERS above where {place} stands"
    for name in imported(file):
        below, _, module = name.partition(".")
        if below == place:
            private = module.startswith("_") or file.name == "__init__.py"
            assert private, f"{file} imports {name}: files of one folder share only a private one"
        else:
            assert LEVEL[below] < LEVEL[place], f"{file} imports {name}, which is not below it"


@pytest.mark.parametrize("file", [f for f in FILES if f.parts[0] == "recipes"], ids=str)
def test_recipes_import_only_the_configuration(file: Path) -> None:
    assert imported(file) <= {"config"}


def test_the_public_names_are_there() -> None:
    assert all(hasattr(elegans, name) for name in elegans.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = elegans.nothing


SLOW = {"torch", "matplotlib", "safetensors"}


@pytest.mark.parametrize(
    "code",
    [
        "import elegans",
        "import elegans.config, elegans.find, elegans.errors, elegans.images, elegans.run",
        *(
            f"from elegans.cli import main; main({words!r})"
            for words in (
                ["--help"],
                ["--version"],
                ["train", "--help"],
                ["recipes"],
                ["recipes", "demo"],
                ["data"],
                ["train", "demo", "--bach", "3"],
                ["sample"],
            )
        ),
    ],
)
def test_what_should_be_fast_imports_no_torch(code: str) -> None:
    program = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "elegans" in loaded
    assert not loaded & SLOW
