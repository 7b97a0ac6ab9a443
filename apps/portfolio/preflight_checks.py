"""What is looked at before a live account may trade; rooms above add theirs by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

from apps.core.errors import ApplicationError
from apps.core.preflight.contracts import no_go

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from apps.core.preflight.contracts import Finding
    from apps.portfolio.models import Account

    # Takes `account` and `now`, by position.
    type AccountCheck = Callable[[Account, datetime], Sequence[Finding]]

_checks: dict[str, str] = {}


def account_check(name: str, function: str) -> None:
    """Register a check of live accounts; call it in `AppConfig.ready`.

    Args:
        name: What it looks at, for when it gives no answer itself.
        function: The dotted name of an `AccountCheck`. It is called outside of a
            transaction. An `ApplicationError` of it is a no-go.
    """
    _checks[name] = function


def account_findings(account: Account, now: datetime) -> Iterator[Finding]:
    """Yield what every registered check finds, in the order of their registration."""
    for name, function in _checks.items():
        check: AccountCheck = import_string(function)
        try:
            yield from check(account, now)
        except ApplicationError as error:
            yield no_go(name, error.message, "see what it says, and try again")
