"""What a reader asks for, before it is followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

from apps.core.outbox.reading import Head, head_read
from apps.core.outbox.topics import Refusal, TopicKind, topic_find
from apps.stream.errors import TooManyTopics
from apps.stream.latest import topic_split
from apps.stream.live import ALL
from apps.stream.tails import sequence_check

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from apps.core.outbox.topics import Topic


@dataclass(frozen=True, slots=True)
class Request:
    """Topics that can be followed, and those that cannot.

    Attributes:
        events: Topics of numbered events.
        latest: Topics of which the newest is told.
        refused: Why others cannot be followed.
        head: How far the reader's events have come.
        after: All events after this number are told.
    """

    events: tuple[str, ...]
    latest: tuple[str, ...]
    refused: dict[str, Refusal]
    head: Head
    after: int


def request_check(
    *, owner: UUID, topics: Iterable[str], after: int | None, followed: Collection[str]
) -> Request:
    """Look at what a reader asks for; asks the database.

    Args:
        owner: Who reads.
        topics: As they were asked for.
        after: The last number that was seen; 0: tell all that are kept; None: tell from
            now on.
        followed: Topics that the stream follows already.

    Raises:
        HistoryLost: Events after the number have been deleted.
        SequenceUnknown: The number was never given.
    """
    found = {topic: topic_find(topic) for topic in dict.fromkeys(topics)}
    refused = {text: one for text, one in found.items() if isinstance(one, Refusal)}
    known = {text: one for text, one in found.items() if not isinstance(one, Refusal)}
    latest = [text for text, one in known.items() if one.kind is TopicKind.LATEST]
    refused |= _symbols_check({text: known[text] for text in latest})
    events = [text for text, one in known.items() if one.kind is TopicKind.OUTBOX]
    head = Head()
    if events:
        head = head_read(owner)
        if any(text not in followed for text in events):
            after = _after(after, head)
    return Request(
        tuple(events),
        tuple(text for text in latest if text not in refused),
        refused,
        head,
        head.last if after is None else after,
    )


def topics_count(followed: Collection[str], topics: Iterable[str], most: int) -> None:
    """Refuse more topics than one stream may follow.

    Raises:
        TooManyTopics: There are more.
    """
    number = len({*followed, *topics})
    if number > most:
        msg = f"One stream may follow {most} topics; this would be {number}."
        raise TooManyTopics(msg, attr="topics")


def _after(after: int | None, head: Head) -> int:
    if after is None:
        return head.last
    if after == 0:
        return head.pruned
    sequence_check(after, head)
    return after


def _symbols_check(topics: dict[str, Topic]) -> dict[str, Refusal]:
    """Return which topics the rooms that they are of refuse."""
    asked: dict[tuple[str, str], dict[str, str]] = {}
    for text, topic in topics.items():
        channel, symbol = topic_split(text)
        if topic.check:
            asked.setdefault((topic.check, channel), {})[symbol] = text
    refused: dict[str, Refusal] = {}
    for (check, channel), texts in asked.items():
        name = channel.partition(":")[2]
        symbols = [symbol for symbol in texts if symbol != ALL]
        found: dict[str, Refusal] = import_string(check)(name, symbols)
        # Of an exchange that is not there, also what follows all of it is refused.
        whole = found.pop(ALL, None)
        if whole is not None:
            refused |= dict.fromkeys(texts.values(), whole)
        refused |= {
            texts[symbol]: _near(refusal, channel) for symbol, refusal in found.items()
        }
    return refused


def _near(refusal: Refusal, channel: str) -> Refusal:
    near = tuple(f"{channel}:{symbol}" for symbol in refusal.near)
    return Refusal(refusal.code, refusal.detail, near)
