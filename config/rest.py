"""How the REST framework is set up."""

from __future__ import annotations

from typing import Any

STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "apps.core.exceptions.ApplicationExceptionHandler",
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}


def rest_settings(*, anon: str, user: str, login: str, orders: str) -> dict[str, Any]:
    """Return Django's REST_FRAMEWORK.

    Args:
        anon: How often somebody unknown may call, such as `100/hour`.
        user: How often a user may.
        login: How often somebody may try to sign in.
        orders: How often a user may place, replace or cancel orders.
    """
    return {
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "apps.users.authentication.ApiKeyAuthentication",
            "rest_framework.authentication.SessionAuthentication",
            "rest_framework.authentication.TokenAuthentication",
        ],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_PAGINATION_CLASS": "apps.core.pagination.StandardPagination",
        "PAGE_SIZE": 20,
        "DEFAULT_THROTTLE_CLASSES": [
            "apps.core.throttling.AnonThrottle",
            "apps.core.throttling.UserThrottle",
        ],
        "DEFAULT_THROTTLE_RATES": {
            "anon": anon,
            "user": user,
            "login": login,
            "orders": orders,
        },
        "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
        "EXCEPTION_HANDLER": "apps.core.exceptions.custom_exception_handler",
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["apps.core.parsers.BoundedJSONParser"],
        "DEFAULT_FILTER_BACKENDS": ["apps.core.filters.StrictFilterBackend"],
        # Each address has one form; `Accept` chooses between it and an error's JSON.
        "URL_FORMAT_OVERRIDE": None,
        "COERCE_DECIMAL_TO_STRING": True,
        "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
        "TEST_REQUEST_DEFAULT_FORMAT": "json",
    }
