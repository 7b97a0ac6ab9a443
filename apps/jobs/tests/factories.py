"""Jobs for tests, and the kinds of work that they do."""

from __future__ import annotations

import faulthandler
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from apps.core.errors import Unprocessable
from apps.jobs.registry import job_handler
from apps.jobs.services import job_enqueue
from apps.users.models import User

if TYPE_CHECKING:
    from datetime import datetime

    from apps.jobs.models import Job
    from apps.jobs.registry import JobContext


class TooHard(Unprocessable):
    """What a handler of a test raises."""

    code = "too_hard"


def user_make(name: str = "ada") -> User:
    """Return a user."""
    return User.objects.create_user(username=name, password="x" * 12)


def job_make(
    kind: str, *, now: datetime, owner: User | None = None, **payload: Any
) -> Job:
    """Return a queued job."""
    return job_enqueue(owner=owner or user_make(), kind=kind, payload=payload, now=now)


@job_handler("test.echo")
def echo(context: JobContext) -> dict[str, Any]:
    """Say what was given."""
    context.progress(0.5, "half way")
    context.log("a line")
    return {"echo": context.payload, "pid": os.getpid()}


@job_handler("test.refuse")
def refuse(context: JobContext) -> dict[str, Any]:
    """Raise an anticipated error."""
    raise TooHard("The work is too hard.", attr="payload")


@job_handler("test.bug")
def bug(context: JobContext) -> dict[str, Any]:
    """Raise what nobody anticipated."""
    msg = "the password of the database is hunter2"
    raise ZeroDivisionError(msg)


@job_handler("test.greedy")
def greedy(context: JobContext) -> dict[str, Any]:
    """Ask for more memory than there may be."""
    return {"length": len(bytearray(1 << 40))}


@job_handler("test.abort")
def abort(context: JobContext) -> dict[str, Any]:
    """Die as native code does."""
    faulthandler.disable()
    os.abort()


@job_handler("test.abort_once")
def abort_once(context: JobContext) -> dict[str, Any]:
    """Die in the first run, and succeed in the second."""
    try:
        with open(context.payload["mark"], "x"):  # noqa: PTH123 - atomic creation
            os.kill(os.getpid(), signal.SIGKILL)
    except FileExistsError:
        return {"second": True}
    return {}


@job_handler("test.sleep")
def sleep(context: JobContext) -> dict[str, Any]:
    """Sleep, in a process of its own, and say that it ended."""
    seconds = str(context.payload["seconds"])
    with subprocess.Popen(["sleep", seconds]) as child:  # noqa: S603, S607
        context.progress(0.1, f"child {child.pid}")
        child.wait()
    return {}


@job_handler("test.enqueue")
def enqueue(context: JobContext) -> dict[str, Any]:
    """Ask for another job, under the fence."""
    owner = User.objects.get(pk=context.owner_id)
    with context.fenced():
        job_make("test.echo", now=timezone.now(), owner=owner)
    return {}


@job_handler("test.slow_once")
def slow_once(context: JobContext) -> dict[str, Any]:
    """Hang in the first run, and succeed at once in the second."""
    try:
        with open(context.payload["mark"], "x"):  # noqa: PTH123 - atomic creation
            time.sleep(60)
    except FileExistsError:
        return {"second": True}
    return {}


@job_handler("test.write")
def write(context: JobContext) -> dict[str, Any]:
    """Write under the fence, after the job may have been lost."""
    time.sleep(float(context.payload["seconds"]))
    with context.fenced():
        User.objects.create(username=f"written-by-{context.job_id}")
    return {}
