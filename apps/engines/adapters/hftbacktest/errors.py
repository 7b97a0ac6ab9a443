"""What hftbacktest's return codes mean, and what that means to us."""

from __future__ import annotations

from apps.engines.errors import EngineCrashed, UnsupportedByEngine

# From upstream's `handle_result`; only 0 (went on) and 1 (end of data) are well.
CODES = {
    10: "an order's id was used twice",
    11: "an order was changed while a request for it was under way",
    12: "an order was not found",
    13: "an order was not valid",
    14: "an order was filled again after it was done",
    15: "it read past the end of its data",
    100: "its data could not be read",
}
ENDED = 1

# What our own strategies find, beside upstream's codes.
NO_BOOK = -1
NOT_FILLED = -2
OTHER_MARKET = -3
LEFT_OPEN = -4
NO_END = -5


def code_check(code: int, at: str) -> None:
    """Raise what a return code of a run means; 0 is well.

    Args:
        code: Of upstream, or one of ours, which are negative.
        at: Where in the run it came, for a person.

    Raises:
        UnsupportedByEngine: The book cannot fill the order.
        EngineCrashed: hftbacktest failed.
    """
    if code == 0:
        return
    if code == NO_BOOK:
        msg = (
            f"The order book is empty on one side {at}, so that a market order has no "
            "price; a capture must begin with a snapshot, or earlier than the bars."
        )
        raise UnsupportedByEngine(msg, attr="execution.capture")
    if code == OTHER_MARKET:
        msg = (
            f"The captured book's price {at} is not half to twice the bar's open; the "
            "capture must be of the market that the bars are of."
        )
        raise UnsupportedByEngine(msg, attr="execution.capture")
    meaning = {
        ENDED: "its data ended before the run did",
        NOT_FILLED: "a market order was not filled",
        LEFT_OPEN: "its position does not equal ours",
        NO_END: "it stopped before the end of its data",
    } | CODES
    reason = meaning.get(code, "it gave no reason")
    msg = f"hftbacktest failed {at}: {reason} (code {code})."
    raise EngineCrashed(msg)
