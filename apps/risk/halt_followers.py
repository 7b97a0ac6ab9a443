"""Who goes on when the kill switch was engaged; rooms register theirs when ready.

A follower is a function `(*, scope: RiskScope, now: datetime) -> None`. It is called after
the halt was committed, outside of any transaction: it waits until nothing is being sent
(`apps.risk.services.halts.halt_quiet`), has the venue cancel what is open, and says when
nothing is left (`halt_cleared`). It may be called again at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from collections.abc import Callable

_followers: list[str] = []


def halt_follower(dotted: str) -> None:
    """Have a function called after each halt; call this in `AppConfig.ready`.

    Args:
        dotted: Its dotted path.
    """
    if dotted not in _followers:
        _followers.append(dotted)


def halt_follower_list() -> tuple[Callable[..., Any], ...]:
    """Return every follower, in the order in which they registered."""
    return tuple(import_string(dotted) for dotted in _followers)
