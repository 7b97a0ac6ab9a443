"""What a child process owes its parent: to end with it, and to stay in its bounds.

Linux only; imports nothing of Django, so that engines can use it.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal

PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends, however it ends.

    Args:
        parent_pid: The parent as it was before the fork: if it is gone by now, the
            signal would never come, so this process ends at once.
    """
    if _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    if os.getppid() != parent_pid:
        os._exit(1)


def memory_limit(limit_bytes: int) -> None:
    """Bound this process's address space; what asks for more gets MemoryError."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit_bytes = min(limit_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, hard))
    # A core dump of gigabytes helps nobody and may fill the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def signals_reset() -> None:
    """Give signals their default meaning again; a fork inherits the parent's."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)


def group_kill(pid: int) -> None:
    """Kill a process group that this process's child leads; gone is well."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def exit_describe(status: int) -> str:
    """Say how a process ended.

    Args:
        status: What `waitpid` gave.
    """
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return f"was killed by {signal.Signals(number).name}"
    return f"ended with code {os.waitstatus_to_exitcode(status)}"
