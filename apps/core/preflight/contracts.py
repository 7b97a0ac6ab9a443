"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    type Check = Callable[[], Sequence["Finding"]]


class Verdict(StrEnum):
    """Whether the service may go live as far as one finding goes."""

    GO = "GO"
    WARN = "WARN"
    NO_GO = "NO-GO"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the list.

    Attributes:
        name: What was looked at, in one or two words.
        verdict: What it means for going live.
        found: What was found; no secret.
        action: What to do about it; empty where nothing is to be done.
    """

    name: str
    verdict: Verdict
    found: str
    action: str = ""


def go(name: str, found: str) -> Finding:
    """Return a finding that is as it should be."""
    return Finding(name, Verdict.GO, found)


def warn(name: str, found: str, action: str) -> Finding:
    """Return a finding that somebody should know of before going live."""
    return Finding(name, Verdict.WARN, found, action)


def no_go(name: str, found: str, action: str) -> Finding:
    """Return a finding with which the service must not go live."""
    return Finding(name, Verdict.NO_GO, found, action)
