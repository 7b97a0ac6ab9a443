"""API keys: making, listing, rotating, revoking."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.users.actor import actor_of, key_of
from apps.users.authentication import AUTHENTICATION
from apps.users.models import ApiKey
from apps.users.selectors import api_key_get, api_key_list
from apps.users.serializers import (
    ApiKeyCreateInput,
    ApiKeyOutput,
    ApiKeyRotateInput,
    ApiKeySecretOutput,
)
from apps.users.services import api_key_create, api_key_revoke, api_key_rotate

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


def _shown_once(key: ApiKey, text: str) -> Response:
    return Response(ApiKeySecretOutput(key, context={"key": text}).data, status=201)


class ApiKeyListCreateView(ListAPIView[ApiKey]):
    """The caller's keys."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = True
    serializer_class = ApiKeyOutput
    queryset = ApiKey.objects.none()

    def get_queryset(self) -> QuerySet[ApiKey]:
        """Return the caller's keys, newest first."""
        return api_key_list(actor=actor_of(self.request))

    @extend_schema(operation_id="api_keys_list", tags=["auth"])
    def get(self, request: Request) -> Response:
        """List your API keys, newest first, also those that work no more."""
        return self.list(request)

    @extend_schema(
        operation_id="api_keys_create",
        tags=["auth"],
        request=ApiKeyCreateInput,
        responses={201: ApiKeySecretOutput},
    )
    @method_decorator(never_cache)
    def post(self, request: Request) -> Response:
        """Make an API key; it is shown this once.

        `Idempotency-Key` has no effect here: to give the first answer again, the key
        itself would have to be kept. After a lost answer, revoke the key that the list
        shows, and make another. A key can make only keys that may no more than itself.
        """
        data = ApiKeyCreateInput(data=request.data)
        data.is_valid(raise_exception=True)
        key, text = api_key_create(
            actor=actor_of(request),
            by=key_of(request),
            now=timezone.now(),
            **data.validated_data,
        )
        return _shown_once(key, text)


class ApiKeyDetailView(APIView):
    """One key."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = True

    @extend_schema(operation_id="api_keys_get", tags=["auth"], responses=ApiKeyOutput)
    def get(self, request: Request, api_key_id: UUID) -> Response:
        """Return one API key, without its secret."""
        key = api_key_get(actor=actor_of(request), api_key_id=api_key_id)
        return Response(ApiKeyOutput(key).data)


class ApiKeyRotateView(APIView):
    """A key's successor."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = True

    @extend_schema(
        operation_id="api_keys_rotate",
        tags=["auth"],
        request=ApiKeyRotateInput,
        responses={201: ApiKeySecretOutput},
    )
    @method_decorator(never_cache)
    def post(self, request: Request, api_key_id: UUID) -> Response:
        """Replace an API key by one that may the same; the new one is shown this once.

        The old one works on for `overlap_seconds`, and then expires. `Idempotency-Key`
        has no effect here, as when a key is made.
        """
        data = ApiKeyRotateInput(data=request.data)
        data.is_valid(raise_exception=True)
        key, text = api_key_rotate(
            actor=actor_of(request),
            by=key_of(request),
            api_key_id=api_key_id,
            overlap=timedelta(seconds=data.validated_data["overlap_seconds"]),
            expires_at=data.validated_data["expires_at"],
            now=timezone.now(),
        )
        return _shown_once(key, text)


class ApiKeyRevokeView(APIView):
    """Making a key worthless."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = True

    @extend_schema(
        operation_id="api_keys_revoke",
        tags=["auth"],
        request=None,
        responses=ApiKeyOutput,
    )
    def post(self, request: Request, api_key_id: UUID) -> Response:
        """Make an API key worthless, at once and for good."""
        key = api_key_revoke(
            actor=actor_of(request),
            by=key_of(request),
            api_key_id=api_key_id,
            now=timezone.now(),
        )
        return Response(ApiKeyOutput(key).data)
