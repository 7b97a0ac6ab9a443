"""What stands between us and an exchange: retries, a circuit, a shared rate and pauses.

Nothing here knows ccxt; the synchronous and the asynchronous guard share all but waiting.
"""

from __future__ import annotations

from apps.exchanges.guard.asynchronous import AsyncGuard
from apps.exchanges.guard.guard import Guard
from apps.exchanges.guard.policy import GuardPolicy, Rate

__all__ = ("AsyncGuard", "Guard", "GuardPolicy", "Rate")
