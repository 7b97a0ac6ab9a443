"""The lock that the image is made of, against known vulnerabilities.

    python -m tests.stack.audit requirements.lock

Ends with 1 where a locked version is known to be vulnerable. Where the index of
vulnerabilities cannot be asked, it says so and ends with 0: nothing was shown then.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

# Findings that were looked at and do not concern this service, by their id, with why.
ACCEPTED: dict[str, str] = {}


def audit(lock: str) -> list[dict[str, Any]]:
    """Return what pip-audit says of each locked package; empty where it cannot say."""
    done = subprocess.run(  # noqa: S603
        [
            sys.executable, "-m", "pip_audit", "--requirement", lock,
            "--require-hashes", "--disable-pip", "--progress-spinner", "off",
            "--format", "json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return []
    return found


def main(lock: str) -> int:
    """Print what was found; return the exit code."""
    packages = audit(lock)
    asked = [one for one in packages if "skip_reason" not in one]
    if not asked:
        print("   pip-audit: the index of vulnerabilities cannot be asked from here")
        return 0
    findings = [
        f"{one['name']} {one['version']}: {vulnerability['id']}, mended in "
        f"{', '.join(vulnerability['fix_versions']) or 'no version'}"
        for one in asked
        for vulnerability in one["vulns"]
        if vulnerability["id"] not in ACCEPTED
    ]
    for finding in findings:
        print(f"   {finding}", file=sys.stderr)
    print(f"   pip-audit: {len(asked)} of {len(packages)} asked, {len(findings)} found")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
