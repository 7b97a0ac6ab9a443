"""What can go wrong, said once and without HTTP.

Every anticipated error of the domain is an `ApplicationError` of one kind. The kind says
what the caller can do about it; the one exception handler at the edge turns a kind into
a status. This module imports nothing of Django, so that the pure rooms can use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    """What the caller can do about an error."""

    INVALID = "invalid"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    PRECONDITION_FAILED = "precondition_failed"
    TOO_LARGE = "too_large"
    UNPROCESSABLE = "unprocessable"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    BAD_UPSTREAM = "bad_upstream"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One finding: a stable code, a sentence for a person, and where it was found."""

    code: str
    message: str
    attr: str | None = None


class ApplicationError(Exception):
    """An anticipated error, told to the caller as it is.

    Args:
        message: What was wrong and what would be right, for a person.
        attr: The field or path that it concerns, dotted (`entry.long`), or None.
        code: A stable code that overrides that of the class.
        details: All findings, where there are several; the first is the error's own.
    """

    kind: ClassVar[ErrorKind] = ErrorKind.INTERNAL
    code: str = "internal_error"

    def __init__(
        self,
        message: str,
        *,
        attr: str | None = None,
        code: str | None = None,
        details: tuple[ErrorDetail, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.attr = attr
        if code is not None:
            self.code = code
        self.details = details or (ErrorDetail(self.code, message, attr),)


class Invalid(ApplicationError):
    """The request itself is wrong; sending it again unchanged cannot help."""

    kind = ErrorKind.INVALID
    code = "invalid"


class Forbidden(ApplicationError):
    """The caller may not do this."""

    kind = ErrorKind.FORBIDDEN
    code = "permission_denied"


class NotFound(ApplicationError):
    """There is no such thing, or it is not the caller's."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"


class Conflict(ApplicationError):
    """The thing is not in a state that allows this."""

    kind = ErrorKind.CONFLICT
    code = "conflict"


class PreconditionFailed(ApplicationError):
    """The caller's version of the thing is stale."""

    kind = ErrorKind.PRECONDITION_FAILED
    code = "precondition_failed"


class TooLarge(ApplicationError):
    """The body, or what it unpacks to, is over a limit."""

    kind = ErrorKind.TOO_LARGE
    code = "too_large"


class Unprocessable(ApplicationError):
    """Well-formed, but it cannot be carried out on this data or by this engine."""

    kind = ErrorKind.UNPROCESSABLE
    code = "unprocessable"


class RateLimited(ApplicationError):
    """Too many calls; try again later."""

    kind = ErrorKind.RATE_LIMITED
    code = "throttled"


class Unavailable(ApplicationError):
    """Something that we need is down; the same call may succeed later."""

    kind = ErrorKind.UNAVAILABLE
    code = "unavailable"


class BadUpstream(ApplicationError):
    """Another system gave an answer that cannot be believed."""

    kind = ErrorKind.BAD_UPSTREAM
    code = "bad_upstream"


def error_codes() -> tuple[str, ...]:
    """Return every code that an `ApplicationError` class declares, sorted."""
    found: set[str] = set()
    pending: list[type[ApplicationError]] = [ApplicationError]
    while pending:
        kind = pending.pop()
        found.add(kind.code)
        pending.extend(kind.__subclasses__())
    return tuple(sorted(found))
