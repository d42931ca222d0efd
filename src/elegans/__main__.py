"""`python -m elegans` is the command."""

from elegans.cli import main

main()
