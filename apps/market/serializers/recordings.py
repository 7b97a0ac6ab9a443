"""Shapes of recordings."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from apps.core.serializers import StrictSerializer
from apps.market.enums import RecordingState
from apps.market.models import Recording

LONGEST = 10_000_000


class RecordInput(StrictSerializer):
    """What to record, and for how long."""

    exchange = serializers.CharField(
        max_length=32, help_text="The exchange's id, such as binance."
    )
    symbol = serializers.CharField(
        max_length=64, help_text="A market of it, as it lists it: BTC/USDT."
    )
    seconds = serializers.IntegerField(
        min_value=1,
        max_value=LONGEST,
        required=False,
        allow_null=True,
        help_text=(
            "For how long; left out: until it is stopped, RECORDING_MAX_SECONDS at most."
        ),
    )


class RecordingLinksOutput(serializers.Serializer[Any]):
    """What can be read or done next."""

    self = serializers.CharField(help_text="This recording.")
    stop = serializers.CharField(
        allow_null=True, help_text="Ends it; null: it has ended."
    )
    job = serializers.CharField(
        allow_null=True, help_text="The job that makes a capture of it; null: none yet."
    )
    capture = serializers.CharField(
        allow_null=True, help_text="The capture that became of it; null: none yet."
    )


class RecordingOutput(serializers.ModelSerializer[Recording]):
    """A recording: how far it is, and what became of it."""

    exchange = serializers.CharField(help_text="Where.")
    symbol = serializers.CharField(help_text="What.")
    state = serializers.ChoiceField(
        choices=[one.value for one in RecordingState],
        help_text=(
            "`waiting` for `run_streams`, `recording`, `importing` as a capture, `done` "
            "or `failed`."
        ),
    )
    started_at = serializers.DateTimeField(
        allow_null=True, help_text="When it began; null: not yet."
    )
    until = serializers.DateTimeField(help_text="When it ends.")
    stopped_at = serializers.DateTimeField(
        allow_null=True, help_text="When it ended; null: not yet."
    )
    rows = serializers.IntegerField(help_text="Changes of levels and trades on disk.")
    resyncs = serializers.IntegerField(
        help_text="How often the book was read anew; each is a gap in its changes."
    )
    capture = serializers.UUIDField(
        source="capture_id", allow_null=True, help_text="The capture; null: none yet."
    )
    message = serializers.CharField(
        allow_blank=True,
        help_text="Why it ended early or failed; empty where it did not.",
    )
    _links = serializers.SerializerMethodField(help_text="What can be done next.")

    class Meta:
        model = Recording
        fields = (
            "id",
            "exchange",
            "symbol",
            "state",
            "started_at",
            "until",
            "stopped_at",
            "rows",
            "resyncs",
            "capture",
            "message",
            "created_at",
            "updated_at",
            "_links",
        )
        read_only_fields = fields

    @extend_schema_field(RecordingLinksOutput)
    def get__links(self, recording: Recording) -> dict[str, str | None]:
        """Return the addresses of what can be read or done next."""
        here = {"recording_id": recording.pk}
        running = recording.state in {RecordingState.WAITING, RecordingState.RECORDING}
        job, capture = recording.import_job_id, recording.capture_id
        return {
            "self": reverse("recording_detail", kwargs=here),
            "stop": reverse("recording_stop", kwargs=here) if running else None,
            "job": reverse("job_detail", kwargs={"job_id": job}) if job else None,
            "capture": reverse("capture_detail", kwargs={"capture_id": capture})
            if capture
            else None,
        }
