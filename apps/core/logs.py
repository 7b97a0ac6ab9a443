"""Filters that give each record its context and take secrets out of it."""

from __future__ import annotations

import copy
import logging
import re

from apps.core import context

HIDDEN = "[hidden]"
# Without a boundary in front: `new_password` and `accessToken` are secrets as well.
_SECRETS = re.compile(
    r"""(?ix)
    (?P<lead>
        (?:authorization|api[_-]?key|secret[_-]?key|secret|password|passwd|token
           |sessionid|csrftoken)
        ["']? \s* [=:] \s* ["']?
        (?:token\s+|bearer\s+|basic\s+)?
    )
    (?P<value>
        (?<=") (?:\\.|[^"\\])+
        | (?<=') (?:\\.|[^'\\])+
        | [^\s"',;&}]+
    )
    """
)
# Without the scheme in front: searching for it is quadratic in the length of a word.
_CREDENTIALS_IN_URL = re.compile(r"(?P<lead>://[^\s:/@]*):(?P<value>[^\s@/]+)@")

# An API key, wherever it stands; what it begins with is shown, and tells which it was.
_API_KEY = re.compile(r"(?i)(?P<lead>plx_[0-9a-z]{1,32}_)[\w-]+")


class ContextFilter(logging.Filter):
    """Adds the request's id and the user's id to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the fields; nothing is dropped."""
        record.request_id = context.request_id.get()
        record.user_id = context.user_id.get()
        return True


class SecretsFilter(logging.Filter):
    """Hides what looks like a secret in the message, its arguments and tracebacks."""

    def filter(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record as it may be written; the given one stays as it is."""
        shown = copy.copy(record)
        message = record.getMessage()
        hidden = secrets_hide(message)
        if hidden != message:
            shown.msg, shown.args = hidden, ()
        if record.exc_info:
            text = logging.Formatter().formatException(record.exc_info)
            shown.exc_text = secrets_hide(text)
            # A formatter that found it would write the traceback out once more.
            shown.exc_info = None
        if record.stack_info:
            shown.stack_info = secrets_hide(record.stack_info)
        return shown


def secrets_hide(text: str) -> str:
    """Return the text with the values of secrets replaced."""
    text = _CREDENTIALS_IN_URL.sub(rf"\g<lead>:{HIDDEN}@", text)
    text = _API_KEY.sub(rf"\g<lead>{HIDDEN}", text)
    return _SECRETS.sub(rf"\g<lead>{HIDDEN}", text)
