"""What a command shows on a terminal: steps with a bar on stderr, results on stdout."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from training.models.customer_model import Progress as Step

WIDTH = 160
"""Columns of a table that goes to a file or another program."""


@contextmanager
def steps(total_count: int) -> Iterator[Step]:
    """A function to call at the start of each of so many steps; draws a bar on a terminal only."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("starting", total=total_count)
        started = 0

        def step(name: str) -> None:
            nonlocal started
            # A step that begins means that the one before it is done.
            bar.update(task, description=name, completed=started)
            started += 1

        yield step
        bar.update(task, completed=total_count)


def terminal_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as wide as the terminal, or of 160 columns where there is none."""
    table = Table(*header, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        # Escaped, because a name may hold what rich reads as a mark.
        table.add_row(*(escape(cell) for cell in row))
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=WIDTH)
    with console.capture() as captured:
        console.print(table)
    lines = captured.get().splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    r"""The same as Markdown.

    >>> print(markdown_table(["a", "b"], [["1", "x | y"]]))
    | a | b |
    |---|---|
    | 1 | x \| y |
    """
    lines = [header, *rows]
    told = ["| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines]
    return "\n".join([told[0], "|---" * len(header) + "|", *told[1:]])
