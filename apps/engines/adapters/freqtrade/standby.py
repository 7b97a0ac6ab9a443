"""One program ahead of its run: most of its time goes into its imports."""

from __future__ import annotations

import atexit
import os

from apps.engines.adapters.freqtrade.program import Program


class Standby:
    """Keeps one program waiting for its work."""

    def __init__(self) -> None:
        self._waiting: Program | None = None
        self._owner = 0

    def refill(self) -> None:
        """Start the next program, unless one waits."""
        if self._waiting is not None and self._waiting.alive():
            return
        self.close()
        if self._owner != os.getpid():
            self._owner = os.getpid()
            atexit.register(self.close)
        self._waiting = Program()

    def take(self) -> Program:
        """Return the program that waits, or one that has only been started."""
        program, self._waiting = self._waiting, None
        if program is not None and program.alive():
            return program
        if program is not None:
            program.close()
        return Program()

    def close(self) -> None:
        """End what waits."""
        program, self._waiting = self._waiting, None
        if program is not None:
            program.close()


class Ready:
    """A program that was handed out; see `contracts.Prepared`.

    Args:
        program: What the run will use.
        standby: Where the next one is made ready.
    """

    def __init__(self, program: Program, standby: Standby) -> None:
        self.program = program
        self._standby = standby

    def close(self) -> None:
        """End the program, whatever became of the run, and ready the next."""
        self.program.close()
        self._standby.refill()
