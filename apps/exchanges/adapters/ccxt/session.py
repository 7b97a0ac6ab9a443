"""A session whose calls end in time, however slowly an exchange answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import ccxt
import requests
from urllib3.exceptions import (
    DecodeError,
    ProtocolError,
    ReadTimeoutError,
    SSLError as UrllibSSLError,
)

from apps.exchanges.adapters.ccxt.deadline import InTimeAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator

# The markets of the largest venue are some 20 MB.
MOST_BYTES = 128 * 1024 * 1024
_PIECE = 64 * 1024


class BoundedSession(requests.Session):
    """Reads an answer in pieces, so that its whole has a limit in time and size.

    The time-out of `requests` is that of each piece: an exchange that sends a byte now
    and then would hold a call for ever.

    Args:
        seconds: The longest that an answer may take.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds
        # Proxies and passwords of the surroundings are not for exchanges.
        self.trust_env = False
        for scheme in ("http://", "https://"):
            self.mount(scheme, InTimeAdapter())

    def send(
        self, request: requests.PreparedRequest, **kwargs: Any
    ) -> requests.Response:
        """Send a request and return its answer, read to its end.

        Raises:
            requests.ReadTimeout: It took too long.
            ccxt.BadResponse: It is too large.
        """
        begun = time.monotonic()
        response = super().send(request, **(kwargs | {"stream": True}))
        parts: list[bytes] = []
        size = 0
        for part in _pieces(response):
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                response.close()
                message = f"an answer of more than {MOST_BYTES} bytes"
                raise ccxt.BadResponse(message)
            if time.monotonic() - begun > self._seconds:
                response.close()
                message = f"Read timed out: the answer took over {self._seconds:g} s"
                raise requests.ReadTimeout(message, request=request)
        if not response._content_consumed:
            # What `Response.content` would set had it read the pieces itself.
            response._content = b"".join(parts)
            response._content_consumed = True
        return response


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """Yield an answer as it arrives; errors are those of `requests`."""
    if response._content_consumed:
        return
    try:
        while part := response.raw.read1(_PIECE, decode_content=True):
            yield part
    except ProtocolError as error:
        raise requests.exceptions.ChunkedEncodingError(error) from error
    except DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error) from error
    except ReadTimeoutError as error:
        raise requests.ReadTimeout(error) from error
    except UrllibSSLError as error:
        raise requests.exceptions.SSLError(error) from error
