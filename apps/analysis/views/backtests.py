"""Backtests: ask, follow, read, delete."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from apps.analysis.models import Backtest
from apps.analysis.selectors import (
    backtest_get,
    backtest_list,
    chart_get,
    engine_run_get,
    equity_page,
    equity_rows,
    trades_page,
    trades_rows,
)
from apps.analysis.serializers.backtests import BacktestCreateInput, BacktestOutput
from apps.analysis.serializers.results import (
    ChartInput,
    EquityPageOutput,
    ResultPageInput,
    TradePageOutput,
)
from apps.analysis.services.again import backtest_reproduce_request
from apps.analysis.services.request import BacktestRequest, backtest_request
from apps.analysis.services.tidy import backtest_delete
from apps.analysis.views.series import result_answer
from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.core.renderers import PNGRenderer
from apps.core.series_answers import (
    SERIES_PARAMETERS,
    SERIES_RENDERERS,
    series_responses,
)
from apps.jobs.serializers import JobOutput
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

    from apps.analysis.models import EngineRun


class BacktestListCreateView(ListAPIView[Backtest]):
    """The caller's backtests."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = BacktestOutput
    queryset = Backtest.objects.none()

    def get_queryset(self) -> QuerySet[Backtest]:
        """Return the caller's backtests, newest first."""
        return backtest_list(actor=actor_of(self.request))

    @extend_schema(operation_id="backtests_list", tags=["backtests"])
    def get(self, request: Request) -> Response:
        """List your backtests, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="backtests_create",
        tags=["backtests"],
        parameters=[IDEMPOTENCY_KEY],
        request=BacktestCreateInput,
        responses={202: BacktestOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Run a strategy on a series, on one or more engines; answers with a job."""
        data = BacktestCreateInput(data=request.data)
        data.is_valid(raise_exception=True)
        backtest = backtest_request(
            actor=actor_of(request),
            request=BacktestRequest(**data.validated_data),
            now=timezone.now(),
        )
        body = BacktestOutput(backtest).data
        return Response(body, status=202, headers={"Location": body["_links"]["self"]})


class BacktestDetailView(APIView):
    """One backtest."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="backtests_get", tags=["backtests"], responses=BacktestOutput
    )
    def get(self, request: Request, backtest_id: UUID) -> Response:
        """Return a backtest: its job, and each engine's metrics once it has ended."""
        backtest = backtest_get(actor=actor_of(request), backtest_id=backtest_id)
        return Response(BacktestOutput(backtest).data)

    @extend_schema(
        operation_id="backtests_delete", tags=["backtests"], responses={204: None}
    )
    def delete(self, request: Request, backtest_id: UUID) -> Response:
        """Delete a backtest that has ended, with its results."""
        backtest_delete(actor=actor_of(request), backtest_id=backtest_id)
        return Response(status=204)


class BacktestReproduceView(APIView):
    """Running it again."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="backtests_reproduce",
        tags=["backtests"],
        parameters=[IDEMPOTENCY_KEY],
        request=None,
        responses={202: JobOutput},
    )
    @idempotent
    def post(self, request: Request, backtest_id: UUID) -> Response:
        """Run a backtest again from its provenance.

        The job's `result` has the verdict, `identical` or `differs`: inputs that have
        changed (the hash of the candles, say), and each engine's result and versions,
        before and now.
        """
        job = backtest_reproduce_request(
            actor=actor_of(request), backtest_id=backtest_id, now=timezone.now()
        )
        where = reverse("job_detail", kwargs={"job_id": job.pk})
        return Response(JobOutput(job).data, status=202, headers={"Location": where})


class BacktestTradesView(APIView):
    """Trades."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = SERIES_RENDERERS

    @extend_schema(
        operation_id="backtests_trades",
        tags=["backtests"],
        parameters=[ResultPageInput, *SERIES_PARAMETERS],
        responses=series_responses(TradePageOutput),
    )
    def get(self, request: Request, backtest_id: UUID) -> HttpResponseBase:
        """Return an engine's trades, in order of entry.

        As JSON a page at a time; as `text/csv`, Arrow stream or Parquet all of them.
        """
        query, run = _run_asked(request, backtest_id)
        return result_answer(
            request,
            name=f"trades-{run.engine}",
            run_id=run.pk,
            rows=partial(trades_rows, run=run),
            page=partial(trades_page, run=run),
            shape=TradePageOutput,
            query=query,
        )


class BacktestEquityView(APIView):
    """The equity curve."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = SERIES_RENDERERS

    @extend_schema(
        operation_id="backtests_equity",
        tags=["backtests"],
        parameters=[ResultPageInput, *SERIES_PARAMETERS],
        responses=series_responses(EquityPageOutput),
    )
    def get(self, request: Request, backtest_id: UUID) -> HttpResponseBase:
        """Return an engine's equity at each bar's close, oldest first.

        As JSON a page at a time; as `text/csv`, Arrow stream or Parquet all of it.
        """
        query, run = _run_asked(request, backtest_id)
        return result_answer(
            request,
            name=f"equity-{run.engine}",
            run_id=run.pk,
            rows=partial(equity_rows, run=run),
            page=partial(equity_page, run=run),
            shape=EquityPageOutput,
            query=query,
        )


class BacktestChartView(APIView):
    """The picture."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    renderer_classes = (PNGRenderer, *APIView.renderer_classes)

    @extend_schema(
        operation_id="backtests_chart",
        tags=["backtests"],
        parameters=[ChartInput],
        responses={(200, "image/png"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, backtest_id: UUID) -> HttpResponse:
        """Return price, trades, equity and drawdown of all engines as PNG."""
        query = ChartInput(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        image = chart_get(
            actor=actor_of(request),
            backtest_id=backtest_id,
            theme=query.validated_data["theme"],
        )
        return HttpResponse(image, content_type="image/png")


def _run_asked(request: Request, backtest_id: UUID) -> tuple[dict[str, Any], EngineRun]:
    query = ResultPageInput(data=request.query_params.dict())
    query.is_valid(raise_exception=True)
    asked = {"engine": None, **query.validated_data}
    run = engine_run_get(
        actor=actor_of(request), backtest_id=backtest_id, engine=asked["engine"]
    )
    return asked, run
