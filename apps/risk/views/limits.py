"""Limits: read, replace, look back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.etags import etag_matches, etag_of, etags_parse
from apps.core.pagination import StandardPagination
from apps.risk.errors.limits import LimitsMatchMissing
from apps.risk.models import RiskLimitsVersion
from apps.risk.selectors.limits import limits_get, limits_history
from apps.risk.serializers.limits import (
    LimitsInput,
    LimitsOutput,
    LimitsVersionOutput,
)
from apps.risk.services.limits import limits_put, limits_tag
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

    from apps.risk.models import RiskLimits

IF_MATCH = OpenApiParameter(
    name="If-Match",
    type=str,
    location=OpenApiParameter.HEADER,
    description=(
        'The ETag that you read, such as "v3"; 400 without one, 412 when the limits '
        "have changed since; * takes any."
    ),
)
IF_NONE_MATCH = OpenApiParameter(
    name="If-None-Match",
    type=str,
    location=OpenApiParameter.HEADER,
    description="The ETag that you have; 304 when the limits are the same.",
)


def _rendered(limits: RiskLimits) -> Response:
    tag = etag_of(limits_tag(limits))
    return Response(LimitsOutput(limits).data, headers={"ETag": tag})


def _got(request: Request, account_id: UUID | None) -> Response:
    found = limits_get(actor=actor_of(request), account_id=account_id)
    tag = etag_of(limits_tag(found))
    if etag_matches(request.headers.get("If-None-Match"), tag):
        return Response(status=304, headers={"ETag": tag})
    return _rendered(found)


def _match_of(request: Request) -> str:
    """Return `If-Match`; a change without it does not say what it is a change of."""
    header = request.headers.get("If-Match")
    if header is None:
        msg = 'Send If-Match with the ETag that you read, such as "v3"; * takes any.'
        raise LimitsMatchMissing(msg, attr="If-Match")
    return header


def _put(request: Request, account_id: UUID | None) -> Response:
    expected = etags_parse(_match_of(request))
    data = LimitsInput(data=request.data)
    data.is_valid(raise_exception=True)
    changed = limits_put(
        actor=actor_of(request),
        account_id=account_id,
        expected=expected,
        now=timezone.now(),
        **data.validated_data,
    )
    return _rendered(changed)


class LimitsVersionPagination(StandardPagination):
    """Versions, newest first."""

    ordering = ("-version",)


class _LimitsHistoryView(ListAPIView[RiskLimitsVersion]):
    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = LimitsVersionOutput
    pagination_class = LimitsVersionPagination
    queryset = RiskLimitsVersion.objects.none()

    def get_queryset(self) -> QuerySet[RiskLimitsVersion]:
        """Return the limits after each change, newest first."""
        return limits_history(
            actor=actor_of(self.request), account_id=self.kwargs.get("account_id")
        )


class UserLimitsView(APIView):
    """The limits of all of the caller's accounts of one mode together."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = frozenset({"PUT"})

    @extend_schema(
        operation_id="risk_limits_get",
        tags=["risk"],
        parameters=[IF_NONE_MATCH],
        responses={200: LimitsOutput, 304: None},
    )
    def get(self, request: Request) -> Response:
        """Return the limits of all of your accounts of one mode together."""
        return _got(request, None)

    @extend_schema(
        operation_id="risk_limits_put",
        tags=["risk"],
        parameters=[IF_MATCH],
        request=LimitsInput,
        responses=LimitsOutput,
    )
    def put(self, request: Request) -> Response:
        """Replace the limits of all of your accounts of one mode together.

        They hold from the next order on. What is left out is not limited any more.
        """
        return _put(request, None)


class UserLimitsHistoryView(_LimitsHistoryView):
    """What the caller's limits were."""

    @extend_schema(operation_id="risk_limits_history", tags=["risk"])
    def get(self, request: Request) -> Response:
        """List your limits as they were after each change, newest first."""
        return self.list(request)


class AccountLimitsView(APIView):
    """The limits of one account."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = frozenset({"PUT"})

    @extend_schema(
        operation_id="account_risk_limits_get",
        tags=["risk"],
        parameters=[IF_NONE_MATCH],
        responses={200: LimitsOutput, 304: None},
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """Return the limits of an account, in its currency."""
        return _got(request, account_id)

    @extend_schema(
        operation_id="account_risk_limits_put",
        tags=["risk"],
        parameters=[IF_MATCH],
        request=LimitsInput,
        responses=LimitsOutput,
    )
    def put(self, request: Request, account_id: UUID) -> Response:
        """Replace the limits of an account, in its currency.

        They hold from the next order on. What is left out is not limited any more.
        """
        return _put(request, account_id)


class AccountLimitsHistoryView(_LimitsHistoryView):
    """What the limits of an account were."""

    @extend_schema(operation_id="account_risk_limits_history", tags=["risk"])
    def get(self, request: Request, account_id: UUID) -> Response:
        """List an account's limits as they were after each change, newest first."""
        return self.list(request)
