"""What the exchange says when it will not: Binance's codes and words."""

from __future__ import annotations

from typing import Any, Final

import orjson


class Refused(Exception):  # noqa: N818
    """A request that is answered with an error body.

    Attributes:
        code: Binance's code, below zero.
        status: The HTTP status.
        headers: What is said beside the body.
        message: Binance's words.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: int = 400,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Say why."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers or {}
        self._more: dict[str, Any] = {}

    def with_data(self, data: dict[str, Any]) -> Refused:
        """Tell more beside the code."""
        self._more = {"data": data}
        return self

    def body(self) -> bytes:
        """Return the answer's body."""
        return orjson.dumps({"code": self.code, "msg": self.message} | self._more)


_KNOWN: Final[dict[int, tuple[int, str]]] = {
    -1000: (500, "An unknown error occurred while processing the request."),
    -1001: (500, "Internal error; unable to process your request. Please try again."),
    -1003: (
        429,
        "Too much request weight used; current limit is 6000 request weight "
        "per 1 MINUTE. Please use WebSocket Streams for live updates to avoid "
        "polling the API.",
    ),
    -1006: (
        500,
        "An unexpected response was received from the message bus. Execution status "
        "unknown.",
    ),
    -1007: (
        408,
        "Timeout waiting for response from backend server. Send status "
        "unknown; execution status unknown.",
    ),
    -1008: (
        503,
        "Server is currently overloaded with other requests. Please try again in a few "
        "minutes.",
    ),
    -1013: (400, "Filter failure: LOT_SIZE"),
    -1015: (429, "Too many new orders; current limit is 100 orders per 10 SECONDS."),
    -1021: (400, "Timestamp for this request is outside of the recvWindow."),
    -1022: (400, "Signature for this request is not valid."),
    -1100: (400, "Illegal characters found in a parameter."),
    -1102: (400, "Mandatory parameter was not sent, was empty/null, or malformed."),
    -1120: (400, "Invalid interval."),
    -1121: (400, "Invalid symbol."),
    -1127: (400, "More than 1 hours between startTime and endTime."),
    -1106: (400, "Parameter was sent when not required."),
    -1128: (400, "Combination of optional parameters invalid."),
    -2010: (400, "Account has insufficient balance for requested action."),
    -2011: (400, "Unknown order sent."),
    -2013: (400, "Order does not exist."),
    -2014: (401, "API-key format invalid."),
    -2015: (401, "Invalid API-key, IP, or permissions for action."),
}


def refusal(code: int, message: str | None = None) -> Refused:
    """Return what Binance says under a code."""
    status, words = _KNOWN.get(code, (400, "Unknown error."))
    return Refused(code, message or words, status=status)
