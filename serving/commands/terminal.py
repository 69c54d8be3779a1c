"""What a command shows on a terminal: steps with a bar on stderr, results on stdout."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

WIDTH = 160
"""Columns of a table that goes to a file or another program."""


class Steps:
    """To be called with its name when a step starts; `share` tells how much of it is done."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        """Steps shown by this bar."""
        self._bar, self._task = bar, task
        self._started_count = 0

    def __call__(self, name: str) -> None:
        """Begin a step: the one before it is done."""
        self._bar.update(self._task, description=name, completed=self._started_count)
        self._started_count += 1

    def share(self, share: float) -> None:
        """Tell how much of the step is done, from 0 to 1."""
        self._bar.update(self._task, completed=max(self._started_count - 1, 0) + share)


@contextmanager
def steps(total_count: int) -> Iterator[Steps]:
    """A function to call at the start of each of so many steps; draws a bar on a terminal only."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.3g}/{task.total}"),
        TimeElapsedColumn(),
    )
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("starting", total=total_count)
        yield Steps(bar, task)
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
