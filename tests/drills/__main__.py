"""Runs all drills on every database there is, and prints one table.

python -m tests.drills [--quick] [name…]

SQLite always; PostgreSQL where DATABASE_URL names one. `make drills` brings a PostgreSQL
and a Redis of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.report import AS_LINES, Figure, figures_read, table_print
from tests.benchmarks.service import ROOT

QUICK = "--quick"


def main() -> int:
    """Run them; returns 1 when a promise was not kept or a drill failed."""
    names = [one for one in sys.argv[1:] if not one.startswith("--")]
    quick = [QUICK] if QUICK in sys.argv[1:] else []
    given = os.environ.get("DATABASE_URL", "")
    databases = {"SQLite": "", "PostgreSQL": given}
    if not given.startswith("postgres"):
        del databases["PostgreSQL"]
        print("no PostgreSQL in DATABASE_URL: SQLite alone", file=sys.stderr)
    found: dict[str, list[Figure]] = {}
    for path in sorted(Path(__file__).parent.glob("drill_*.py")):
        name = path.stem.removeprefix("drill_")
        if names and name not in names:
            continue
        for database, address in databases.items():
            title = f"{name} on {database}"
            begun = time.monotonic()
            print(f"{title} …", end="", file=sys.stderr, flush=True)
            found[title] = _run(path.stem, address, quick)
            print(f" {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    table_print(found)
    return int(any(one.met is False for some in found.values() for one in some))


def _run(module: str, database: str, options: list[str]) -> list[Figure]:
    # A process for each: what one has broken must not be the next one's.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", f"tests.drills.{module}", AS_LINES, *options],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database},
        check=False,
        stdout=subprocess.PIPE,
        text=True,
    )
    figures = figures_read(done.stdout.splitlines())
    if done.returncode:
        figures.append(Figure("failed", f"exit code {done.returncode}", met=False))
    return figures


if __name__ == "__main__":
    sys.exit(main())
