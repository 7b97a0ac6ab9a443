"""What can go wrong between a request for an indicator and its values."""

from __future__ import annotations

from apps.core.errors import Invalid, NotFound


class IndicatorNotFound(NotFound):
    """The catalogue has no indicator of that name."""

    code = "indicator_not_found"


class IndicatorParameterInvalid(Invalid):
    """A parameter is unknown, of the wrong kind, or out of its range."""

    code = "indicator_parameter_invalid"


class IndicatorInputInvalid(Invalid):
    """A series is missing, misshapen, or holds what cannot be computed with."""

    code = "indicator_input_invalid"
