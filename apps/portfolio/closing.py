"""What keeps an account from being closed; rooms above say so by dotted names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apps.portfolio.models import Account

    # Says what is still under way, for a person; empty where nothing is.
    type Hindrance = Callable[[Account], str]

_hindrances: dict[str, str] = {}


def account_hindrance(name: str, function: str) -> None:
    """Register what may keep accounts from being closed; call it in `AppConfig.ready`.

    Args:
        name: What it looks at.
        function: The dotted name of a `Hindrance`. It is called while the account is
            being closed, in that transaction.
    """
    _hindrances[name] = function


def hindrances(account: Account) -> Iterator[str]:
    """Yield what keeps an account from being closed."""
    for function in _hindrances.values():
        hindrance: Hindrance = import_string(function)
        if told := hindrance(account):
            yield told
