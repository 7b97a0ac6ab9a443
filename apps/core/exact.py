"""Money in the database, exact to its last of 18 decimal places."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.expressions import Expression

PLACES = 18
MOST_DIGITS = 36
UNIT = Decimal(1).scaleb(-PLACES)
# Enough for the product of two amounts before it is rounded.
WIDE = Context(prec=2 * MOST_DIGITS + 4, rounding=ROUND_HALF_EVEN)


def exact(value: Decimal) -> Decimal:
    """Return an amount at 18 decimal places, half to even.

    Raises:
        OverflowError: It is no finite number, or has more than 18 digits before the point.
    """
    try:
        rounded = value.quantize(UNIT, context=WIDE)
    except InvalidOperation as error:
        msg = f"{value} is no amount"
        raise OverflowError(msg) from error
    if not rounded.is_finite() or rounded.adjusted() >= MOST_DIGITS - PLACES:
        msg = f"{value} has more than {MOST_DIGITS - PLACES} digits before the point"
        raise OverflowError(msg)
    # One zero: -0 would be another text.
    return abs(rounded) if rounded.is_zero() else rounded


def times(one: Decimal, other: Decimal) -> Decimal:
    """Return the product of two amounts at 18 decimal places, rounded once."""
    return exact(WIDE.multiply(one, other))


def over(one: Decimal, other: Decimal) -> Decimal:
    """Return the quotient of two amounts at 18 decimal places, rounded once."""
    return exact(WIDE.divide(one, other))


def plus(*amounts: Decimal) -> Decimal:
    """Return the sum of amounts at 18 decimal places.

    `+`, `-` and even the sign of `-amount` round to the 28 digits of Python's own context.
    """
    total = Decimal(0)
    for amount in amounts:
        total = WIDE.add(total, amount)
    return exact(total)


def negative(amount: Decimal) -> Decimal:
    """Return an amount with the other sign, all its digits kept."""
    return exact(amount.copy_negate())


def plain(value: Decimal) -> str:
    """Return an amount without an exponent and without zeros at its end: `0.1`, `0`."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


class ExactDecimalField(models.DecimalField[Any, Any]):
    """An amount that every database gives back as it was put in.

    PostgreSQL keeps `numeric(36, 18)`. SQLite would keep a float of 15 digits, and is
    given text of 18 decimal places instead. There, amounts can be compared for equality
    and with zero; any other order, and sums, are made in Python.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take any option of a field but its digits."""
        options["max_digits"], options["decimal_places"] = MOST_DIGITS, PLACES
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Return how a migration writes the field."""
        name, path, args, options = super().deconstruct()
        del options["max_digits"], options["decimal_places"]
        return name, path, args, options

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return the column's type."""
        if connection.vendor == "sqlite":
            return "text"
        return f"numeric({MOST_DIGITS}, {PLACES})"

    def get_internal_type(self) -> str:
        """Return a name that SQLite's backend has no float converter for."""
        return "ExactDecimalField"

    def to_python(self, value: Any) -> Decimal | None:
        """Return the amount at 18 places; a float is refused, for it is not exact."""
        if value is None:
            return None
        if isinstance(value, float):
            msg = f"{value!r} is a float; amounts are exact."
            raise ValidationError(msg, code="invalid")
        number = value if isinstance(value, Decimal) else super().to_python(value)
        try:
            return exact(number)
        except OverflowError as error:
            raise ValidationError(str(error), code="invalid") from error

    def get_db_prep_value(
        self,
        value: Any,
        connection: BaseDatabaseWrapper,
        prepared: bool = False,  # noqa: FBT001, FBT002 - Django's own signature
    ) -> Any:
        """Return what the database is given."""
        if hasattr(value, "as_sql"):
            return value
        number = value if prepared and value is None else self.to_python(value)
        if number is None:
            return None
        return f"{number:f}" if connection.vendor == "sqlite" else number

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Return what the database is given to keep."""
        return self.get_db_prep_value(value, connection)

    def from_db_value(
        self,
        value: Any,
        expression: Expression,  # noqa: ARG002 - Django's own signature
        connection: BaseDatabaseWrapper,  # noqa: ARG002
    ) -> Decimal | None:
        """Return what the database gave back."""
        return None if value is None else Decimal(value)
