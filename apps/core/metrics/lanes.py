"""Asking what may hang, without ever waiting for it longer than a scrape may take."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import Error as DatabaseFailure, connections
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prometheus_client import Metric

    type Probe = Callable[[], Iterable[Metric]]

logger = logging.getLogger(__name__)

# Scrapes that follow each other sooner are told the same.
KEEP_SECONDS = 5.0
WAIT_SECONDS = 2.5


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a probe told, and when on the monotonic clock; None: it failed."""

    at: float
    families: tuple[Metric, ...] | None


def _nothing() -> dict[str, Probe]:
    return {}


class Lane:
    """Asks one thing after the other, in a thread of its own.

    There is never more than one such thread: what hangs is not asked twice, and those
    who wait for it go on after `WAIT_SECONDS`.

    Args:
        name: What the first probe is called.
        first: What all others of the lane stand on; when it fails, they are not asked.
        others: Gives the other probes by name.
    """

    def __init__(
        self,
        name: str,
        first: Probe,
        others: Callable[[], Mapping[str, Probe]] = _nothing,
    ) -> None:
        self.name = name
        self._first = first
        self._others = others
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._done.set()
        self._started = float("-inf")
        self._answers: dict[str, _Answer] = {}

    def start(self) -> threading.Event:
        """Ask, unless that was done just now or is under way; returns when it is done."""
        with self._lock:
            recent = time.monotonic() - self._started < KEEP_SECONDS
            if self._done.is_set() and not recent:
                done = threading.Event()
                threading.Thread(target=self._run, args=(done,), daemon=True).start()
                self._started, self._done = time.monotonic(), done
            return self._done

    def answers(self, since: float) -> dict[str, tuple[Metric, ...] | None]:
        """Return what each probe has told since then; None where it failed or is mute."""
        told: dict[str, tuple[Metric, ...] | None] = {}
        for name in (self.name, *self._others()):
            answer = self._answers.get(name)
            told[name] = answer.families if answer and answer.at >= since else None
        return told

    def _run(self, done: threading.Event) -> None:
        try:
            if not self._ask(self.name, self._first):
                self._answers = {}
                return
            for name, probe in self._others().items():
                self._ask(name, probe)
        finally:
            # They are this thread's own, and go with it.
            connections.close_all()
            done.set()

    def _ask(self, name: str, probe: Probe) -> bool:
        families: tuple[Metric, ...] | None = None
        try:
            families = tuple(probe())
        except (DatabaseFailure, RedisError, OSError) as error:
            logger.warning("metrics: %s could not be asked: %s", name, error)
        except Exception:
            # One room's mistake must not hide the others; the metrics say whose it is.
            logger.exception("metrics: %s could not be asked", name)
        self._answers[name] = _Answer(time.monotonic(), families)
        return families is not None


def lanes_ask(
    lanes: Iterable[Lane],
) -> dict[str, dict[str, tuple[Metric, ...] | None]]:
    """Ask several lanes side by side, and wait `WAIT_SECONDS` at most.

    Returns:
        Answers by probe, by lane; None for a probe that failed or did not answer.
    """
    began = time.monotonic()
    asked = [(lane, lane.start()) for lane in lanes]
    for lane, done in asked:
        left = began + WAIT_SECONDS - time.monotonic()
        if not done.wait(max(0.0, left)):
            logger.warning("metrics: the %s did not answer in time", lane.name)
    return {lane.name: lane.answers(began - KEEP_SECONDS) for lane, _ in asked}
