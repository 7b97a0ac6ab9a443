"""Strategies: write, check, read, change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.etags import etag_matches, etag_of, etags_parse
from apps.core.idempotency import IDEMPOTENCY_KEY, idempotent
from apps.core.pagination import StandardPagination
from apps.strategies.describe import definition_describe, template_describe
from apps.strategies.models import Strategy, StrategyVersion
from apps.strategies.selectors import (
    strategy_get,
    strategy_list,
    strategy_version_get,
    strategy_version_list,
)
from apps.strategies.serializers.strategies import (
    StrategyCreateInput,
    StrategyOutput,
    StrategyTemplateOutput,
    StrategyUpdateInput,
    StrategyValidateInput,
    StrategyValidOutput,
    StrategyVersionOutput,
)
from apps.strategies.services import (
    strategy_create,
    strategy_create_from_template,
    strategy_delete,
    strategy_update,
)
from apps.strategies.templates import template_list
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

IF_MATCH = OpenApiParameter(
    name="If-Match",
    type=str,
    location=OpenApiParameter.HEADER,
    description="The ETag that you read; 412 when the strategy has changed since.",
)
IF_NONE_MATCH = OpenApiParameter(
    name="If-None-Match",
    type=str,
    location=OpenApiParameter.HEADER,
    description="The ETag that you have; 304 when the strategy is the same.",
)


def _rendered(strategy: Strategy, status: int = 200) -> Response:
    response = Response(StrategyOutput(strategy).data, status=status)
    if strategy.latest is not None:
        response["ETag"] = etag_of(strategy.latest.content_hash)
    return response


class StrategyListCreateView(ListAPIView[Strategy]):
    """The caller's strategies."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = StrategyOutput
    queryset = Strategy.objects.none()

    def get_queryset(self) -> QuerySet[Strategy]:
        """Return the caller's strategies, newest first."""
        return strategy_list(actor=actor_of(self.request))

    @extend_schema(operation_id="strategies_list", tags=["strategies"])
    def get(self, request: Request) -> Response:
        """List your strategies, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="strategies_create",
        tags=["strategies"],
        parameters=[IDEMPOTENCY_KEY],
        request=StrategyCreateInput,
        responses={201: StrategyOutput},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Store a strategy: your own definition, or a template."""
        data = StrategyCreateInput(data=request.data)
        data.is_valid(raise_exception=True)
        create = (
            strategy_create
            if "definition" in data.validated_data
            else strategy_create_from_template
        )
        return _rendered(create(actor=actor_of(request), **data.validated_data), 201)


class StrategyDetailView(APIView):
    """One strategy."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="strategies_get",
        tags=["strategies"],
        parameters=[IF_NONE_MATCH],
        responses={200: StrategyOutput, 304: None},
    )
    def get(self, request: Request, strategy_id: UUID) -> Response:
        """Return one strategy with its latest version."""
        response = _rendered(
            strategy_get(actor=actor_of(request), strategy_id=strategy_id)
        )
        if etag_matches(request.headers.get("If-None-Match"), response["ETag"]):
            return Response(status=304, headers={"ETag": response["ETag"]})
        return response

    @extend_schema(
        operation_id="strategies_update",
        tags=["strategies"],
        parameters=[IF_MATCH],
        request=StrategyUpdateInput,
        responses=StrategyOutput,
    )
    def put(self, request: Request, strategy_id: UUID) -> Response:
        """Store a changed definition as the next version."""
        data = StrategyUpdateInput(data=request.data)
        data.is_valid(raise_exception=True)
        strategy = strategy_update(
            actor=actor_of(request),
            strategy_id=strategy_id,
            expected_hashes=etags_parse(request.headers.get("If-Match")),
            **data.validated_data,
        )
        return _rendered(strategy)

    @extend_schema(
        operation_id="strategies_delete", tags=["strategies"], responses={204: None}
    )
    def delete(self, request: Request, strategy_id: UUID) -> Response:
        """Delete a strategy with its versions and their backtests."""
        strategy_delete(actor=actor_of(request), strategy_id=strategy_id)
        return Response(status=204)


class StrategyVersionPagination(StandardPagination):
    """Versions, newest first."""

    ordering = ("-number",)


class StrategyVersionListView(ListAPIView[StrategyVersion]):
    """All versions of a strategy."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = StrategyVersionOutput
    pagination_class = StrategyVersionPagination
    queryset = StrategyVersion.objects.none()

    def get_queryset(self) -> QuerySet[StrategyVersion]:
        """Return the strategy's versions, newest first."""
        return strategy_version_list(
            actor=actor_of(self.request), strategy_id=self.kwargs["strategy_id"]
        )

    @extend_schema(operation_id="strategies_versions_list", tags=["strategies"])
    def get(self, request: Request, strategy_id: UUID) -> Response:
        """List all versions of a strategy, newest first."""
        return self.list(request)


class StrategyVersionView(APIView):
    """One version of a strategy."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="strategies_versions_get",
        tags=["strategies"],
        responses=StrategyVersionOutput,
    )
    def get(self, request: Request, strategy_id: UUID, number: int) -> Response:
        """Return one version of a strategy."""
        version = strategy_version_get(
            actor=actor_of(request), strategy_id=strategy_id, number=number
        )
        return Response(StrategyVersionOutput(version).data)


class StrategyValidateView(APIView):
    """Checking without storing."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="strategies_validate",
        tags=["strategies"],
        request=StrategyValidateInput,
        responses=StrategyValidOutput,
    )
    def post(self, request: Request) -> Response:
        """Check a definition; 400 lists every finding with its place."""
        data = StrategyValidateInput(data=request.data)
        data.is_valid(raise_exception=True)
        described = definition_describe(data.validated_data["definition"])
        return Response(StrategyValidOutput(described).data)


class StrategyTemplateListView(APIView):
    """Strategies to begin with."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="strategies_templates",
        tags=["strategies"],
        responses=StrategyTemplateOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the templates, each with when it works and when it fails."""
        described = [template_describe(template) for template in template_list()]
        return Response(StrategyTemplateOutput(described, many=True).data)
