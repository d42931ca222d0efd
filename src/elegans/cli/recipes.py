"""`elegans recipes`."""


def recipes(name: str | None = None, /) -> None:
    """List the recipes, or show one: what it is, what to expect, and every field with its value.

    For example:

    elegans recipes

    elegans recipes vanilla

    Parameters
    ----------
    name
        Of a recipe, or the path of a recipe file.
    """
    from rich.console import Console
    from rich.table import Table

    from elegans import find
    from elegans.config import describe, flatten

    console = Console(highlight=False)
    if name is None:
        table = Table("recipe", "what", "data", "minutes", "result", box=None, header_style="bold", pad_edge=False)
        for known in find.names("recipes"):
            recipe = find.recipe(known)
            facts = find.facts(recipe.about)
            what, data = find.first_line(recipe.about), recipe.config.data.name
            cut = " *" * ("--minutes" in facts["command"] and recipe.config.minutes != float(facts["minutes"]))
            table.add_row(known, what, data, facts["minutes"] + cut, facts["result"].partition(";")[0])
        console.print(table)
        console.print("\n* with --minutes, as `elegans recipes NAME` says; its own length is another, often of hours.")
        console.print("\n`elegans recipes NAME` shows one, `elegans train NAME` trains it.")
        return
    recipe = find.recipe(name)
    console.print(recipe.about, markup=False)
    console.print("\nFields, each a flag of `elegans train`:\n")
    table = Table(box=None, show_header=False, pad_edge=False)
    for field, value in flatten(recipe.config).items():
        if field not in ("format", "recipe"):
            table.add_row(f"--{field}", str(value), describe(field))
    console.print(table)
