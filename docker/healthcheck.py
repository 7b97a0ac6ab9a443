"""Whether this container's process does its work; exits with 0 where it does.

Run by the container engine with `-S -E`: the standard library alone, a tenth of a second.
A web process is asked over HTTP; one without a port has written a file lately.
"""

from __future__ import annotations

import os
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

SILENT_SECONDS = 30.0


def own_name(allowed_hosts: str) -> str:
    """Return a name that the service answers to."""
    for host in allowed_hosts.split(","):
        # A dot in front stands for all names below, a star for all there are.
        name = host.strip().removeprefix("*")
        if name:
            return f"probe{name}" if name.startswith(".") else name
    return "localhost"


def web_check(port: int) -> str:
    """Return what is wrong with the web server, or nothing."""
    host = own_name(os.environ.get("ALLOWED_HOSTS", ""))
    connection = HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", "/api/health/live/", headers={"Host": host})
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"it does not answer: {error}"
    finally:
        connection.close()
    return "" if status == 200 else f"it answered {status}"  # noqa: PLR2004


def beat_check(path: Path) -> str:
    """Return what is wrong with a process that writes a file, or nothing."""
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:
        return f"it has not begun to work: {path} is not there"
    return "" if age < SILENT_SECONDS else f"it has been silent for {age:.0f} s"


def main(arguments: list[str]) -> int:
    """Check what the container is told to check: a file's path, or a port."""
    if arguments and arguments[0].startswith("/"):
        finding = beat_check(Path(arguments[0]))
    else:
        bind = arguments[0] if arguments else os.environ.get("GUNICORN_BIND", ":8000")
        finding = web_check(int(bind.rpartition(":")[2]))
    if finding:
        print(finding, file=sys.stderr)
    return int(bool(finding))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
