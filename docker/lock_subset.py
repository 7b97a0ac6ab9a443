"""Write those lines of requirements.lock that the chosen engines need.

Run in the image's builder. With all engines the lock is taken as it is; with fewer, the
same versions are resolved again without the others, and what is left keeps its hashes.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

# Asked for by an engine, imported by nothing here, and not in the lock: see `make lock`.
LEFT_OUT = {"polars", "polars-runtime-32"}
_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)")


def lock_blocks(text: str) -> dict[str, str]:
    """Return each package's lines, by its normalised name."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    return {_normalised(block): block for block in blocks}


def lock_subset(*, root: Path, engines: list[str]) -> str:
    """Return the lock's text for these engines.

    Args:
        root: Where pyproject.toml and requirements.lock are.
        engines: Names of extras.

    Raises:
        SystemExit: An engine is not known; known ones are named.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text())
    known = set(project["project"]["optional-dependencies"])
    unknown = sorted(set(engines) - known)
    if unknown:
        names = ", ".join(sorted(known))
        raise SystemExit(f"ENGINES: no engine {', '.join(unknown)}; known: {names}.")
    text = (root / "requirements.lock").read_text()
    if set(engines) == known:
        return text
    wanted = _resolve(root, engines)
    blocks = lock_blocks(text)
    lost = sorted(wanted - set(blocks) - LEFT_OUT)
    if lost:
        raise SystemExit(f"requirements.lock does not hold {', '.join(lost)}.")
    return "\n".join(block for name, block in blocks.items() if name in wanted) + "\n"


def _resolve(root: Path, engines: list[str]) -> set[str]:
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    command += [part for name in engines for part in ("--extra", name)]
    command += ["--constraint", "requirements.lock", "pyproject.toml"]
    done = subprocess.run(  # noqa: S603
        command, cwd=root, check=True, capture_output=True, text=True
    )
    return {_normalised(line) for line in done.stdout.splitlines() if line.strip()}


def _normalised(line: str) -> str:
    found = _NAME.match(line)
    if found is None:
        raise SystemExit(f"requirements.lock: this is no package: {line[:60]!r}")
    return re.sub(r"[-_.]+", "-", found.group(1)).lower()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", required=True, help="commas between; or none")
    names = parser.parse_args().engines
    chosen = [] if names == "none" else [name for name in names.split(",") if name]
    sys.stdout.write(lock_subset(root=Path.cwd(), engines=chosen))
