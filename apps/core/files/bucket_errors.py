"""From what S3's client raises to our errors: one table.

Messages name the bucket and S3's own code; no key, no signature and no address.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)

from apps.core.files.errors import StorageUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFUSED = (
    "refuses us; check S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, and that this key may "
    "list the bucket and get, put and delete its objects"
)
_REASONS = {
    "NoSuchBucket": "does not exist; make it, or correct S3_BUCKET",
    "404": "does not exist; make it, or correct S3_BUCKET",
    "AccessDenied": _REFUSED,
    "AllAccessDisabled": _REFUSED,
    "ExpiredToken": _REFUSED,
    "InvalidAccessKeyId": _REFUSED,
    "InvalidToken": _REFUSED,
    "SignatureDoesNotMatch": _REFUSED,
    "403": _REFUSED,
    "AuthorizationHeaderMalformed": "is in another region; correct S3_REGION",
    "PermanentRedirect": "is in another region; correct S3_REGION",
    "RequestTimeTooSkewed": "refuses us: this machine's clock is wrong",
}
_WITHOUT_KEY = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)


@contextmanager
def bucket_guard(bucket: str) -> Iterator[None]:
    """Turn the errors of S3's client into ours; other errors pass.

    Args:
        bucket: Its name, for the message.

    Raises:
        StorageUnavailable: The bucket does not answer, or refuses; says why.
    """
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        reason = _REASONS.get(code, "failed; try again")
        raise StorageUnavailable(f"The bucket {bucket!r} {reason} ({code}).") from error
    except _WITHOUT_KEY as error:
        msg = (
            f"There is no key for the bucket {bucket!r}; set S3_ACCESS_KEY_ID and "
            "S3_SECRET_ACCESS_KEY, or give this machine a role."
        )
        raise StorageUnavailable(msg) from error
    except BotoCoreError as error:
        msg = (
            f"The bucket {bucket!r} does not answer ({type(error).__name__}); try "
            "again, or check S3_ENDPOINT_URL and the network."
        )
        raise StorageUnavailable(msg) from error
