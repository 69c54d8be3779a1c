"""Peers: libraries of others, each run in an environment of its own on the same purchases."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import pandas as pd

from benchmarks.environments import NotAvailable, python_of
from benchmarks.features_bench.runner import ONE_THREAD
from benchmarks.quality_bench.systems import Posed, Said

ROOT = Path(__file__).parents[2]
PEERS = {
    "lifetimes": ("lifetimes-bg-nbd", "lifetimes-pareto-nbd"),
    "pymc_marketing": ("pymc-bg-nbd", "pymc-bg-nbd-method", "pymc-pareto-nbd"),
}
"""Names of the systems that each environment runs."""
SYSTEMS = tuple(name for names in PEERS.values() for name in names)


def peer_systems(given: Posed, cache: Path) -> tuple[dict[str, Said], dict[str, str]]:
    """What the peers said, by name, and why each of the others said nothing."""
    said: dict[str, Said] = {}
    missing: dict[str, str] = {}
    for environment, names in PEERS.items():
        try:
            found, failed = _run(environment, given, cache)
        except NotAvailable as reason:
            missing |= dict.fromkeys(names, str(reason))
        else:
            said |= found
            missing |= failed
    return said, missing


def _run(environment: str, given: Posed, cache: Path) -> tuple[dict[str, Said], dict[str, str]]:
    """The peers of one environment. Raises NotAvailable if it cannot be made or run."""
    python = python_of(environment, cache)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given.purchases().to_csv(folder / "purchases.csv", index=False)
        command = [
            *(str(python), "-W", "ignore", "-m", f"benchmarks.quality_bench.peer_{environment}"),
            *("--summary", str(folder / "purchases.csv"), "--weeks", str(given.weeks)),
            *("--out", name, "--seed", str(given.seed)),
        ]
        # The name of the script beside us is that of a package: only the root may be searched.
        variables = os.environ | ONE_THREAD | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise NotAvailable(lines[-1])
        report = json.loads(done.stdout.splitlines()[-1])
        said = {
            name: Said(
                pd.read_csv(folder / f"{name}.csv", float_precision="round_trip"),
                told["cpu_seconds"],
                told["note"],
            )
            for name, told in report.items()
            if "failed" not in told
        }
    return said, {name: told["failed"] for name, told in report.items() if "failed" in told}
