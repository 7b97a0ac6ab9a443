"""From an error of the domain to an answer: the only place that knows statuses."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import ValidationError
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler, exception_handler
from redis.exceptions import RedisError
from rest_framework import exceptions, status
from rest_framework.serializers import as_serializer_error

from apps.core.database import database_passing
from apps.core.errors import ApplicationError, ErrorKind

if TYPE_CHECKING:
    from rest_framework.response import Response

logger = logging.getLogger(__name__)

STATUS_BY_KIND = {
    ErrorKind.INVALID: status.HTTP_400_BAD_REQUEST,
    ErrorKind.FORBIDDEN: status.HTTP_403_FORBIDDEN,
    ErrorKind.NOT_FOUND: status.HTTP_404_NOT_FOUND,
    ErrorKind.CONFLICT: status.HTTP_409_CONFLICT,
    ErrorKind.PRECONDITION_FAILED: status.HTTP_412_PRECONDITION_FAILED,
    ErrorKind.TOO_LARGE: status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    ErrorKind.UNPROCESSABLE: status.HTTP_422_UNPROCESSABLE_ENTITY,
    ErrorKind.RATE_LIMITED: status.HTTP_429_TOO_MANY_REQUESTS,
    ErrorKind.UNAVAILABLE: status.HTTP_503_SERVICE_UNAVAILABLE,
    ErrorKind.BAD_UPSTREAM: status.HTTP_502_BAD_GATEWAY,
    ErrorKind.INTERNAL: status.HTTP_500_INTERNAL_SERVER_ERROR,
}
RETRY_AFTER_SECONDS = 5


class _Answer(exceptions.APIException):
    """An `ApplicationError` on its way out."""

    def __init__(self, error: ApplicationError) -> None:
        super().__init__(detail=error.message, code=error.code)
        self.error = error
        self.status_code = STATUS_BY_KIND[error.kind]
        if error.kind in {ErrorKind.UNAVAILABLE, ErrorKind.RATE_LIMITED}:
            self.wait = RETRY_AFTER_SECONDS


class Outage(exceptions.APIException):
    """Something that the service stands on is away; the call may be repeated."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    wait: ClassVar[int] = RETRY_AFTER_SECONDS


class _DatabaseBusy(Outage):
    """The database is locked, restarting or out of reach."""

    default_detail = "The database does not answer at the moment; try again."
    default_code = "database_unavailable"


class _CacheDown(Outage):
    """The cache, which counts calls, is out of reach."""

    default_detail = "The cache does not answer at the moment; try again."
    default_code = "cache_unavailable"


def outage_of(error: BaseException | None) -> Outage | None:
    """Return the answer to an error of the database or the cache that may pass."""
    if database_passing(error):
        return _DatabaseBusy()
    if isinstance(error, RedisError):
        return _CacheDown()
    return None


class ApplicationExceptionFormatter(ExceptionFormatter):
    """Formats an `ApplicationError` with each of its findings."""

    def run(self) -> dict[str, Any]:
        """Return the body: `{"type", "errors": [{"code", "detail", "attr"}]}`."""
        if not isinstance(self.exc, _Answer):
            return dict(super().run())
        error = self.exc.error
        if error.kind is ErrorKind.INVALID:
            kind = "validation_error"
        elif status.is_server_error(self.exc.status_code):
            kind = "server_error"
        else:
            kind = "client_error"
        findings = [
            {"code": detail.code, "detail": detail.message, "attr": detail.attr}
            for detail in error.details
        ]
        return {"type": kind, "errors": findings}


class ApplicationExceptionHandler(ExceptionHandler):
    """Knows the errors of the domain and of the database beside those of DRF."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """Turn our errors into what DRF can answer with."""
        if isinstance(exc, ApplicationError):
            return _Answer(exc)
        if isinstance(exc, ValidationError):
            # From `full_clean` in a service.
            return exceptions.ValidationError(as_serializer_error(exc))
        return outage_of(exc) or super().convert_known_exceptions(exc)

    def report_exception(
        self, exc: exceptions.APIException, response: Response
    ) -> None:
        """Write one line for an outage, and all there is to know for an error of ours."""
        if isinstance(exc, Outage):
            logger.warning("%s: %s", exc.default_code, self.exc)
        elif isinstance(exc, _Answer) and exc.error.kind is ErrorKind.UNAVAILABLE:
            # Anticipated, and it may be a matter of seconds.
            logger.warning("%s: %s", exc.error.code, exc.error.message)
        else:
            super().report_exception(exc, response)

    def format_exception(self, exc: exceptions.APIException) -> dict[str, Any]:
        """Return the body of the answer."""
        body = ApplicationExceptionFormatter(exc, self.context, self.exc).run()
        for error in body["errors"]:
            error["detail"] = _sendable(error["detail"])
            error["attr"] = error["attr"] and _sendable(error["attr"])
        return body


def _sendable(text: str) -> str:
    # What a caller wrote is quoted, and JSON can name half of a surrogate pair.
    return text.encode(errors="backslashreplace").decode()


def custom_exception_handler(
    exc: Exception, context: dict[str, Any]
) -> Response | None:
    """Turn any exception of a view into an answer in the API's error shape."""
    return exception_handler(exc, context)  # type: ignore[arg-type]
