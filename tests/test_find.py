"""A name is a file; what is not there is answered with the nearest that is."""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from elegans import Config, Recipe, RequestError, find
from elegans.errors import nearest

KINDS = ["recipes", "models", "data", "methods"]
PACKAGE = Path(find.__file__).parent


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_files(kind: str) -> None:
    known = find.names(kind)
    assert known == sorted(known)
    assert known
    for name in known:
        assert (PACKAGE / kind / f"{name.replace('-', '_')}.py").is_file()
        assert not name.startswith("_")
        assert find.find(kind, name).__doc__


@pytest.mark.parametrize("kind", ["models", "data", "methods"])
def test_every_part_has_a_build(kind: str) -> None:
    assert all(callable(find.find(kind, name).build) for name in find.names(kind))


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("recipes", "vanila", "there is no recipe 'vanila'; did you mean 'vanilla'?"),
        ("models", "shalow", "there is no model 'shalow'; did you mean 'shallow'?"),
        ("data", "ring", "there is no data set 'ring'; did you mean 'rings'?"),
        ("methods", "gans", "there is no method 'gans'; did you mean 'gan'?"),
        ("recipes", "", "there is no recipe ''; there are: "),
        ("recipes", "../config", "there is no recipe '../config'; there are: "),
        ("models", "_blocks", "there is no model '_blocks'"),
        ("recipes", "__init__", "there is no recipe '__init__'"),
    ],
)
def test_a_name_that_is_not_there(kind: str, name: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        find.find(kind, name)
    assert message in str(caught.value)


def test_nearest() -> None:
    assert nearest("hing", ["hinge", "minimax"]) == "; did you mean 'hinge'?"
    assert nearest("xyz", ["hinge", "minimax"]) == "; there are: hinge, minimax"
    assert nearest("xyz", []) == ""


def test_a_recipe_by_name_config_and_object() -> None:
    by_name = find.recipe("vanilla")
    assert by_name.name == by_name.config.recipe == "vanilla"
    assert find.recipe(by_name) == by_name
    assert find.recipe(by_name.config).config == by_name.config
    assert find.recipe(Recipe("mine", Config())).config.recipe == "mine"


OWN = '"""Mine.\n\nSource: me.\n"""\nfrom elegans.config import Config\n\nrecipe = Config(seed=3)\n'


def test_a_recipe_file(tmp_path: Path) -> None:
    (tmp_path / "my_own.py").write_text(OWN)
    own = find.recipe(tmp_path / "my_own.py")
    assert own == find.recipe(str(tmp_path / "my_own.py"))
    assert (own.name, own.config.seed, own.config.recipe, own.build) == ("my_own", 3, "my_own", None)
    assert own.about.startswith("Mine.")
    assert own.config.model.name == Config().model.name


def test_a_recipe_file_with_networks(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN + "\ndef build(shape, classes, latent):\n    return {}\n")
    own = find.recipe(tmp_path / "mine.py")
    assert own.config.model.name == "recipe"
    assert own.build is not None
    assert own.build((1, 8, 8), 0, 3) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no recipe file .*mine.py"),
        ("x = 1", "mine.py holds no recipe: it needs a line `recipe = Config"),
        ("recipe = 3", "mine.py holds no recipe"),
        ("import nothing_like_it", "mine.py does not run: ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("recipe = (", "mine.py does not run: SyntaxError"),
        ("from elegans.config import Config\nrecipe = Config(bach=3)", r"mine\.py: there is no field 'bach'$"),
        (
            "from elegans.config import Gan\nGan(r1=-1)",
            r"mine\.py: r1 = -1: input should be greater",
        ),
    ],
)
def test_a_recipe_file_that_does_not_work(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "mine.py").write_text(text)
    with pytest.raises(RequestError, match=message):
        find.recipe(tmp_path / "mine.py")


def test_facts_of_a_docstring() -> None:
    about = (
        "What it is.\n\nSource: a book,\n    page 3.\nCommand: elegans train x\nMinutes: 3\nNote: no\n\nResult: good"
    )
    assert find.facts(about) == {
        "source": "a book, page 3.",
        "command": "elegans train x",
        "minutes": "3",
        "result": "good",
    }
    assert find.facts("Nothing.") == {"minutes": "", "result": ""}
    assert find.first_line(about) == "What it is"


def test_settings_are_read_by_the_types_of_the_signature() -> None:
    def build(root: str, n: Annotated[int, Field(gt=0)] = 1, fast: bool = False) -> tuple[str, int, bool]:
        return root, n, fast

    assert find.call(build, "data", {"n": "7", "fast": "yes"}, root="here") == ("here", 7, True)
    for settings, message in (
        ({"n": "x"}, r"data\.n = 'x': input should be a valid integer"),
        ({"n": 0}, r"data\.n = 0: input should be greater than 0"),
        ({"fats": 1}, r"there is no field 'data\.fats'; did you mean 'data\.fast'"),
    ):
        with pytest.raises(RequestError, match=message):
            find.call(build, "data", settings, root="here")


def test_a_setting_that_is_text_may_look_like_a_number() -> None:
    def build(kind: str) -> str:
        return kind

    assert find.call(build, "model", {"kind": 7}) == "7"
