"""What the image is, and what its containers may do."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from typing import TYPE_CHECKING

from tests.stack.compose import (
    DOCKER,
    LASTING,
    StackError,
    command,
    pss_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.stack.compose import Stack

    type Say = Callable[[str], None]

SHELLS = re.compile(r"(^|/)(sh|bash|dash|ash|zsh|ksh|busybox|toybox)$")
SECRET_NAMES = ("SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "CREDENTIALS_KEY")
USER = "65532"
ENTRY = [
    "/app/.venv/bin/gunicorn",
    "config.asgi:application",
    "-c",
    "/app/config/gunicorn.conf.py",
]


def check(tag: str, env: Path, say: Say) -> None:
    """Look at the image itself.

    Raises:
        StackError: It is not as it must be.
    """
    [found] = json.loads(command(DOCKER, "image", "inspect", tag))
    config = found["Config"]
    if config["Entrypoint"] != ENTRY:
        raise StackError(f"the entry point is {config['Entrypoint']}")
    if not str(config["User"]).startswith(USER):
        raise StackError(f"the image runs as {config['User'] or 'root'}")
    names = _files(tag)
    if shells := [name for name in names if SHELLS.search(name)]:
        raise StackError(f"there is a shell in the image: {shells}")
    if private := [
        n for n in names if n.endswith(("/.env", ".git/config", ".sqlite3"))
    ]:
        raise StackError(f"the image holds what is not to be given away: {private}")
    history = command(
        DOCKER, "history", "--no-trunc", "--format", "{{.CreatedBy}}", tag
    )
    given = dict(
        line.split("=", 1) for line in env.read_text().splitlines() if "=" in line
    )
    told = [
        n for n in SECRET_NAMES if given[n] in history or given[n] in str(config["Env"])
    ]
    if told or re.search(r"(?i)(password|secret_key|_key)=[^\s$\"&]{8,}", history):
        raise StackError(f"a secret is in the image's history: {told}")
    say(
        f"image: {found['Size'] / 1e9:.2f} GB, user {config['User']}, "
        f"{len(names):,} files, no shell, no secret in its history"
    )


def containers_check(stack: Stack, say: Say) -> None:
    """Look at the running containers.

    Raises:
        StackError: One runs as root, may write to its root, or holds a privilege.
    """
    used = {
        service: sum(
            _container_check(stack, service, container)
            for container in stack.containers(service)
        )
        for service in LASTING
    }
    say("containers: no process as root, no writable root, no new privileges")
    each = ", ".join(f"{name} {size / 1e6:,.0f}" for name, size in used.items())
    total = sum(used.values()) / 1e6
    say(f"idle: {total:,.0f} MB in all (1,200), proportional set size: {each}")
    _published_check(stack, say)


def _container_check(stack: Stack, service: str, container: str) -> int:
    [found] = json.loads(command(DOCKER, "inspect", container))
    host = found["HostConfig"]
    processes = stack.processes(container)
    if roots := [args for uid, _, args in processes if uid == 0]:
        raise StackError(f"{service} has a process of root: {roots}")
    if not host["ReadonlyRootfs"]:
        raise StackError(f"{service} may write to its root")
    if (
        host["CapDrop"] != ["ALL"]
        or "no-new-privileges:true" not in host["SecurityOpt"]
    ):
        raise StackError(f"{service} keeps privileges: {host['CapDrop']}")
    if not host["Memory"] or host["LogConfig"]["Config"].get("max-size") is None:
        raise StackError(f"{service} has no bound on memory or on its log")
    return sum(pss_bytes(pid) for _, pid, _ in processes)


def _published_check(stack: Stack, say: Say) -> None:
    published = {
        service: ports
        for service in LASTING
        for container in stack.containers(service)
        if (ports := command(DOCKER, "port", container).strip())
    }
    if set(published) != {"nginx"}:
        raise StackError(f"only nginx may publish ports: {published}")
    say("network: only nginx publishes ports; database and Redis have no way out")


def _files(tag: str) -> list[str]:
    """Return the paths of everything in the image, as its own file system has it."""
    container = command(DOCKER, "create", tag).strip()
    process = _export(container)
    try:
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            return [member.name for member in archive]
    finally:
        process.wait()
        command(DOCKER, "rm", container)


def _export(container: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603
        [DOCKER, "export", container], stdout=subprocess.PIPE
    )
