"""Keys are taken out of whatever an exchange or ccxt says, before anybody reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

_INSTEAD = "***"
# A shorter one would be found in any text.
_SHORTEST = 4


class Scrub:
    """Takes secrets out of texts.

    Args:
        secrets: What must never be read; empty ones count for nothing.
    """

    def __init__(self, secrets: Iterable[str | None]) -> None:
        found: set[str] = set()
        for each in secrets:
            if each and len(each) >= _SHORTEST:
                found |= _spellings(each)
        # The longest first: one may be a part of another.
        self._found = sorted(found, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return a text without them."""
        for each in self._found:
            text = text.replace(each, _INSTEAD)
        return text

    def error(self, error: BaseException) -> None:
        """Take them out of what an exception and those behind it say."""
        seen: set[int] = set()
        behind: BaseException | None = error
        while self._found and behind is not None and id(behind) not in seen:
            seen.add(id(behind))
            behind.args = tuple(self._argument(each) for each in behind.args)
            behind = behind.__cause__ or behind.__context__

    def _argument(self, argument: object) -> object:
        if isinstance(argument, BaseException):
            # What urllib3 raised is an argument of what requests made of it.
            self.error(argument)
            return argument
        if isinstance(argument, str):
            return self.text(argument)
        said = str(argument)
        clean = self.text(said)
        return argument if clean == said else clean


def _spellings(secret: str) -> set[str]:
    """Return a secret as it may be written in JSON or in an address."""
    escaped = json.dumps(secret)[1:-1]
    return {
        secret,
        escaped,
        escaped.replace("/", "\\/"),
        quote(secret),
        quote(secret, safe=""),
    }
