"""What every operation of the OpenAPI document has in common."""

from __future__ import annotations

from typing import Any

from apps.core.errors import error_codes

# Codes that Django, DRF and the standard error handler give of themselves.
FRAMEWORK_CODES = (
    "authentication_failed",
    "blank",
    "cache_unavailable",
    "csrf_failed",
    "database_unavailable",
    "date",
    "datetime",
    "does_not_exist",
    "empty",
    "error",
    "invalid",
    "invalid_choice",
    "max_digits",
    "max_length",
    "max_string_length",
    "max_value",
    "max_whole_digits",
    "method_not_allowed",
    "min_length",
    "min_value",
    "no_name",
    "not_a_dict",
    "not_acceptable",
    "not_a_list",
    "not_authenticated",
    "null",
    "null_characters_not_allowed",
    "overflow",
    "parse_error",
    "required",
    "surrogate_characters_not_allowed",
    "unique",
    "unsupported_media_type",
)

_DESCRIPTIONS = {
    "400": "The request is wrong; each error says what and where.",
    "401": "Not signed in, or the token is not valid.",
    "403": "Signed in, but not allowed, or the CSRF token is missing.",
    "404": "There is no such thing, or it is not yours.",
    "405": "This address does not know the method.",
    "406": "No representation that the Accept header allows.",
    "409": "The thing is not in a state that allows this.",
    "412": "Your version of the thing is stale; read it again.",
    "413": "The body is over the limit.",
    "415": "The body's media type is not one that is read here.",
    "422": "Well-formed, but it cannot be carried out.",
    "429": "Too many calls; see Retry-After.",
    "500": "An error of ours; quote X-Request-ID.",
    "503": "Something that we need is down; see Retry-After.",
}
_RETRY_AFTER = {"Retry-After": "Seconds to wait before the next try."}
_HEADERS = {
    "429": {
        **_RETRY_AFTER,
        "RateLimit-Limit": "Calls that are allowed in a period.",
        "RateLimit-Remaining": "Calls that are left in this one: none.",
        "RateLimit-Reset": "Seconds until the next call is allowed.",
    },
    "503": _RETRY_AFTER,
}
_REQUEST_ID = {
    "schema": {"type": "string"},
    "description": "Names this answer in our log.",
}
_EVERYWHERE = ("400", "401", "403", "404", "405", "406", "429", "500", "503")
_WITH_BODY = ("409", "412", "413", "415", "422")


def errors_document(
    result: dict[str, Any],
    generator: Any,
    request: Any,
    public: bool,
) -> dict[str, Any]:
    """Add the error shape, its codes and `X-Request-ID` to every operation.

    Args:
        result: The OpenAPI document.
        generator: Not used.
        request: Not used.
        public: Not used.

    Returns:
        The document, changed in place.
    """
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(_error_schemas())
    schemas.update(_health_schemas())
    result["components"]["responses"] = {
        f"Error{status}": _error_response(status) for status in _DESCRIPTIONS
    }
    result["paths"].update(_health_paths())
    for operations in result["paths"].values():
        for method, operation in operations.items():
            statuses = _EVERYWHERE + (_WITH_BODY if method != "get" else ())
            for status in statuses:
                operation["responses"].setdefault(
                    status, {"$ref": f"#/components/responses/Error{status}"}
                )
            for status, response in operation["responses"].items():
                if "$ref" not in response:
                    if status in _DESCRIPTIONS:
                        response.setdefault("content", _error_content())
                    response.setdefault("headers", {})["X-Request-ID"] = _REQUEST_ID
    return result


def summaries_document(
    result: dict[str, Any],
    generator: Any,
    request: Any,
    public: bool,
) -> dict[str, Any]:
    """Give every operation its first sentence as a summary, as Swagger UI lists it.

    Args:
        result: The OpenAPI document.
        generator: Not used.
        request: Not used.
        public: Not used.

    Returns:
        The document, changed in place.
    """
    for operations in result["paths"].values():
        for operation in operations.values():
            text = operation.get("description", "")
            operation.setdefault("summary", text.split("\n\n")[0].rstrip("."))
    return result


def _error_schemas() -> dict[str, Any]:
    codes = sorted({*error_codes(), *FRAMEWORK_CODES})
    return {
        "ErrorCodeEnum": {
            "type": "string",
            "enum": codes,
            "description": "What was wrong, stable for programs.",
        },
        "ErrorTypeEnum": {
            "type": "string",
            "enum": ["validation_error", "client_error", "server_error"],
            "description": "Whose the error is.",
        },
        "ErrorDetail": {
            "type": "object",
            "required": ["code", "detail", "attr"],
            "properties": {
                "code": {"$ref": "#/components/schemas/ErrorCodeEnum"},
                "detail": {
                    "type": "string",
                    "description": "What was wrong and what would be right.",
                    "example": "limit must be a whole number from 1 to 200.",
                },
                "attr": {
                    "type": ["string", "null"],
                    "description": "The field or path that it concerns, dotted.",
                    "example": "entry.long",
                },
            },
        },
        "ErrorResponse": {
            "type": "object",
            "required": ["type", "errors"],
            "properties": {
                "type": {"$ref": "#/components/schemas/ErrorTypeEnum"},
                "errors": {
                    "type": "array",
                    "items": {"$ref": "#/components/schemas/ErrorDetail"},
                },
            },
        },
    }


def _error_content() -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/ErrorResponse"}
    return {"application/json": {"schema": schema}}


def _error_response(status: str) -> dict[str, Any]:
    headers = {
        name: {"schema": {"type": "integer"}, "description": text}
        for name, text in _HEADERS.get(status, {}).items()
    }
    return {
        "description": _DESCRIPTIONS[status],
        "headers": {"X-Request-ID": _REQUEST_ID, **headers},
        "content": _error_content(),
    }


def _health_schemas() -> dict[str, Any]:
    def outcome(text: str, *more: str) -> dict[str, Any]:
        known = ["ok", "failed", "timed out", *more]
        return {"type": "string", "enum": known, "description": text, "example": "ok"}

    return {
        "Health": {
            "type": "object",
            "required": ["status", "db", "cache"],
            "properties": {
                "status": {
                    "type": "string",
                    "enum": ["healthy", "unhealthy"],
                    "description": "The whole verdict.",
                    "example": "healthy",
                },
                "db": outcome("The database.", "older than this release"),
                "cache": outcome("The cache.", "password refused"),
            },
        },
        "Live": {
            "type": "object",
            "required": ["status"],
            "properties": {
                "status": {
                    "type": "string",
                    "enum": ["alive"],
                    "description": "The process answers.",
                    "example": "alive",
                }
            },
        },
    }


def _health_paths() -> dict[str, Any]:
    # Async views are Django's own, so DRF's generator does not see them.
    def operation(name: str, schema: str, text: str, *, fails: bool) -> dict[str, Any]:
        content = {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}
        }
        responses = {"200": {"description": "Well.", "content": content}}
        if fails:
            responses["503"] = {"description": "Not well.", "content": content}
        return {
            "get": {
                "operationId": name,
                "description": text,
                "tags": ["health"],
                "security": [{}],
                "responses": responses,
            }
        }

    return {
        "/api/health/": operation(
            "health", "Health", "Asks the database and the cache.", fails=True
        ),
        "/api/health/live/": operation(
            "health_live", "Live", "Asks only the process itself.", fails=False
        ),
        "/api/health/ready/": operation(
            "health_ready", "Health", "Whether to send traffic here.", fails=True
        ),
    }
