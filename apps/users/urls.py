from __future__ import annotations

from django.urls import path

from apps.users import views

urlpatterns = [
    path("auth/csrf/", views.CsrfView.as_view(), name="auth_csrf"),
    path("auth/login/", views.LoginView.as_view(), name="auth_login"),
    path("auth/logout/", views.LogoutView.as_view(), name="auth_logout"),
    path("auth/session/", views.SessionView.as_view(), name="auth_session"),
    path("auth/token/", views.TokenView.as_view(), name="auth_token"),
    path(
        "auth/token/revoke/",
        views.TokenRevokeView.as_view(),
        name="auth_token_revoke",
    ),
    path("me/", views.MeView.as_view(), name="me"),
    path("me/password/", views.PasswordView.as_view(), name="me_password"),
]
