"""What a venue is asked, page by page."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from apps.portfolio.venue_fills import fills_pages
from apps.trading.tests.fake_venue import FakeVenue


def test_the_other_side_of_a_trade_with_oneself_is_not_lost_between_two_pages() -> None:
    venue = FakeVenue()
    at, venue.page = timezone.now(), 2
    bought, sold = (
        venue.outside(quantity=9),
        venue.outside(side="sell", quantity=9, client_order_id=None),
    )
    for name, trade in ((bought, "77"), (bought, "78"), (sold, "77")):
        venue.fill(name, 1, at=at, trade_id=trade)

    pages = fills_pages(
        venue, "BTC/USDT", since=at - timedelta(minutes=1), until=timezone.now()
    )

    told = [(one.id, one.side.value) for page in pages for one in page]
    assert told == [("77", "buy"), ("78", "buy"), ("77", "sell")]
