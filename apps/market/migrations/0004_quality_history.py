import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0003_backfill"),
    ]

    operations = [
        migrations.CreateModel(
            name="SeriesQuality",
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
                ("at", models.DateTimeField()),
                ("revision", models.PositiveIntegerField()),
                (
                    "trigger",
                    models.CharField(
                        choices=[
                            ("import", "import"),
                            ("backfill", "backfill"),
                            ("check", "check"),
                            ("schedule", "schedule"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("good", "good"),
                            ("doubtful", "doubtful"),
                            ("bad", "bad"),
                        ],
                        max_length=12,
                    ),
                ),
                ("coverage", models.DecimalField(decimal_places=6, max_digits=7)),
                ("report", models.JSONField()),
                (
                    "series",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quality_history",
                        to="market.candleseries",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "series quality",
                "ordering": ("-created_at", "-id"),
            },
        ),
        migrations.AddIndex(
            model_name="seriesquality",
            index=models.Index(
                fields=["series", "-created_at"], name="quality_series_created"
            ),
        ),
        migrations.AddConstraint(
            model_name="seriesquality",
            constraint=models.CheckConstraint(
                condition=models.Q(("coverage__gte", 0), ("coverage__lte", 1)),
                name="quality_coverage_is_fraction",
            ),
        ),
        migrations.AddConstraint(
            model_name="seriesquality",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("trigger__in", ["import", "backfill", "check", "schedule"])
                ),
                name="quality_trigger_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="seriesquality",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["good", "doubtful", "bad"])),
                name="quality_verdict_known",
            ),
        ),
    ]
