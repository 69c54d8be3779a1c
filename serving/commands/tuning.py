"""The job of `regulars tune`: read, search for better trees, write them if there are any."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from features.errors import SettingsError
from features.ingestion import ingest
from features.settings import Settings
from features.tree_settings import TREES_NAME, load_trees, trees_text
from serving.business import DEMO
from serving.commands.jobs import alone, require_enough
from training.models.customer_model import Progress
from training.search import Budget
from training.tuning import Found, Tuned, tune

LOSSES = {"churn": "log loss", "value": "Tweedie deviance"}


@dataclass(frozen=True, slots=True)
class TuningReport:
    """What was found, and the file that it was written to; None if nothing was better."""

    tuned: Tuned
    written: Path | None
    is_named: bool

    def as_json(self) -> str:
        """All of it as JSON."""
        written = None if self.written is None else str(self.written)
        return json.dumps({**self.tuned.to_dict(), "written": written}, indent=2)

    def as_text(self) -> str:
        """For people: a line for each model, and what to do next."""
        lines = [_sentence(name, found) for name, found in self.tuned.found.items()]
        if self.written is None:
            return "\n".join([*lines, "Nothing is written: no trees beat those in use."])
        text = f"Written to {self.written}. "
        if not self.is_named:
            text += f"Name it in the settings, with trees: {self.written.name}. "
        return "\n".join([*lines, text + "Then train again with: regulars train"])


def place_of_trees(settings: Settings, name: str, out: Path | None) -> Path:
    """Where better trees go: `out`, the file of the settings, or a new one beside them.

    `name` is that of the settings. Raises SettingsError for a file that is there and that the
    settings do not name: it may be somebody's own work.
    """
    beside = Path() if name == DEMO else Path(name).parent
    place = out or settings.trees or beside / TREES_NAME
    is_named = settings.trees is not None and place.resolve() == settings.trees.resolve()
    if place.exists() and not is_named:
        message = (
            f"{place} is there already, and the settings do not name it. Name it with "
            f"trees: {place.name}, move it away, or write elsewhere with --out."
        )
        raise SettingsError(message)
    return place


def tuning_job(
    settings: Settings, budget: Budget, *, out: Path, today: date, progress: Progress
) -> TuningReport:
    """Read, search, and write what is better. Raises NotEnoughData where nothing can be tried."""
    load_trees(settings.trees)  # refused before anything is read
    with alone(settings):
        progress("reading")
        ingested = ingest(settings, today=today)
        require_enough(settings, ingested)
        tuned = tune(settings, ingested.histories, budget, progress=progress)
        if tuned.is_better:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(_head(tuned) + trees_text(tuned.trees), encoding="utf-8")
    is_named = settings.trees is not None and out.resolve() == settings.trees.resolve()
    return TuningReport(tuned, out if tuned.is_better else None, is_named)


def _head(tuned: Tuned) -> str:
    """What was found, as comments of the file."""
    lines = ["How the models' trees are grown; found by regulars tune."]
    lines += [_sentence(name, found) for name, found in tuned.found.items()]
    return "".join(f"# {line}\n" for line in lines)


def _sentence(name: str, found: Found) -> str:
    tried = f"{found.trials_count} tried on {' and '.join(found.cutoffs)}"
    if found.best == found.start:
        return f"{name}: {tried}, none has a lower {LOSSES[name]} than {found.start_loss:.4f}."
    verdict = "better by more than chance" if found.is_better else "by chance perhaps: not taken"
    return (
        f"{name}: {tried}, {LOSSES[name]} {found.start_loss:.4f} before, {found.best_loss:.4f} "
        f"now; {found.gain:.4f} lower with a standard error of {found.error:.4f}, of which "
        f"{found.errors_needed:.1f} are needed among so many: {verdict}."
    )
