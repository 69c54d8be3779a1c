"""Environments for peers whose libraries are not ours, made once below the cache folder."""

import subprocess
import sys
from pathlib import Path

# By the name of the module to import. Featuretools fails with pandas 3.
REQUIREMENTS = {
    "polars": ("polars>=1.30",),
    "featuretools": ("featuretools==1.31.*", "pandas<3", "pyarrow"),
    "lifetimes": ("lifetimes==0.11.3",),
    "pymc_marketing": ("pymc-marketing==0.19.2",),
}
READY = "ready.txt"


class NotAvailable(Exception):
    """An environment could not be made; the message is a sentence for the report."""


def python_of(environment: str, cache: Path) -> Path:
    """The interpreter of a peer's environment, ours for the empty name.

    Raises NotAvailable if it cannot be made, as on a machine without a package index.
    """
    if not environment:
        return Path(sys.executable)
    folder = cache / "environments" / environment
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not (folder / READY).exists():
        _make(environment, folder, python)
    return python.absolute()


def _make(environment: str, folder: Path, python: Path) -> None:
    wanted = REQUIREMENTS[environment]
    print(f"making an environment with {', '.join(wanted)}", flush=True)
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
        [str(python), "-W", "ignore", "-c", f"import {environment}"],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no message"]
            raise NotAvailable(f"{environment} could not be installed: {lines[-1]}")
    (folder / READY).write_text("\n".join(wanted), encoding="utf-8")
