"""Shapes of captured order books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.engines.captures import CaptureLayout
from apps.market.models import BookCapture
from apps.market.moments import iso_from_ns, ns_from_datetime
from apps.market.requests import CaptureImportRequest
from apps.market.serializers.candles import RulesInput

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

AUTO = "auto"
LAYOUTS = [AUTO, *(one.value for one in CaptureLayout)]


class CaptureImportInput(RulesInput):
    """A captured order book and what is known about it.

    Rules that are left out are inferred from the capture's decimals.
    """

    file = serializers.FileField(
        max_length=1000,
        help_text=(
            "The capture: a Binance USDT-M raw feed (`.gz`), Tardis's "
            "`incremental_book_L2` (`.csv` or `.csv.gz`), or hftbacktest's events "
            "(`.npz`, `.npy`)."
        ),
    )
    trades = serializers.FileField(
        max_length=1000,
        required=False,
        help_text="Tardis's `trades` file of the same market and day, beside the book.",
    )
    venue = serializers.CharField(
        max_length=32, help_text="Where it was captured, such as binance."
    )
    symbol = serializers.CharField(
        max_length=64,
        help_text=(
            "What was traded, as BASE/QUOTE, or BASE/QUOTE:SETTLE for a contract, such "
            "as BTC/USDT:USDT."
        ),
    )
    layout = serializers.ChoiceField(
        choices=LAYOUTS,
        default=AUTO,
        help_text="The form that it comes in; found by its bytes when auto.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Take a second file only where there is one to be taken."""
        if "trades" in attrs and attrs["layout"] not in {AUTO, CaptureLayout.TARDIS}:
            msg = (
                f"Only Tardis has trades in a file of their own, not {attrs['layout']}."
            )
            raise serializers.ValidationError({"trades": msg})
        return attrs

    def uploads(self) -> list[UploadedFile[Any]]:
        """Return the files, the book first."""
        data = self.validated_data
        return [data[name] for name in ("file", "trades") if name in data]

    def import_request(self) -> CaptureImportRequest:
        """Return what was asked for."""
        data = self.validated_data
        layout = data["layout"]
        return CaptureImportRequest(
            venue=data["venue"],
            symbol=data["symbol"],
            layout=None if layout == AUTO else CaptureLayout(layout),
            rules=self.rules(),
        )


class CaptureLinksOutput(serializers.Serializer[Any]):
    """What can be read next."""

    self = serializers.CharField(help_text="This capture.")
    instrument = serializers.CharField(help_text="Its instrument and rules.")


class BookCaptureOutput(serializers.ModelSerializer[BookCapture]):
    """A captured order book: what it holds, and what was found in it."""

    venue = serializers.CharField(source="instrument.venue", help_text="Where.")
    symbol = serializers.CharField(source="instrument.symbol", help_text="What.")
    instrument = serializers.UUIDField(
        source="instrument_id", help_text="Its instrument."
    )
    layout = serializers.CharField(help_text="The form that it came in.")
    first = serializers.SerializerMethodField(
        help_text="When its first event happened, by the exchange's clock."
    )
    last = serializers.SerializerMethodField(help_text="When its last event happened.")
    rows = serializers.IntegerField(help_text="Rows that are played.")
    depth_rows = serializers.IntegerField(help_text="Changes of the book.")
    trade_rows = serializers.IntegerField(help_text="Trades.")
    moments = serializers.IntegerField(
        help_text="How often the book changed, changes of one time together."
    )
    crossed = serializers.IntegerField(
        help_text="At how many moments the best bid was not below the best ask."
    )
    clock_shift_ns = serializers.IntegerField(
        help_text=(
            "By how many nanoseconds the collector's clock was moved on, so that nothing "
            "is received before it happens; 0 where it was right."
        )
    )
    price_decimals = serializers.IntegerField(help_text="The most decimals of a price.")
    findings = serializers.ListField(
        child=serializers.CharField(),
        help_text="What must be known of it, a sentence each.",
    )
    sha256 = serializers.CharField(help_text="Of its stored file.")
    size = serializers.IntegerField(help_text="Bytes of its stored file.")
    _links = serializers.SerializerMethodField(help_text="What can be read next.")

    class Meta:
        model = BookCapture
        fields = (
            "id",
            "instrument",
            "venue",
            "symbol",
            "label",
            "layout",
            "first",
            "last",
            "rows",
            "depth_rows",
            "trade_rows",
            "moments",
            "crossed",
            "clock_shift_ns",
            "price_decimals",
            "findings",
            "sha256",
            "size",
            "created_at",
            "updated_at",
            "_links",
        )
        read_only_fields = fields
        # Not declared above: every field of a serializer has a `label` of its own.
        extra_kwargs: ClassVar = {
            "label": {"help_text": "The name of the file that it came from."}
        }

    @extend_schema_field(serializers.DateTimeField())
    def get_first(self, capture: BookCapture) -> str:
        """Return the first event's time."""
        return iso_from_ns(ns_from_datetime(capture.first))

    @extend_schema_field(serializers.DateTimeField())
    def get_last(self, capture: BookCapture) -> str:
        """Return the last event's time."""
        return iso_from_ns(ns_from_datetime(capture.last))

    @extend_schema_field(CaptureLinksOutput)
    def get__links(self, capture: BookCapture) -> dict[str, str]:
        """Return where to read on."""
        return {
            "self": reverse("capture_detail", kwargs={"capture_id": capture.pk}),
            "instrument": reverse(
                "instrument_detail", kwargs={"instrument_id": capture.instrument_id}
            ),
        }
