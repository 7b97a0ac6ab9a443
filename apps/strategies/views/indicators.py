"""The indicator catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.indicators.catalogue import indicator_get, indicator_list
from apps.strategies.serializers.indicators import IndicatorOutput
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from rest_framework.request import Request


class IndicatorListView(APIView):
    """The catalogue."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="indicators_list",
        tags=["indicators"],
        responses=IndicatorOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List all indicators with parameters, warm-up and formula source."""
        return Response(IndicatorOutput(indicator_list(), many=True).data)


class IndicatorDetailView(APIView):
    """One indicator."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="indicators_get", tags=["indicators"], responses=IndicatorOutput
    )
    def get(self, request: Request, name: str) -> Response:
        """Return one indicator."""
        return Response(IndicatorOutput(indicator_get(name)).data)
