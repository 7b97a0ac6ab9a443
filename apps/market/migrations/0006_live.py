import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0005_venue_markets"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FeedLease",
            fields=[
                (
                    "exchange",
                    models.CharField(max_length=32, primary_key=True, serialize=False),
                ),
                ("holder", models.CharField(max_length=120)),
                ("until", models.DateTimeField()),
            ],
            options={
                "ordering": ("exchange",),
            },
        ),
        migrations.CreateModel(
            name="LiveDemand",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("exchange", models.CharField(max_length=32)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("tickers", "tickers"),
                            ("books", "books"),
                            ("trades", "trades"),
                            ("status", "status"),
                        ],
                        max_length=8,
                    ),
                ),
                ("symbol", models.CharField(blank=True, max_length=128)),
                ("until", models.DateTimeField(db_index=True)),
            ],
            options={
                "ordering": ("exchange", "kind", "symbol"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("exchange", "kind", "symbol"), name="live_demand_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["tickers", "books", "trades", "status"])
                        ),
                        name="live_demand_kind_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Recording",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("exchange", models.CharField(max_length=32)),
                ("symbol", models.CharField(max_length=64)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("recording", "recording"),
                            ("importing", "importing"),
                            ("done", "done"),
                            ("failed", "failed"),
                        ],
                        default="waiting",
                        max_length=12,
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("until", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                ("rows", models.PositiveBigIntegerField(default=0)),
                ("resyncs", models.PositiveIntegerField(default=0)),
                ("import_job_id", models.UUIDField(blank=True, null=True)),
                ("message", models.CharField(blank=True, max_length=400)),
                (
                    "capture",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="recordings",
                        to="market.bookcapture",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recordings",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "indexes": [
                    models.Index(
                        fields=["owner", "-created_at"], name="recording_owner_created"
                    ),
                    models.Index(fields=["state", "exchange"], name="recording_state"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "state__in",
                                ["waiting", "recording", "importing", "done", "failed"],
                            )
                        ),
                        name="recording_state_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stopped_at__isnull", True),
                            ("started_at__isnull", True),
                            ("stopped_at__gte", models.F("started_at")),
                            _connector="OR",
                        ),
                        name="recording_range_in_order",
                    ),
                ],
            },
        ),
    ]
