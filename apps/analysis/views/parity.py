"""Parity runs: ask, follow, read trade by trade, delete; lists from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.analysis.models import ParityRun
from apps.analysis.parity.contracts import Tolerance
from apps.analysis.selectors import (
    matches_page,
    parity_get,
    parity_list,
    report_get,
)
from apps.analysis.serializers.matches import MatchesInput, MatchPageOutput
from apps.analysis.serializers.parity import (
    ParityCreateInput,
    ParityOutput,
    TradesCompareInput,
)
from apps.analysis.services.again import trades_compare_request
from apps.analysis.services.parity_request import parity_request
from apps.analysis.services.request import BacktestRequest
from apps.analysis.services.tidy import parity_delete
from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.core.renderers import HTMLRenderer
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

# The page holds all that it needs, and may reach for nothing else.
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; sandbox allow-scripts"
)


class ParityListCreateView(ListAPIView[ParityRun]):
    """The caller's parity runs."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = ParityOutput
    queryset = ParityRun.objects.none()

    def get_queryset(self) -> QuerySet[ParityRun]:
        """Return the caller's parity runs, newest first."""
        return parity_list(actor=actor_of(self.request))

    @extend_schema(operation_id="parity_list", tags=["parity"])
    def get(self, request: Request) -> Response:
        """List your parity runs, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="parity_create",
        tags=["parity"],
        parameters=[IDEMPOTENCY_KEY],
        request=ParityCreateInput,
        responses={202: ParityOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Run a strategy on several engines and compare them, trade by trade.

        In `exact` mode all engines fill by the same contract and should agree; in
        `native` mode each fills by its own defaults, and the lessons say what those
        cost.
        """
        data = ParityCreateInput(data=request.data)
        data.is_valid(raise_exception=True)
        asked = dict(data.validated_data)
        parity = parity_request(
            actor=actor_of(request),
            tolerance=asked.pop("tolerance"),
            request=BacktestRequest(**asked),
            now=timezone.now(),
        )
        return _accepted(parity)


class ParityDetailView(APIView):
    """One parity run."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="parity_get", tags=["parity"], responses=ParityOutput)
    def get(self, request: Request, parity_id: UUID) -> Response:
        """Return a parity run: its job, its verdict, and where the engines part."""
        parity = parity_get(actor=actor_of(request), parity_id=parity_id)
        return Response(ParityOutput(parity).data)

    @extend_schema(operation_id="parity_delete", tags=["parity"], responses={204: None})
    def delete(self, request: Request, parity_id: UUID) -> Response:
        """Delete a parity run that has ended, with the backtests that it made."""
        parity_delete(actor=actor_of(request), parity_id=parity_id)
        return Response(status=204)


class ParityMatchesView(APIView):
    """Trade by trade."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="parity_matches",
        tags=["parity"],
        parameters=[MatchesInput],
        responses=MatchPageOutput,
    )
    def get(self, request: Request, parity_id: UUID) -> Response:
        """Return the trades of two sides, paired, in order of entry."""
        query = MatchesInput(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = {"first": None, "second": None, **query.validated_data}
        parity = parity_get(actor=actor_of(request), parity_id=parity_id)
        page = matches_page(parity=parity, **asked)
        body = {"results": page.rows, "next_offset": page.next_offset}
        return Response(MatchPageOutput(body).data)


class ParityReportView(APIView):
    """The page with the pictures."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = (HTMLRenderer, *APIView.renderer_classes)

    @extend_schema(
        operation_id="parity_report",
        tags=["parity"],
        responses={(200, "text/html"): OpenApiTypes.STR},
    )
    def get(self, request: Request, parity_id: UUID) -> HttpResponse:
        """Return the report as one HTML page that needs no network."""
        page = report_get(actor=actor_of(request), parity_id=parity_id)
        headers = {"Content-Security-Policy": REPORT_POLICY}
        return HttpResponse(page, "text/html; charset=utf-8", headers=headers)


class BacktestCompareView(APIView):
    """Lists of trades from elsewhere."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="backtests_compare",
        tags=["parity"],
        parameters=[IDEMPOTENCY_KEY],
        request={"multipart/form-data": TradesCompareInput},
        responses={202: ParityOutput},
    )
    @idempotent
    def post(self, request: Request, backtest_id: UUID) -> Response:
        """Compare a list of trades from elsewhere with a backtest's engines.

        Takes freqtrade's results (`.json` or `.zip`), or a CSV with a header:
        `entry_time`, `exit_time`, `quantity`, `entry_price`, `exit_price`, and where
        known `side`, `fees`, `profit`, `exit_reason`.
        """
        data = TradesCompareInput(data=request.data)
        data.is_valid(raise_exception=True)
        asked = dict(data.validated_data)
        parity = trades_compare_request(
            actor=actor_of(request),
            backtest_id=backtest_id,
            upload=asked.pop("file"),
            tolerance=Tolerance(**asked),
            now=timezone.now(),
        )
        return _accepted(parity)


def _accepted(parity: ParityRun) -> Response:
    body = ParityOutput(parity).data
    return Response(body, status=202, headers={"Location": body["_links"]["self"]})
