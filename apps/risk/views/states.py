"""What may be traded: how it stands, the kill switch, and locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.etags import NO_STORE
from apps.risk.models import RiskLock
from apps.risk.selectors.locks import lock_get, lock_list
from apps.risk.selectors.status import status_get
from apps.risk.serializers.states import (
    KillSwitchInput,
    KillSwitchReleaseInput,
    LockChangeInput,
    LockInput,
    LockOutput,
    ScopeOutput,
    StateInput,
    StatusOutput,
)
from apps.risk.services.halts import (
    kill_switch_engage,
    kill_switch_release,
    state_change,
)
from apps.risk.services.locks import lock_change, lock_create, lock_release
from apps.users.actor import actor_of, key_of
from apps.users.authentication import AUTHENTICATION
from apps.users.enums import ApiKeyScope

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


class RiskStatusView(APIView):
    """How the caller's accounts stand."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="risk_status", tags=["risk"], responses=StatusOutput)
    def get(self, request: Request) -> Response:
        """Return what each account may trade, and how much of its limits is used."""
        found = status_get(actor=actor_of(request), now=timezone.now())
        return Response(StatusOutput(found).data, headers=NO_STORE)


class KillSwitchEngageView(APIView):
    """Stopping."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="risk_kill_switch_engage",
        tags=["risk"],
        request=KillSwitchInput,
        responses=ScopeOutput,
    )
    def post(self, request: Request) -> Response:
        """Stop trading: nothing new is sent, and what is open is cancelled.

        Once `halted_at` is answered, nothing is admitted any more. `quiet_at` is set when
        nothing is being sent, `cleared_at` when the venue has confirmed that nothing is
        open; where that takes longer, `GET /risk/status/` tells. To send this twice
        changes nothing, and asks the venue again.
        """
        data = KillSwitchInput(data=request.data)
        data.is_valid(raise_exception=True)
        scope = kill_switch_engage(
            actor=actor_of(request),
            account_id=data.validated_data["account"],
            reason=data.validated_data["reason"],
            now=timezone.now(),
        )
        return Response(ScopeOutput(scope).data)


class KillSwitchReleaseView(APIView):
    """Going on."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = True

    @extend_schema(
        operation_id="risk_kill_switch_release",
        tags=["risk"],
        request=KillSwitchReleaseInput,
        responses=ScopeOutput,
    )
    def post(self, request: Request) -> Response:
        """Let trading go on, once the venue has confirmed that nothing is open.

        A halt of one account and one of all are released each for itself.
        """
        data = KillSwitchReleaseInput(data=request.data)
        data.is_valid(raise_exception=True)
        scope = kill_switch_release(
            actor=actor_of(request),
            account_id=data.validated_data["account"],
            reason=data.validated_data["reason"],
            force=data.validated_data["force"],
            now=timezone.now(),
        )
        return Response(ScopeOutput(scope).data)


class RiskStateView(APIView):
    """Reducing only, and back."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="risk_state_change",
        tags=["risk"],
        request=StateInput,
        responses=ScopeOutput,
    )
    def post(self, request: Request) -> Response:
        """Allow only what makes a position smaller, or everything again.

        An API key needs the scope admin as well to allow everything again.
        """
        data = StateInput(data=request.data)
        data.is_valid(raise_exception=True)
        key = key_of(request)
        scope = state_change(
            actor=actor_of(request),
            account_id=data.validated_data["account"],
            state=data.validated_data["state"],
            reason=data.validated_data["reason"],
            may_loosen=key is None or ApiKeyScope.ADMIN.value in key.scopes,
            now=timezone.now(),
        )
        return Response(ScopeOutput(scope).data)


class LockListCreateView(ListAPIView[RiskLock]):
    """The locks of an account."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    serializer_class = LockOutput
    queryset = RiskLock.objects.none()

    def get_queryset(self) -> QuerySet[RiskLock]:
        """Return the account's locks, newest first."""
        return lock_list(
            actor=actor_of(self.request), account_id=self.kwargs["account_id"]
        )

    @extend_schema(operation_id="account_risk_locks_list", tags=["risk"])
    def get(self, request: Request, account_id: UUID) -> Response:
        """List an account's locks, those that are over as well, newest first."""
        return self.list(request)

    @extend_schema(
        operation_id="account_risk_locks_create",
        tags=["risk"],
        request=LockInput,
        responses={201: LockOutput},
    )
    def post(self, request: Request, account_id: UUID) -> Response:
        """Add nothing to an account, or to one market of it, until a moment."""
        data = LockInput(data=request.data)
        data.is_valid(raise_exception=True)
        made = lock_create(
            actor=actor_of(request),
            account_id=account_id,
            now=timezone.now(),
            **data.validated_data,
        )
        return Response(LockOutput(made).data, status=201)


class LockDetailView(APIView):
    """One lock."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = frozenset({"PATCH", "DELETE"})

    @extend_schema(
        operation_id="account_risk_locks_get", tags=["risk"], responses=LockOutput
    )
    def get(self, request: Request, account_id: UUID, lock_id: UUID) -> Response:
        """Return one lock."""
        found = lock_get(
            actor=actor_of(request), account_id=account_id, lock_id=lock_id
        )
        return Response(LockOutput(found).data)

    @extend_schema(
        operation_id="account_risk_locks_update",
        tags=["risk"],
        request=LockChangeInput,
        responses=LockOutput,
    )
    def patch(self, request: Request, account_id: UUID, lock_id: UUID) -> Response:
        """Let a lock that holds end at another time."""
        data = LockChangeInput(data=request.data)
        data.is_valid(raise_exception=True)
        changed = lock_change(
            actor=actor_of(request),
            account_id=account_id,
            lock_id=lock_id,
            now=timezone.now(),
            **data.validated_data,
        )
        return Response(LockOutput(changed).data)

    @extend_schema(
        operation_id="account_risk_locks_release",
        tags=["risk"],
        responses={204: OpenApiResponse(description="It holds no more.")},
    )
    def delete(self, request: Request, account_id: UUID, lock_id: UUID) -> Response:
        """Release a lock before its time; its row is kept."""
        lock_release(
            actor=actor_of(request),
            account_id=account_id,
            lock_id=lock_id,
            now=timezone.now(),
        )
        return Response(status=204)
