"""What processes know together: how much was sent, and until when nothing is.

In Redis where there is one, else in this process. A Redis that does not answer is not
waited for: for a few seconds each process keeps to the rate by itself.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from apps.exchanges.guard.near import Near

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis import Redis

    from apps.exchanges.guard.policy import Rate

logger = logging.getLogger(__name__)

REDIS_SECONDS = 0.25
REDIS_REST_SECONDS = 5.0
# For so long a pause that another process made may be overlooked.
PAUSE_SEEN_SECONDS = 0.1
_SOON = 0.005


class Shared:
    """One exchange's rate and pause, as all processes see them.

    Args:
        rate: The exchange's stated rate.
        redis_url: Where it is shared; None for this process alone.
        near: What this process knows by itself; nothing yet where None.
    """

    def __init__(
        self, rate: Rate, redis_url: str | None, near: Near | None = None
    ) -> None:
        self._rate = rate
        self._item = RateLimitItemPerSecond(rate.window_units, rate.window_seconds)
        self.near = near or Near()
        self._far: MovingWindowRateLimiter | None = None
        self._redis: Redis | None = None
        if redis_url is not None:
            storage = RedisStorage(
                redis_url,
                key_prefix="parallax:exchange",
                socket_timeout=REDIS_SECONDS,
                socket_connect_timeout=REDIS_SECONDS,
                retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]
            )
            self._far = MovingWindowRateLimiter(storage)
            self._redis = storage.storage
        self._pause_key = f"parallax:exchange:pause:{rate.name}"
        self._lock = threading.Lock()
        self._rests_until = 0.0
        self._pause_seen_at = 0.0

    def turn(self, units: int) -> float:
        """Take a turn, or return the seconds after which to ask again.

        Args:
            units: What the call uses up, within the rate's window.

        Returns:
            0 where the turn is taken.
        """
        far = self._far
        if far is not None:
            wait = self._asked(lambda: self._turn(far, units))
            if wait is not None:
                return wait
        near = self.near
        with near.lock:
            if near.limiter is None:
                near.limiter = MovingWindowRateLimiter(MemoryStorage())
        return self._turn(near.limiter, units)

    def _turn(self, limiter: MovingWindowRateLimiter, units: int) -> float:
        if limiter.hit(self._item, self._rate.name, cost=units):
            return 0.0
        freed = limiter.get_window_stats(self._item, self._rate.name).reset_time
        return max(_SOON, freed - time.time())

    def pause(self, seconds: float) -> None:
        """Let no process send anything for so long."""
        until = time.time() + seconds
        self._paused_to(until)
        redis = self._redis
        if redis is not None and seconds > 0:
            milliseconds = max(1, round(seconds * 1000))
            self._asked(lambda: self._pause_told(redis, until, milliseconds))

    def _pause_told(self, redis: Redis, until: float, milliseconds: int) -> bool:
        left = redis.pttl(self._pause_key)
        if isinstance(left, int) and left < milliseconds:
            redis.set(self._pause_key, repr(until), px=milliseconds)
        return True

    def paused(self) -> float:
        """Return for how many seconds nothing may be sent; 0 where something may."""
        now = time.time()
        redis = self._redis
        if redis is not None and now - self._pause_seen_at >= PAUSE_SEEN_SECONDS:
            self._pause_seen_at = now
            left = self._asked(lambda: redis.pttl(self._pause_key))
            if isinstance(left, int) and left > 0:
                self._paused_to(now + left / 1000)
        return self.paused_here()

    def paused_here(self) -> float:
        """Return what this process knows of the pause; Redis is not asked."""
        return max(0.0, self.near.paused_until - time.time())

    def _paused_to(self, until: float) -> None:
        with self.near.lock:
            self.near.paused_until = max(self.near.paused_until, until)

    def _asked[T](self, ask: Callable[[], T]) -> T | None:
        """Ask Redis; None where it does not answer, or did not a moment ago."""
        now = time.monotonic()
        with self._lock:
            if now < self._rests_until:
                return None
            resting = self._rests_until > 0
            if resting:
                # This caller finds out whether it is back; the others do not wait.
                self._rests_until = now + REDIS_REST_SECONDS
        try:
            answer = ask()
        except RedisError as error:
            with self._lock:
                self._rests_until = time.monotonic() + REDIS_REST_SECONDS
            if not resting:
                logger.warning("redis: rates are kept per process: %s", error)
            return None
        if resting:
            with self._lock:
                self._rests_until = 0.0
        return answer

    def close(self) -> None:
        """Let go of the connections to Redis, and of what this process knows."""
        self.near = Near()
        if self._redis is not None:
            self._redis.close()
