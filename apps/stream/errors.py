"""What can go wrong with streams."""

from __future__ import annotations

from apps.core.errors import Conflict, Invalid, RateLimited, Unavailable


class LiveUnavailable(Unavailable):
    """Where the latest prices are kept does not answer."""

    code = "live_unavailable"


class StreamsClosing(Unavailable):
    """This process ends; the next one takes the stream."""

    code = "going_away"


class TopicUnknown(Invalid):
    """There is no such topic."""

    code = "topic_unknown"


class TopicMalformed(Invalid):
    """A topic is not written as it should be."""

    code = "topic_malformed"


class TooManyTopics(Invalid):
    """One stream cannot follow so many topics."""

    code = "too_many_topics"


class TooManyConnections(RateLimited):
    """The user holds as many streams open as one may."""

    code = "too_many_connections"


class HistoryLost(Conflict):
    """Events that the reader has not seen have been deleted.

    Args:
        after: The last number that the reader has seen.
        oldest: The first event that is still there.
        last: The newest.
    """

    code = "history_lost"

    def __init__(self, *, after: int, oldest: int, last: int) -> None:
        msg = (
            f"Events after {after} have been deleted up to {oldest - 1}. Read the state "
            "anew, then follow without `after`, or with after=0 for all that is kept."
        )
        super().__init__(msg, attr="after")
        self.after, self.oldest, self.last = after, oldest, last


class SequenceUnknown(Conflict):
    """The reader has seen numbers that were never given: it spoke to other data.

    Args:
        after: The last number that the reader has seen.
        last: The newest that there is.
    """

    code = "reset"

    def __init__(self, *, after: int, last: int) -> None:
        msg = (
            f"The newest event is {last}, not {after}: this is other data, such as a "
            "backup. Read the state anew, then follow without `after`."
        )
        super().__init__(msg, attr="after")
        self.after, self.last = after, last
