"""Starting: the CPU time of `ifmosfs --help`, against a Python that does nothing."""

from __future__ import annotations

import sys
from statistics import median

from benchmarks.measure import run
from benchmarks.rows import Row
from benchmarks.workplace import Scale, Workplace


def rows(scale: Scale, place: Workplace) -> list[Row]:
    """CPU seconds, user and system together."""
    n_rounds = 3 * scale.n_rounds
    used = median(place.ifmosfs("--help").cpu_seconds for _ in range(n_rounds))
    bare = median(run([sys.executable, "-c", "pass"]).cpu_seconds for _ in range(n_rounds))
    return [Row("`ifmosfs --help`, CPU time", 0, used, {"python -c pass": bare}, goal="< 150 ms")]
