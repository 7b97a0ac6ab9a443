"""Workers killed in the middle of their jobs, on each carrier; and how quick each is.

    python -m tests.benchmarks.bench_jobs --kills 200 --lease 1.5

`--database` names an empty database to use instead of a SQLite file. Celery's Redis is
started for the occasion where redis-server is installed, and is the one of `REDIS_URL`
otherwise.

A job that is to be killed waits, in its first run, for longer than its lease, and then
does something once. Its worker is killed at a random moment of that wait. The job must
run again and do it, and nobody else may.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.benchmarks.report import Figure, milliseconds, report
from tests.benchmarks.service import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from apps.jobs.models import Job
    from apps.jobs.registry import JobContext
    from apps.users.models import User

# Two more than jobs: a worker that starts anew should not be waited for.
WORKERS, AT_ONCE = 6, 4
GRACE_SECONDS = 2.0  # beyond the lease, until a killed worker's job must run again
STUCK_SECONDS = 30.0
NOOPS, WAITS = 300, 30
EFFECT = "effect"


class Starts:
    """A file to which each run of a job adds a line when it starts.

    Args:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, job_id: str) -> bool:
        """Say that a run has started; returns whether it is the job's first."""
        first = job_id not in self._path.read_text()
        with self._path.open("a") as lines:
            # The clock is the machine's, and one short line is written in one piece.
            lines.write(f"{job_id} {os.getppid()} {time.monotonic()}\n")
        return first

    def read(self) -> dict[str, list[tuple[int, float]]]:
        """Return each job's runs: its worker's process, and when it started."""
        found: dict[str, list[tuple[int, float]]] = {}
        for line in self._path.read_text().splitlines():
            job_id, pid, at = line.split()
            found.setdefault(job_id, []).append((int(pid), float(at)))
        return found


def handlers_register(starts: Starts, lease: float) -> None:
    """Make the kinds of job known that are run here."""
    from django.utils import timezone  # noqa: PLC0415

    from apps.jobs.models import JobLogLine  # noqa: PLC0415
    from apps.jobs.registry import job_handler  # noqa: PLC0415

    @job_handler("bench.killed")
    def killed(context: JobContext) -> dict[str, Any]:
        if starts.add(str(context.job_id)):
            time.sleep(3 * lease)
        with context.fenced():
            JobLogLine.objects.create(
                job_id=context.job_id, attempt=0, at=timezone.now(), message=EFFECT
            )
        return {}

    @job_handler("bench.nothing")
    def nothing(context: JobContext) -> dict[str, Any]:
        return {}


def enqueue(owner: User, kind: str) -> Job:
    """Ask for a job."""
    from django.utils import timezone  # noqa: PLC0415

    from apps.jobs.services import job_enqueue  # noqa: PLC0415

    return job_enqueue(owner=owner, kind=kind, payload={}, now=timezone.now())


@contextmanager
def keeper(processes: int) -> Iterator[None]:
    """Run workers until the block ends; a fork, so that they know our kinds of job."""
    from multiprocessing import get_context  # noqa: PLC0415

    from django.db import connections  # noqa: PLC0415

    from apps.jobs.worker import Keeper  # noqa: PLC0415

    connections.close_all()
    run = Keeper(processes=processes, queues=["default"]).run
    process = get_context("fork").Process(target=run)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join(STUCK_SECONDS)


def ended(jobs: list[Job]) -> int:
    """Return how many of the jobs have ended, well or not."""
    from apps.jobs.enums import FINAL_STATES  # noqa: PLC0415
    from apps.jobs.models import Job  # noqa: PLC0415

    of_these = Job.objects.filter(pk__in=[job.pk for job in jobs])
    return of_these.filter(state__in=FINAL_STATES).count()


def ended_wait(jobs: list[Job]) -> None:
    """Wait until all have ended, or nothing has ended for a long while."""
    count, since = -1, time.monotonic()
    while (now := ended(jobs)) < len(jobs):
        if now != count:
            count, since = now, time.monotonic()
        if time.monotonic() - since > STUCK_SECONDS:
            return
        time.sleep(0.02)


def kill_all(owner: User, starts: Starts, kills: int, lease: float) -> list[Figure]:
    """Have each of so many jobs lose its first worker, as many at a time as fit."""
    from apps.jobs.enums import JobState  # noqa: PLC0415
    from apps.jobs.models import Job, JobLogLine  # noqa: PLC0415

    moments = random.Random(1)  # noqa: S311 - not for secrets
    killed: dict[str, float] = {}
    jobs: list[Job] = []
    delays = [moments.uniform(0, lease) for _ in range(kills)]
    with keeper(WORKERS):
        while len(killed) < kills:
            if len(jobs) < kills and len(jobs) - ended(jobs) < AT_ONCE:
                jobs.append(enqueue(owner, "bench.killed"))
            for job_id, [(pid, at), *_] in starts.read().items():
                due = at + delays[len(killed) % kills]
                if job_id not in killed and time.monotonic() >= due:
                    os.kill(pid, signal.SIGKILL)
                    killed[job_id] = time.monotonic()
            time.sleep(0.01)
        ended_wait(jobs)
    runs = starts.read()
    waits = sorted(runs[job][1][1] - at for job, at in killed.items() if runs[job][1:])
    done = Job.objects.filter(kind="bench.killed", state=JobState.SUCCEEDED).count()
    effects = Counter(
        JobLogLine.objects.filter(message=EFFECT).values_list("job_id", flat=True)
    )
    doubled = sum(times > 1 for times in effects.values())
    limit = lease + GRACE_SECONDS
    return [
        Figure(
            f"{kills} workers killed: lost",
            str(kills - done),
            "",
            "",
            "0",
            done == kills,
        ),
        Figure("  done twice", str(doubled), "", "", "0", doubled == 0),
        Figure(
            "  from the kill to the next run",
            f"p50 {statistics.median(waits):.2f} s, max {waits[-1]:.2f} s",
            target=f"{limit:g} s",
            met=waits[-1] <= limit,
        ),
    ]


def quickness(owner: User) -> list[Figure]:
    """Measure jobs that do nothing: many of them, and one at a time."""
    from django.db.models import Max, Min  # noqa: PLC0415

    from apps.jobs.models import Job  # noqa: PLC0415

    many = [enqueue(owner, "bench.nothing") for _ in range(NOOPS)]
    single = []
    with keeper(1):
        ended_wait(many)
        for _ in range(WAITS):
            time.sleep(0.05)
            single.append(enqueue(owner, "bench.nothing"))
            ended_wait(single[-1:])
    ran = Job.objects.filter(pk__in=[job.pk for job in many])
    span = ran.aggregate(first=Min("started_at"), last=Max("finished_at"))
    rate = NOOPS / (span["last"] - span["first"]).total_seconds()
    waited = []
    for job in single:
        job.refresh_from_db()
        assert job.started_at
        waited.append((job.started_at - job.enqueued_at).total_seconds())
    return [
        Figure("  jobs that do nothing, one worker", f"{rate:.0f}/s"),
        Figure("  idle to running, p50", milliseconds(statistics.median(waited))),
    ]


def carrier_measure(
    carrier: str, folder: Path, kills: int, lease: float
) -> list[Figure]:
    """Measure one carrier, from no jobs on."""
    from django.conf import settings  # noqa: PLC0415

    from apps.jobs.models import Job  # noqa: PLC0415
    from apps.users.models import User  # noqa: PLC0415

    settings.JOBS_BACKEND = carrier
    settings.JOB_LEASE_SECONDS = lease
    Job.objects.all().delete()
    owner, _ = User.objects.get_or_create(username="bench")
    (folder / "starts").write_text("")
    figures = kill_all(owner, Starts(folder / "starts"), kills, lease)
    settings.JOB_LEASE_SECONDS = 30
    return [Figure(f"[bold]{carrier}[/bold]", ""), *figures, *quickness(owner)]


def measure() -> list[Figure]:
    """Measure both carriers, where there is a Redis."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--lease", type=float, default=1.5)
    parser.add_argument("--database")
    options, _ = parser.parse_known_args()
    with environment(log_level="ERROR") as folder:
        if options.database:
            os.environ["DATABASE_URL"] = options.database
        import django  # noqa: PLC0415

        django.setup()
        from django.conf import settings  # noqa: PLC0415
        from django.core.management import call_command  # noqa: PLC0415
        from pydantic import SecretStr  # noqa: PLC0415

        from apps.jobs.tests.redis_server import BINARY, RedisServer  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        handlers_register(Starts(folder / "starts"), options.lease)
        arguments = (folder, options.kills, options.lease)
        figures = carrier_measure("database", *arguments)
        if BINARY:
            with RedisServer(folder, durable=True) as server:
                settings.JOBS_REDIS_URL = SecretStr(server.url)
                return figures + carrier_measure("celery", *arguments)
        if settings.JOBS_REDIS_URL:
            return figures + carrier_measure("celery", *arguments)
        return [*figures, Figure("celery", "not measured: there is no Redis")]


if __name__ == "__main__":
    report("jobs", measure)
