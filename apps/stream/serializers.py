"""What a request for a stream says."""

from __future__ import annotations

from rest_framework import serializers

from apps.core.serializers import StrictSerializer


class EventsQuery(StrictSerializer):
    """Which topics, and from where on."""

    topics = serializers.CharField(
        max_length=8000,
        help_text="What to follow, separated by commas: `jobs,tickers:binance:BTC/USDT`.",
    )
    after = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=2**53 - 1,
        help_text=(
            "The number of the last event that was seen; 0: all that are kept; left "
            "out: from now on. `Last-Event-ID`, where it is sent, stands instead."
        ),
    )

    def validate_topics(self, value: str) -> list[str]:
        """Return the topics; there is one at least."""
        topics = [one.strip() for one in value.split(",") if one.strip()]
        if not topics:
            msg = "Name a topic."
            raise serializers.ValidationError(msg)
        return topics
