"""What a command shows on a terminal: steps with a bar on stderr, results on stdout."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from training.models.customer_model import Progress as Step


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
