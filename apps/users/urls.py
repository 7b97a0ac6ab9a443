from __future__ import annotations

from django.urls import path

from apps.users.views import api_keys, auth

urlpatterns = [
    path("auth/csrf/", auth.CsrfView.as_view(), name="auth_csrf"),
    path("auth/login/", auth.LoginView.as_view(), name="auth_login"),
    path("auth/logout/", auth.LogoutView.as_view(), name="auth_logout"),
    path("auth/session/", auth.SessionView.as_view(), name="auth_session"),
    path("auth/token/", auth.TokenView.as_view(), name="auth_token"),
    path(
        "auth/token/revoke/",
        auth.TokenRevokeView.as_view(),
        name="auth_token_revoke",
    ),
    path("me/", auth.MeView.as_view(), name="me"),
    path("me/password/", auth.PasswordView.as_view(), name="me_password"),
    path("api-keys/", api_keys.ApiKeyListCreateView.as_view(), name="api_key_list"),
    path(
        "api-keys/<uuid:api_key_id>/",
        api_keys.ApiKeyDetailView.as_view(),
        name="api_key_detail",
    ),
    path(
        "api-keys/<uuid:api_key_id>/rotate/",
        api_keys.ApiKeyRotateView.as_view(),
        name="api_key_rotate",
    ),
    path(
        "api-keys/<uuid:api_key_id>/revoke/",
        api_keys.ApiKeyRevokeView.as_view(),
        name="api_key_revoke",
    ),
]
