"""Which checks there are."""

from __future__ import annotations

from dataclasses import dataclass

CHECK_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Registered:
    """A check as it is known without being imported.

    Attributes:
        name: What it looks at.
        function: Its dotted name.
        seconds: How long it may take.
    """

    name: str
    function: str
    seconds: float


_checks: dict[str, Registered] = {}


def preflight_check(
    name: str, function: str, *, seconds: float = CHECK_SECONDS
) -> None:
    """Register a check; call it in `AppConfig.ready`.

    Args:
        name: What it looks at, for when it gives no answer itself.
        function: The dotted name of a function that returns findings.
        seconds: How long it may take; all checks run at the same time.
    """
    _checks[name] = Registered(name, function, seconds)


def check_list() -> tuple[Registered, ...]:
    """Return all checks, in the order in which they were registered."""
    return tuple(_checks.values())
