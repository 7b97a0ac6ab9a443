"""What may be put on a schedule, and what upkeep the service does for itself.

Rooms register both in `AppConfig.ready`, by dotted name, so that nothing is imported
before it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from apps.jobs.errors import ScheduleKindUnknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from apps.users.models import User

    type Check = Callable[[User, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Periodic:
    """Upkeep that the scheduler does itself.

    Attributes:
        name: Its name, unique.
        every: How often it is done.
        function: The dotted name of what does it; it is called with `now=`.
    """

    name: str
    every: timedelta
    function: str

    def run(self, *, now: datetime) -> object:
        """Do it once."""
        do: Callable[..., object] = import_string(self.function)
        return do(now=now)


_kinds: dict[str, str] = {}
_upkeep: dict[str, Periodic] = {}


def schedulable(kind: str, check: str) -> None:
    """Let people put jobs of a kind on a schedule.

    Args:
        kind: The kind of job.
        check: The dotted name of a function `(actor, payload)` that returns the payload
            as its handler takes it, or raises what is wrong with it.
    """
    _kinds[kind] = check


def schedulable_list() -> tuple[str, ...]:
    """Return the kinds of jobs that may be put on a schedule, sorted."""
    return tuple(sorted(_kinds))


def schedulable_payload(
    *, actor: User, kind: str, payload: dict[str, Any]
) -> dict[str, Any]:
    """Return a payload as the kind's handler takes it.

    Raises:
        ScheduleKindUnknown: Jobs of this kind are not put on a schedule.
        ApplicationError: The payload is not right for it.
    """
    if kind not in _kinds:
        known = ", ".join(schedulable_list()) or "none"
        msg = f"Work of kind {kind[:64]!r} cannot be scheduled; what can is: {known}."
        raise ScheduleKindUnknown(msg, attr="kind")
    check: Check = import_string(_kinds[kind])
    return check(actor, payload)


def periodic(name: str, every_seconds: float, function: str) -> None:
    """Have the scheduler call a function again and again.

    Of several schedulers one calls it. It must be harmless when done twice, and quick:
    schedules wait meanwhile.

    Args:
        name: Its name, up to 64 characters.
        every_seconds: How often.
        function: Its dotted name; called with `now=`, an aware UTC datetime.
    """
    _upkeep[name] = Periodic(name, timedelta(seconds=every_seconds), function)


def periodic_list() -> tuple[Periodic, ...]:
    """Return the upkeep that was registered, by name."""
    return tuple(_upkeep[name] for name in sorted(_upkeep))
