"""Live prices: tickers, order books and trades, each with its age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.errors import ApplicationError
from apps.core.etags import NO_STORE
from apps.market.errors.venues import SymbolsTooMany
from apps.market.serializers.live import (
    MOST_SYMBOLS,
    BookQuery,
    ExchangeStatusOutput,
    OrderBookOutput,
    PublicTradesOutput,
    PublicTradesQuery,
    SymbolQuery,
    SymbolsQuery,
    TickerOutput,
    TickersOutput,
)
from apps.market.serializers.venues import EXCHANGE
from apps.market.services.prices import live_get, live_list, status_get
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from rest_framework.request import Request

    from apps.core.serializers import StrictSerializer
    from apps.market.selectors.prices import Live


class ExchangeStatusView(APIView):
    """How an exchange is."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="exchanges_status",
        tags=["exchanges"],
        parameters=[EXCHANGE],
        responses=ExchangeStatusOutput,
    )
    def get(self, request: Request, exchange: str) -> Response:
        """Return how an exchange is, as it was seen last.

        An exchange that nobody watches is asked for by this call: the first answer is
        503 with `status_not_live`, the next has it, if `run_streams` runs.
        """
        found = status_get(exchange=exchange, now=timezone.now())
        return Response(found.body, headers=NO_STORE)


class TickerView(APIView):
    """One ticker."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="exchanges_ticker",
        tags=["live"],
        parameters=[EXCHANGE, SymbolQuery],
        responses=TickerOutput,
    )
    def get(self, request: Request, exchange: str) -> Response:
        """Return the latest ticker of a market, with its age.

        It is held fresh for a minute after each call. The first call waits for it up to
        2 seconds; where there is none yet, the answer is 503 with `price_not_live`.
        """
        asked = _asked(SymbolQuery, request)
        found = _one(exchange, "tickers", asked["symbol"])
        return Response(found.body, headers=NO_STORE)


class TickersView(APIView):
    """Several tickers."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="exchanges_tickers",
        tags=["live"],
        parameters=[EXCHANGE, SymbolsQuery],
        responses=TickersOutput,
    )
    def get(self, request: Request, exchange: str) -> Response:
        """Return the latest tickers of up to 200 markets, in the order asked for.

        A market without one has its error beside it instead; the answer is 200.
        """
        symbols = _asked(SymbolsQuery, request)["symbols"]
        if not 1 <= len(symbols) <= MOST_SYMBOLS:
            msg = f"Name from 1 to {MOST_SYMBOLS} symbols, not {len(symbols)}."
            raise SymbolsTooMany(msg, attr="symbols")
        found = live_list(
            exchange=exchange, kind="tickers", symbols=symbols, now=timezone.now()
        )
        results = [_item(symbol, found[symbol]) for symbol in symbols]
        body = {"exchange": exchange, "results": results}
        return Response(body, headers=NO_STORE)


class OrderBookView(APIView):
    """An order book."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="exchanges_order_book",
        tags=["live"],
        parameters=[EXCHANGE, BookQuery],
        responses=OrderBookOutput,
    )
    def get(self, request: Request, exchange: str) -> Response:
        """Return the latest order book of a market, up to 50 levels of either side.

        It is held fresh as tickers are.
        """
        asked = _asked(BookQuery, request)
        body = dict(_one(exchange, "books", asked["symbol"]).body)
        for side in ("bids", "asks"):
            body[side] = body[side][: asked["depth"]]
        return Response(body, headers=NO_STORE)


class PublicTradesView(APIView):
    """Public trades."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="exchanges_trades",
        tags=["live"],
        parameters=[EXCHANGE, PublicTradesQuery],
        responses=PublicTradesOutput,
    )
    def get(self, request: Request, exchange: str) -> Response:
        """Return the latest public trades of a market, up to 100, oldest first.

        They are followed as tickers are. The age is that of the last trade.
        """
        asked = _asked(PublicTradesQuery, request)
        body = dict(_one(exchange, "trades", asked["symbol"]).body)
        body["trades"] = body["trades"][-asked["limit"] :]
        return Response(body, headers=NO_STORE)


def _asked(shape: type[StrictSerializer], request: Request) -> dict[str, Any]:
    query = shape(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    asked: dict[str, Any] = query.validated_data
    return asked


def _one(exchange: str, kind: str, symbol: str) -> Live:
    return live_get(exchange=exchange, kind=kind, symbol=symbol, now=timezone.now())


def _item(symbol: str, found: Live | ApplicationError) -> dict[str, Any]:
    if isinstance(found, ApplicationError):
        error = {"code": found.code, "detail": found.message}
        return {"symbol": symbol, "ticker": None, "error": error}
    return {"symbol": symbol, "ticker": found.body, "error": None}
