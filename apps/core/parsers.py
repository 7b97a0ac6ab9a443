"""Bodies that are read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO


class BoundedJSONParser(JSONParser):
    """JSON; a body that is nested too deeply is the caller's error, not ours."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the body.

        Raises:
            ParseError: It is not JSON, nested deeper than can be read, or one name is
                given twice, of which a reader could believe either.
        """
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            parsed: dict[str, Any] = json.loads(
                stream.read().decode(encoding),
                object_pairs_hook=_unique,
                parse_constant=_no_constant,
            )
        except RecursionError as error:
            msg = "The JSON is nested too deeply to be read."
            raise ParseError(msg) from error
        except (ValueError, LookupError) as error:
            msg = f"The body is not JSON: {error}."
            raise ParseError(msg) from error
        return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"the name {twice[:60]!r} is given twice in one object"
        raise ValueError(msg)
    return found


def _no_constant(name: str) -> None:
    msg = f"{name} is no number that can be used"
    raise ValueError(msg)
