"""Becomes another program that cannot reach a network and ends with its parent.

Started as `python -m apps.engines.adapters.freqtrade.launcher PARENT DIRECTORY PROGRAM …`. It
leaves its network for a namespace whose only interface, the loopback, is down, says in the
directory's file `network` whether the system let it, and is replaced by the program.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

from apps.core.processes import die_with_parent

# A file of the directory, and what it may say.
NETWORK_FILE = "network"
NONE, REFUSED = "none", "refused"


def network_leave() -> bool:
    """Leave the network for a namespace of our own; return whether the system let us.

    Root may do so as it is. Others may in a user namespace of their own, where the system
    has not forbidden those; they stay the same user there.
    """
    user, group = os.getuid(), os.getgid()
    try:
        os.unshare(os.CLONE_NEWNET)
    except OSError:
        try:
            os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
        except OSError:
            return False
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    return True


def main(parent_pid: int, directory: Path, command: list[str]) -> NoReturn:
    """Become the program, in the directory, without a network."""
    network = NONE if network_leave() else REFUSED
    # After the namespaces: a change of rights takes the kernel's promise back.
    die_with_parent(parent_pid)
    (directory / NETWORK_FILE).write_text(network)
    os.chdir(directory)
    os.execv(command[0], command)  # noqa: S606 - that is what it is for


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
