"""What a benchmark ran on, in words for its page."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """The processor, as Linux names it, or the architecture; then the system."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else platform.machine()} ({platform.system()})"


def memory_gb() -> float:
    """Memory of the machine in gigabytes; NaN where the system does not say."""
    if not hasattr(os, "sysconf"):
        return float("nan")
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
