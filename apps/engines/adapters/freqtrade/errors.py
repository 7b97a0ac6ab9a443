"""What freqtrade says when it fails, and what that means to us."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apps.core.processes import exit_describe
from apps.engines.errors import EngineCrashed, EngineOutOfMemory

if TYPE_CHECKING:
    from apps.core.errors import ApplicationError

LONGEST = 400
# Python's, numpy's, Arrow's and C++'s ways of saying it.
MEMORY = re.compile(
    r"MemoryError|Unable to allocate|malloc of size \d+ failed|bad_alloc"
    r"|cannot allocate memory|failed to map segment"
    # A thread's stack is address space too.
    r"|failed to launch worker thread|can't start new thread",
    re.IGNORECASE,
)
# A callback of a strategy that raises is passed over by freqtrade, which goes on without
# what it would have said.
PASSED_OVER = re.compile(
    r"^.*(?:Unexpected error .* calling|Strategy caused the following exception).*$",
    re.MULTILINE,
)
# Its own format, see config.LOG_FORMAT, or the one it has before it knows that.
STAMP = re.compile(r"^(?:\d+\.\d+|[\d-]+ [\d:,]+ - \S+ -) (?:[A-Z]+ (?:- )?)?")


def failure_of(log: str, status: int) -> ApplicationError:
    """Return our error for a program that ended without a result.

    Args:
        log: All that it wrote.
        status: How it ended, as `waitpid` says it.
    """
    if MEMORY.search(log):
        return EngineOutOfMemory("freqtrade asked for more memory than it may have.")
    ended = f"freqtrade {exit_describe(status)}; it said: {_last_words(log)}"
    return passed_over(log) or EngineCrashed(ended)


def passed_over(log: str) -> ApplicationError | None:
    """Return an error when freqtrade went on without a part of the strategy."""
    found = PASSED_OVER.search(log)
    if found is None:
        return None
    if MEMORY.search(log):
        return EngineOutOfMemory("freqtrade asked for more memory than it may have.")
    return EngineCrashed(f"freqtrade passed over a defect: {_plain(found[0])}")


def _last_words(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    grave = [line for line in lines if re.search(r"\b(ERROR|CRITICAL)\b", line)]
    if grave and "Fatal exception" not in grave[-1]:
        return _plain(grave[-1])
    # After a traceback the last line is the exception.
    return _plain(lines[-1]) if lines else "nothing"


def _plain(line: str) -> str:
    return STAMP.sub("", line)[:LONGEST]
