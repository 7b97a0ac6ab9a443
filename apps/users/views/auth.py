"""Sessions, tokens, and who I am."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import login, logout, update_session_auth_hash
from django.middleware.csrf import get_token
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.throttling import LoginNameThrottle, LoginThrottle
from apps.users.actor import actor_of
from apps.users.authentication import AUTHENTICATION
from apps.users.serializers import (
    CsrfOutput,
    LoginInput,
    PasswordChangeInput,
    SessionOutput,
    TokenOutput,
    UserOutput,
    UserUpdateInput,
)
from apps.users.services import (
    credentials_check,
    password_change,
    token_issue,
    token_revoke,
    user_update,
)

if TYPE_CHECKING:
    from rest_framework.request import Request


class CsrfView(APIView):
    """The CSRF cookie."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="auth_csrf", tags=["auth"], responses=CsrfOutput)
    @method_decorator(never_cache)
    def get(self, request: Request) -> Response:
        """Set the CSRF cookie and return its token."""
        return Response({"csrf_token": get_token(request)})


@method_decorator(csrf_protect, name="dispatch")
class LoginView(APIView):
    """Signing in with a session."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (LoginThrottle, LoginNameThrottle)

    @extend_schema(
        operation_id="auth_login",
        tags=["auth"],
        request=LoginInput,
        responses=UserOutput,
    )
    def post(self, request: Request) -> Response:
        """Start a session; needs the CSRF token, as a browser's forms do."""
        data = LoginInput(data=request.data)
        data.is_valid(raise_exception=True)
        user = credentials_check(request=request._request, **data.validated_data)
        login(request._request, user)
        return Response(UserOutput(user).data)


class LogoutView(APIView):
    """Signing out."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="auth_logout", tags=["auth"], request=None, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        """End the session."""
        logout(request._request)
        return Response(status=204)


class SessionView(APIView):
    """Whether the caller is signed in."""

    authentication_classes = AUTHENTICATION
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="auth_session", tags=["auth"], responses=SessionOutput)
    def get(self, request: Request) -> Response:
        """Say whether the caller is signed in, and as whom."""
        user = request.user if request.user.is_authenticated else None
        body = {"authenticated": user is not None, "user": user}
        return Response(SessionOutput(body).data)


class TokenView(APIView):
    """The token for programs."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (LoginThrottle, LoginNameThrottle)

    @extend_schema(
        operation_id="auth_token",
        tags=["auth"],
        request=LoginInput,
        responses=TokenOutput,
    )
    def post(self, request: Request) -> Response:
        """Give the token of the user with this name and password."""
        data = LoginInput(data=request.data)
        data.is_valid(raise_exception=True)
        user = credentials_check(request=request._request, **data.validated_data)
        return Response({"token": token_issue(user=user)})


class TokenRevokeView(APIView):
    """Making the token worthless."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = True

    @extend_schema(
        operation_id="auth_token_revoke",
        tags=["auth"],
        request=None,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """Revoke the caller's token."""
        token_revoke(user=actor_of(request))
        return Response(status=204)


class MeView(APIView):
    """The caller's own record."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="me_get", tags=["auth"], responses=UserOutput)
    def get(self, request: Request) -> Response:
        """Return who the caller is."""
        return Response(UserOutput(actor_of(request)).data)

    @extend_schema(
        operation_id="me_update",
        tags=["auth"],
        request=UserUpdateInput,
        responses=UserOutput,
    )
    def patch(self, request: Request) -> Response:
        """Change names or address."""
        data = UserUpdateInput(data=request.data)
        data.is_valid(raise_exception=True)
        given = data.validated_data
        user = user_update(
            user=actor_of(request),
            first_name=given.get("first_name"),
            last_name=given.get("last_name"),
            email=given.get("email"),
        )
        return Response(UserOutput(user).data)


class PasswordView(APIView):
    """The caller's password."""

    authentication_classes = AUTHENTICATION
    permission_classes = (IsAuthenticated,)
    needs_admin_key = True
    throttle_classes = (LoginThrottle,)

    @extend_schema(
        operation_id="me_password",
        tags=["auth"],
        request=PasswordChangeInput,
        responses={204: None},
    )
    def post(self, request: Request) -> Response:
        """Change the password; the token is revoked, this session goes on."""
        data = PasswordChangeInput(data=request.data)
        data.is_valid(raise_exception=True)
        user = password_change(
            user=actor_of(request),
            current=data.validated_data["current_password"],
            new=data.validated_data["new_password"],
        )
        update_session_auth_hash(request._request, user)
        return Response(status=204)
