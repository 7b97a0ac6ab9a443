"""What one call sent and got, as a thread saw it.

ccxt keeps the last answer on the client, where another thread may already have put its
own. This is kept per thread, so that an error is judged by its own answer.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import ccxt

from apps.exchanges.adapters.ccxt.deadline import deadline
from apps.exchanges.adapters.ccxt.endpoints import endpoint_check
from apps.exchanges.adapters.ccxt.rows import rows_parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from apps.exchanges.adapters.ccxt.scrubbing import Scrub

_KEPT_CHARACTERS = 2_000


@dataclass(slots=True)
class Exchanged:
    """The last request of a call and its answer.

    Attributes:
        sent: How many requests went out.
        status: The HTTP status of the last answer; None where none came.
        headers: Of the last answer.
        body: Its beginning.
        answer: The last answer as JSON; None where none was accepted: the exchange
            refused, or it could not be read.
        silence: Whether an answer without a word is one, as to some cancels.
    """

    silence: bool = False
    sent: int = 0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    answer: Any = None

    def begin(self) -> None:
        """Forget the answer before; another request goes out."""
        self.sent += 1
        self.status, self.headers, self.body, self.answer = None, {}, "", None

    def answered(self, status: int, headers: Mapping[str, str], body: str) -> None:
        """Keep what came."""
        self.status, self.headers = status, headers
        self.body = body[:_KEPT_CHARACTERS]


class Wire(threading.local):
    """Where each thread keeps its call's exchange."""

    def __init__(self) -> None:
        self.now = Exchanged()

    def fresh(self, *, silence: bool = False) -> Exchanged:
        """Begin a call: what it sends and gets is kept anew.

        Args:
            silence: Whether an answer without a word is one.
        """
        self.now = Exchanged(silence=silence)
        return self.now


def body_check(answer: object, exchange: str, *, silence: bool = False) -> None:
    """Refuse a page or a torn answer where JSON belongs, before ccxt reads it.

    ccxt passes a text on that it could not parse: it makes a ticker full of None of it,
    and of no text at all a list without candles.

    Args:
        answer: What ccxt's `fetch` returned: parsed JSON, or text.
        exchange: The id, for the message.
        silence: Whether an answer without a word is one.

    Raises:
        ccxt.ExchangeNotAvailable: It is HTML: something else than the exchange's
            program answered, as while it is being mended.
        ccxt.BadResponse: It is JSON that ends too early.
        ccxt.NullResponse: It is empty.
    """
    if answer is not None and not isinstance(answer, str):
        return
    begins = (answer or "").lstrip()[:1]
    if not begins and not silence:
        message = "an answer without a word"
        raise ccxt.NullResponse(message)
    if begins == "<":
        message = f"{exchange} answered with an HTML page instead of JSON"
        raise ccxt.ExchangeNotAvailable(message)
    if begins in ("{", "["):
        message = f"JSON that ends too early: …{(answer or '')[-40:]!r}"
        raise ccxt.BadResponse(message)


class Wired:
    """Goes before a ccxt class: its requests are paced, checked and kept.

    Attributes:
        wire: Where calls keep what they sent and got.
        pace: Waits until a request of this cost may go, for so many seconds at most, or
            as long as usual; None to send at once.
        only_host: What stands in for the exchange; None for the exchange itself.
        scrub: Takes the keys out of answers; None where there are none.
    """

    wire: Wire
    pace: Callable[[float, float | None], None] | None = None
    only_host: str | None = None
    scrub: Scrub | None = None

    @property
    def last_http_response(self) -> str | None:
        """What came to this thread's last request; None where nothing has.

        ccxt's own outlives its call: a cancel at Kraken whose answer is lost would be
        judged by what another was answered.
        """
        return self.wire.now.body or None

    @last_http_response.setter
    def last_http_response(self, _: str | None) -> None:
        """Let ccxt write it, to no end: `on_rest_response` has kept it."""

    def throttle(self, cost: float | None = None) -> None:
        """Wait for the rate that all processes share, in place of ccxt's own."""
        if self.pace is not None:
            self.pace(1.0 if cost is None else float(cost), deadline.left)

    def fetch(
        self, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        """Send one request and return the answer, parsed and believable as JSON."""
        endpoint_check(url, self.only_host, exchange=self.id)  # type: ignore[attr-defined]
        if deadline.passed:
            message = f"{self.id} its turn came too late; this was not sent"  # type: ignore[attr-defined]
            raise ccxt.RequestTimeout(message)
        self.wire.now.begin()
        exchanged = self.wire.now
        answer = super().fetch(url, method, headers, body)  # type: ignore[misc]
        body_check(answer, self.id, silence=exchanged.silence)  # type: ignore[attr-defined]
        exchanged.answer = answer
        return answer

    def parse_ohlcvs(
        self,
        ohlcvs: Any,
        market: Any = None,
        timeframe: str = "1m",
        since: int | None = None,
        limit: int | None = None,
        tail: bool = False,  # noqa: FBT001, FBT002
    ) -> list[Any]:
        """Return rows of candles; one without a time is refused.

        ccxt would leave it out: a hole in the history that the exchange does not have.
        """
        client: Any = self
        if ohlcvs is not None and not isinstance(ohlcvs, list):
            own = super().parse_ohlcvs  # type: ignore[misc]
            if own.__func__ is ccxt.Exchange.parse_ohlcvs:
                message = f"candles that are no list: {str(ohlcvs)[:60]}"
                raise ccxt.BadResponse(message)
            # An exchange that sends columns instead of rows.
            columns: list[Any] = own(ohlcvs, market, timeframe, since, limit, tail)
            return columns
        rows = rows_parsed(client, ohlcvs or (), market)
        for place, row in enumerate(rows):
            if row[0] is None:
                message = f"candle {place} without a time: {str(row)[:60]}"
                raise ccxt.BadResponse(message)
        rows.sort(key=itemgetter(0))
        kept: list[Any] = client.filter_by_since_limit(rows, since, limit, 0, tail)
        return kept

    def parse_order_book_bid_ask(
        self,
        bidask: Any,
        priceKey: int | str = 0,  # noqa: N803 - ccxt's own names
        amountKey: int | str = 1,  # noqa: N803
        countOrIdKey: int | str = 2,  # noqa: ARG002, N803
    ) -> list[Decimal | None]:
        """Return one level of a book exactly; ccxt would make floats of it."""
        texts = [self.safe_string(bidask, key) for key in (priceKey, amountKey)]  # type: ignore[attr-defined]
        return [None if text is None else Decimal(text) for text in texts]

    def on_rest_response(
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        response_headers: Mapping[str, str],
        response_body: str,
        request_headers: Any,
        request_body: Any,
    ) -> str:
        """Keep the answer before ccxt judges it, without keys that it may repeat."""
        if self.scrub is not None:
            response_body = self.scrub.text(response_body)
        self.wire.now.answered(code, response_headers, response_body)
        kept: str = super().on_rest_response(  # type: ignore[misc]
            code,
            reason,
            url,
            method,
            response_headers,
            response_body,
            request_headers,
            request_body,
        )
        return kept
