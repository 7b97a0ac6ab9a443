"""Running all checks at once, each within its time, none hiding another."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from django.db import DatabaseError, connections
from django.utils.module_loading import import_string

from apps.core.logs import secrets_hide
from apps.core.preflight.contracts import no_go
from apps.core.preflight.registry import check_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.core.preflight.contracts import Check, Finding
    from apps.core.preflight.registry import Registered

logger = logging.getLogger(__name__)


def preflight_run(checks: Sequence[Registered] | None = None) -> list[Finding]:
    """Run checks and return what they found, in the order of the checks.

    Args:
        checks: Which; left out: all that are registered.
    """
    asked = check_list() if checks is None else checks
    # Modules are imported here: threads would wait for each other's imports.
    started = [_Running(one, import_string(one.function)) for one in asked]
    return [finding for running in started for finding in running.findings()]


class _Running:
    """A check in a thread of its own, which is left behind if it hangs."""

    def __init__(self, check: Registered, function: Check) -> None:
        self._check = check
        self._function = function
        self._found: list[Finding] | None = None
        self._until = time.monotonic() + check.seconds
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def findings(self) -> list[Finding]:
        """Wait for the check, as long as it may take, and return what it found."""
        self._thread.join(max(0.0, self._until - time.monotonic()))
        if self._found is None:
            return [
                no_go(
                    self._check.name,
                    f"no answer within {self._check.seconds:g} s",
                    "see whether what it asks is up and can be reached",
                )
            ]
        return self._found

    def _run(self) -> None:
        try:
            self._found = list(self._function())
        except DatabaseError as error:
            cause = (str(error).strip().splitlines() or [type(error).__name__])[-1]
            found = f"not known: {secrets_hide(cause.strip())}"
            action = "see what is said of the database"
            self._found = [no_go(self._check.name, found, action)]
        except Exception as error:
            # Told as a finding: what one check did not foresee must not hide the others.
            logger.exception("preflight: the check %s failed", self._check.name)
            found = f"the check failed: {type(error).__name__}: {error}"
            self._found = [
                no_go(
                    self._check.name, secrets_hide(found), "see the log for the cause"
                )
            ]
        finally:
            # This thread's connections are its own.
            connections.close_all()
