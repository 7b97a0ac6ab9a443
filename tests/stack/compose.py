"""A compose project of its own, driven from outside as its administrator would."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

# The client of the engine's own package: another one may ask for plugins.
DOCKER = "/usr/bin/docker" if shutil.which("/usr/bin/docker") else "docker"
LASTING = (
    "db",
    "redis",
    "app",
    "streams",
    "worker",
    "feed",
    "scheduler",
    "trading",
    "nginx",
)
HEALTHY_SECONDS = 120.0


class StackError(AssertionError):
    """Something of the stack is not as it must be."""


def command(*parts: str, **options: Any) -> str:
    """Run a program; return what it printed, or say what it complained about.

    Raises:
        StackError: It failed.
    """
    done = subprocess.run(  # noqa: S603
        parts, check=False, capture_output=True, text=True, **options
    )
    if done.returncode != 0:
        said = (done.stderr + done.stdout).strip()[-2000:]
        raise StackError(f"{' '.join(parts[:8])} ended with {done.returncode}:\n{said}")
    return str(done.stdout)


class Stack:
    """One run of the stack.

    Args:
        root: Where docker-compose.yml is.
        project: The compose project's name.
        env: What `.env` is to hold, as text.
    """

    def __init__(self, root: Path, project: str, env: Path) -> None:
        self.root = root
        self.project = project
        self._env = env

    def compose(self, *parts: str, **options: Any) -> str:
        """Run a compose command in the project."""
        return command(*self.program(), *parts, cwd=self.root, **options)

    def program(self) -> list[str]:
        """Return the compose command with its options."""
        if shutil.which("docker-compose"):
            program = ["docker-compose"]
        else:
            program = ["docker", "compose"]
        return [*program, "-p", self.project, "--env-file", str(self._env)]

    def manage(self, *parts: str, **environment: str) -> str:
        """Run an admin task as `docker compose run --rm manage …` does."""
        given = [part for n, v in environment.items() for part in ("-e", f"{n}={v}")]
        return self.compose("run", "--rm", "-T", *given, "manage", *parts)

    def containers(self, service: str) -> list[str]:
        """Return the ids of a service's containers."""
        return self.compose("ps", "-q", service).split()

    def health(self, container: str) -> str:
        """Return `healthy`, `starting` or `unhealthy`."""
        shown = "{{.State.Health.Status}}"
        return command(DOCKER, "inspect", "--format", shown, container).strip()

    def wait_healthy(self, *services: str, seconds: float = HEALTHY_SECONDS) -> float:
        """Wait until all are healthy; return the seconds.

        Raises:
            StackError: One is not in time; its last words are in the message.
        """
        started = time.monotonic()
        waiting = set(services or LASTING)
        while time.monotonic() - started < seconds:
            waiting -= {name for name in waiting if self._is_healthy(name)}
            if not waiting:
                return time.monotonic() - started
            time.sleep(0.3)
        logs = self.compose("logs", "--tail", "20", *sorted(waiting))
        raise StackError(f"not healthy after {seconds:.0f} s: {waiting}\n{logs}")

    def _is_healthy(self, service: str) -> bool:
        found = self.containers(service)
        return bool(found) and all(self.health(id_) == "healthy" for id_ in found)

    def processes(self, container: str) -> list[tuple[int, int, str]]:
        """Return user, process id on this machine, and command of each process."""
        lines = command(DOCKER, "top", container, "-eo", "uid,pid,args").splitlines()[
            1:
        ]
        rows = (line.split(None, 2) for line in lines)
        return [(int(uid), int(pid), args) for uid, pid, args in rows]

    def down(self) -> None:
        """Stop and remove everything of the project."""
        self.compose("down", "-v", "--remove-orphans", "--timeout", "30")


def pss_bytes(pid: int) -> int:
    """Return a process's proportional set size; 0 where it has ended since, as probes do."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = [line for line in told.splitlines() if line.startswith("Pss:")]
    return int(found[0].split()[1]) * 1024 if found else 0
