"""Entity tags of things that have a content hash."""

from __future__ import annotations

# Of an answer that is old as soon as it is sent.
NO_STORE = {"Cache-Control": "no-store"}


def etag_of(content_hash: str) -> str:
    """Return the strong tag of a content."""
    return f'"{content_hash}"'


def etags_parse(header: str | None) -> frozenset[str] | None:
    """Return the content hashes that an `If-Match` names; None: any will do."""
    if header is None or header.strip() == "*":
        return None
    tags = header.split(",")
    return frozenset(tag.strip().removeprefix("W/").strip('"') for tag in tags)


def etag_matches(header: str | None, etag: str) -> bool:
    """Return whether one of the tags of an `If-None-Match` is this one."""
    if header is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return etag in tags or tags == ["*"]
