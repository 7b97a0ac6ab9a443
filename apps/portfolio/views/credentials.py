"""The keys of live accounts, and the preflights that let these trade.

These are the only operations, beside those of orders, that ask an exchange while the
client waits; the time-out of a call to an exchange bounds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.etags import NO_STORE
from apps.portfolio.selectors.accounts import credential_get, preflight_get
from apps.portfolio.serializers.credentials import (
    AccountPreflightOutput,
    CredentialsInput,
    CredentialsOutput,
)
from apps.portfolio.services.credentials import (
    credentials_delete,
    credentials_set,
    credentials_test,
)
from apps.portfolio.services.preflight import account_preflight
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

GONE = OpenApiResponse(description="They are gone.")


class CredentialsView(APIView):
    """The keys of an account."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = True

    @extend_schema(
        operation_id="credentials_get", tags=["portfolio"], responses=CredentialsOutput
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """Return what may be known of an account's keys; never the keys."""
        found = credential_get(actor=actor_of(request), account_id=account_id)
        return Response(CredentialsOutput(found).data, headers=NO_STORE)

    @extend_schema(
        operation_id="credentials_set",
        tags=["portfolio"],
        request=CredentialsInput,
        responses=CredentialsOutput,
    )
    def put(self, request: Request, account_id: UUID) -> Response:
        """Store keys for a live account, in the place of any that it has.

        The exchange is asked about them first. Keys that it does not take, that may
        only read, or that may withdraw money are refused, and the old ones stay. It is
        safe to send this again. The account needs another preflight afterwards.
        """
        data = CredentialsInput(data=request.data)
        data.is_valid(raise_exception=True)
        stored = credentials_set(
            actor=actor_of(request),
            account_id=account_id,
            now=timezone.now(),
            **data.validated_data,
        )
        return Response(CredentialsOutput(stored).data, headers=NO_STORE)

    @extend_schema(
        operation_id="credentials_delete", tags=["portfolio"], responses={204: GONE}
    )
    def delete(self, request: Request, account_id: UUID) -> Response:
        """Remove an account's keys; open orders stay at the exchange, unwatched."""
        credentials_delete(
            actor=actor_of(request), account_id=account_id, now=timezone.now()
        )
        return Response(status=204)


class CredentialsTestView(APIView):
    """Asking the exchange about stored keys."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = True

    @extend_schema(
        operation_id="credentials_test",
        tags=["portfolio"],
        request=None,
        responses=CredentialsOutput,
    )
    def post(self, request: Request, account_id: UUID) -> Response:
        """Ask the exchange once more what the stored keys may do.

        `message` says what is wrong. Keys that no longer may trade, or now may withdraw,
        end the account's preflight.
        """
        tested = credentials_test(
            actor=actor_of(request), account_id=account_id, now=timezone.now()
        )
        return Response(CredentialsOutput(tested).data, headers=NO_STORE)


class AccountPreflightView(APIView):
    """The go/no-go list of a live account."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="accounts_preflight_get",
        tags=["portfolio"],
        responses=AccountPreflightOutput,
    )
    def get(self, request: Request, account_id: UUID) -> Response:
        """Return the newest preflight of an account."""
        found = preflight_get(actor=actor_of(request), account_id=account_id)
        return Response(AccountPreflightOutput(found).data, headers=NO_STORE)

    @extend_schema(
        operation_id="accounts_preflight",
        tags=["portfolio"],
        request=None,
        responses={201: AccountPreflightOutput},
    )
    def post(self, request: Request, account_id: UUID) -> Response:
        """Look at everything that a live account needs before it may trade.

        It asks the exchange about keys, clock and balances. What it finds counts for
        PREFLIGHT_VALID_SECONDS, or until the keys change.
        """
        made = account_preflight(
            actor=actor_of(request), account_id=account_id, now=timezone.now()
        )
        return Response(AccountPreflightOutput(made).data, status=201)
