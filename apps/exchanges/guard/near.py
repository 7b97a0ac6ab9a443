"""What one process knows of an exchange by itself, whichever of its clients learnt it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from apps.exchanges.guard.admission import Caution

if TYPE_CHECKING:
    from limits.strategies import MovingWindowRateLimiter

    from apps.exchanges.guard.policy import Rate


class Near:
    """The count, the pause and the caution under one name of a rate.

    Attributes:
        limiter: Counts where Redis does not; None until it is needed.
        paused_until: When the pause ends, as `time.time` says.
        caution: Who may send after it.
        lock: Held while one of these is changed.
    """

    def __init__(self) -> None:
        self.limiter: MovingWindowRateLimiter | None = None
        self.paused_until = 0.0
        self.caution = Caution()
        self.lock = threading.Lock()


_lock = threading.Lock()
_known: WeakValueDictionary[str, Near] = WeakValueDictionary()


def near_of(rate: Rate) -> Near:
    """Return what all guards of this process under a rate's name share while any is open."""
    with _lock:
        found = _known.get(rate.name)
        if found is None:
            found = _known[rate.name] = Near()
        return found


def _forget_after_fork() -> None:
    """A child has its own; a lock of its parent may be held for ever."""
    global _lock, _known  # noqa: PLW0603 - what belongs to the process
    _lock = threading.Lock()
    _known = WeakValueDictionary()


os.register_at_fork(after_in_child=_forget_after_fork)
