"""Whether this container's process does its work; exits with 0 where it does.

Run by the container engine with `-S -E`: the standard library alone, a tenth of a second.
A web process is asked over HTTP; one without a port has written a file lately. To start
another program costs more than to wait a little: with a number of seconds as the last
argument, one that is not well yet is asked again and again for so long.
"""

from __future__ import annotations

import os
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

SILENT_SECONDS = 30.0
AGAIN_SECONDS = 0.25


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


def finding(target: str) -> str:
    """Return what is wrong with a file's path or a port, or nothing."""
    if target.startswith("/"):
        return beat_check(Path(target))
    return web_check(int(target.rpartition(":")[2]))


def main(arguments: list[str]) -> int:
    """Check what the container is told to check: a file's path, or a port."""
    target = os.environ.get("GUNICORN_BIND", ":8000")
    seconds = "0"
    if arguments and arguments[-1].isdecimal():
        *arguments, seconds = arguments
    if arguments:
        [target] = arguments
    until = time.monotonic() + int(seconds)
    while (found := finding(target)) and time.monotonic() < until:
        time.sleep(AGAIN_SECONDS)
    if found:
        print(found, file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
