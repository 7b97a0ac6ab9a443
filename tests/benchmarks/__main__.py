"""Runs all benchmarks, one after the other, and prints one table.

python -m tests.benchmarks
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.benchmarks.report import AS_LINES, Figure, figures_read, table_print
from tests.benchmarks.service import ROOT


def main() -> int:
    """Run them; returns 1 when a target was missed or a benchmark failed."""
    found: dict[str, list[Figure]] = {}
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"{path.stem} …", file=sys.stderr)
        # A process for each: what one has loaded must not speed up or slow the next.
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", f"tests.benchmarks.{path.stem}", AS_LINES],
            cwd=ROOT,
            check=False,
            stdout=subprocess.PIPE,
            text=True,
        )
        failed = Figure("failed", f"exit code {done.returncode}", met=False)
        title = path.stem.removeprefix("bench_")
        figures = figures_read(done.stdout.splitlines())
        found[title] = [*figures, *([failed] if done.returncode else [])]
    table_print(found)
    return int(any(one.met is False for some in found.values() for one in some))


if __name__ == "__main__":
    sys.exit(main())
