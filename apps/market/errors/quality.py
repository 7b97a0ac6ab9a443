"""What can go wrong where candles are held against a threshold."""

from __future__ import annotations

from apps.core.errors import Invalid, Unprocessable


class QualityBelowThreshold(Unprocessable):
    """The candles of a range are not good enough to be judged on; says by which measure."""

    code = "quality_below_threshold"


class QualityPayloadInvalid(Invalid):
    """A scheduled look at a series is told something else than which one."""

    code = "quality_payload_invalid"
