"""Which engines there are, and what the metrics mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.analysis.engine_catalogue import engine_describe
from apps.analysis.serializers.catalogue import EngineOutput, MetricOutput
from apps.engines.registry import engine_list
from apps.measures.catalogue import CATALOGUE
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from rest_framework.request import Request


class EngineListView(APIView):
    """The engines."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="engines_list",
        tags=["engines"],
        responses=EngineOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the engines with their versions, capabilities and licences."""
        described = [engine_describe(spec) for spec in engine_list()]
        return Response(EngineOutput(described, many=True).data)


class MetricListView(APIView):
    """What the metrics mean."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="metrics_list",
        tags=["backtests"],
        responses=MetricOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the metrics of a run, each with its formula and source."""
        return Response(MetricOutput(CATALOGUE, many=True).data)
