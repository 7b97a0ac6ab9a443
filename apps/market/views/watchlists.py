"""Watchlists: make, read with prices, change, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from apps.core.etags import NO_STORE
from apps.market.models import Watchlist
from apps.market.selectors.prices import tickers_of
from apps.market.selectors.watchlists import watchlist_get, watchlist_list
from apps.market.serializers.watchlists import (
    WatchlistDetailOutput,
    WatchlistInput,
    WatchlistItemInput,
    WatchlistItemNoteInput,
    WatchlistItemOutput,
    WatchlistOrderInput,
    WatchlistOutput,
    WatchlistQuery,
)
from apps.market.services.watchlists import (
    watchlist_create,
    watchlist_delete,
    watchlist_item_add,
    watchlist_item_note,
    watchlist_item_remove,
    watchlist_rename,
    watchlist_reorder,
)
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

GONE = OpenApiResponse(description="It is gone.")


class WatchlistListCreateView(ListAPIView[Watchlist]):
    """The caller's watchlists."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = WatchlistOutput
    queryset = Watchlist.objects.none()

    def get_queryset(self) -> QuerySet[Watchlist]:
        """Return the caller's watchlists, newest first."""
        return watchlist_list(actor=actor_of(self.request))

    @extend_schema(operation_id="watchlists_list", tags=["live"])
    def get(self, request: Request) -> Response:
        """List your watchlists, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="watchlists_create",
        tags=["live"],
        request=WatchlistInput,
        responses={201: WatchlistDetailOutput},
    )
    def post(self, request: Request) -> Response:
        """Make an empty watchlist; you may have 50."""
        data = WatchlistInput(data=request.data)
        data.is_valid(raise_exception=True)
        made = watchlist_create(actor=actor_of(request), **data.validated_data)
        body = WatchlistDetailOutput(made).data
        return Response(body, status=201, headers={"Location": body["_links"]["self"]})


class WatchlistDetailView(APIView):
    """One watchlist."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="watchlists_get",
        tags=["live"],
        parameters=[WatchlistQuery],
        responses=WatchlistDetailOutput,
    )
    def get(self, request: Request, watchlist_id: UUID) -> Response:
        """Return a watchlist and its items; with `prices=true` their latest tickers."""
        query = WatchlistQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        found = watchlist_get(actor=actor_of(request), watchlist_id=watchlist_id)
        if not query.validated_data["prices"]:
            return Response(WatchlistDetailOutput(found).data)
        markets = [(item.exchange, item.symbol) for item in found.items.all()]
        tickers = tickers_of(markets=markets, now=timezone.now())
        context = {"tickers": {market: one.body for market, one in tickers.items()}}
        body = WatchlistDetailOutput(found, context=context).data
        return Response(body, headers=NO_STORE)

    @extend_schema(
        operation_id="watchlists_update",
        tags=["live"],
        request=WatchlistInput,
        responses=WatchlistDetailOutput,
    )
    def patch(self, request: Request, watchlist_id: UUID) -> Response:
        """Give a watchlist another name."""
        data = WatchlistInput(data=request.data)
        data.is_valid(raise_exception=True)
        changed = watchlist_rename(
            actor=actor_of(request), watchlist_id=watchlist_id, **data.validated_data
        )
        return Response(WatchlistDetailOutput(changed).data)

    @extend_schema(
        operation_id="watchlists_delete", tags=["live"], responses={204: GONE}
    )
    def delete(self, request: Request, watchlist_id: UUID) -> Response:
        """Delete a watchlist; what nobody watches any more is not held fresh."""
        watchlist_delete(actor=actor_of(request), watchlist_id=watchlist_id)
        return Response(status=204)


class WatchlistItemsView(APIView):
    """Putting markets on a watchlist."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="watchlists_item_add",
        tags=["live"],
        request=WatchlistItemInput,
        responses={201: WatchlistItemOutput},
    )
    def post(self, request: Request, watchlist_id: UUID) -> Response:
        """Put a market at the end of a watchlist; its ticker is held fresh from now on.

        A market that the exchange does not list is refused, with near ones offered, once
        the exchange's markets were read.
        """
        data = WatchlistItemInput(data=request.data)
        data.is_valid(raise_exception=True)
        item = watchlist_item_add(
            actor=actor_of(request), watchlist_id=watchlist_id, **data.validated_data
        )
        where = reverse(
            "watchlist_item", kwargs={"watchlist_id": watchlist_id, "item_id": item.pk}
        )
        body = WatchlistItemOutput(item).data
        return Response(body, status=201, headers={"Location": where})


class WatchlistItemView(APIView):
    """One market on a watchlist."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="watchlists_item_update",
        tags=["live"],
        request=WatchlistItemNoteInput,
        responses=WatchlistItemOutput,
    )
    def patch(self, request: Request, watchlist_id: UUID, item_id: UUID) -> Response:
        """Write another note on an item."""
        data = WatchlistItemNoteInput(data=request.data)
        data.is_valid(raise_exception=True)
        item = watchlist_item_note(
            actor=actor_of(request),
            watchlist_id=watchlist_id,
            item_id=item_id,
            **data.validated_data,
        )
        return Response(WatchlistItemOutput(item).data)

    @extend_schema(
        operation_id="watchlists_item_remove", tags=["live"], responses={204: GONE}
    )
    def delete(self, request: Request, watchlist_id: UUID, item_id: UUID) -> Response:
        """Take a market off a watchlist."""
        watchlist_item_remove(
            actor=actor_of(request), watchlist_id=watchlist_id, item_id=item_id
        )
        return Response(status=204)


class WatchlistOrderView(APIView):
    """The order of a watchlist's items."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="watchlists_reorder",
        tags=["live"],
        request=WatchlistOrderInput,
        responses=WatchlistDetailOutput,
    )
    def put(self, request: Request, watchlist_id: UUID) -> Response:
        """Put the items in another order; all of them have to be named."""
        data = WatchlistOrderInput(data=request.data)
        data.is_valid(raise_exception=True)
        ordered = watchlist_reorder(
            actor=actor_of(request), watchlist_id=watchlist_id, **data.validated_data
        )
        return Response(WatchlistDetailOutput(ordered).data)
