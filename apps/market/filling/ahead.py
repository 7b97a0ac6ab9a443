"""Fetch in one thread while another stores."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

# Pages that may wait to be stored: enough to bridge a write, too few to fill memory.
PAGES_AHEAD = 16
_LOOK_SECONDS = 0.2


class Ahead[T]:
    """Runs an iterator in a thread of its own, a little ahead of whoever reads it.

    Used as a context manager: at its end the thread is told to stop, and waited for.
    What the iterator raises is raised where it is read.

    Args:
        items: What to run; only the thread touches it.
        stop: Set when it is to end early; the iterator should look at it.
        most: Items that may wait.
    """

    def __init__(
        self, items: Iterator[T], stop: threading.Event, most: int = PAGES_AHEAD
    ) -> None:
        self._items = items
        self._stop = stop
        self._ready: queue.Queue[tuple[T | None, BaseException | None, bool]]
        self._ready = queue.Queue(most)
        self._thread = threading.Thread(target=self._run, name="ahead", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the thread and wait for its end."""
        self._stop.set()
        while self._thread.is_alive():
            try:
                self._ready.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        """Yield the items in order."""
        while True:
            item, error, last = self._ready.get()
            if error is not None:
                raise error
            if last:
                return
            yield item  # type: ignore[misc]  # None only beside an error or the end

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put((item, None, False)):
                    return
        except BaseException as error:
            # Raised again where it is read.
            self._put((None, error, True))
        else:
            self._put((None, None, True))

    def _put(self, entry: tuple[T | None, BaseException | None, bool]) -> bool:
        while not self._stop.is_set():
            try:
                self._ready.put(entry, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return True
        return False
