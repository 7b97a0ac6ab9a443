"""The database refuses a step that no order may take."""

from django.db import migrations

from apps.core.triggers import append_only, steps_only
from apps.trading.transitions import pairs


class Migration(migrations.Migration):
    dependencies = [("trading", "0001_initial")]
    operations = [
        append_only("trading_ordertransition"),
        append_only("trading_execution"),
        steps_only("trading_order", "state", pairs()),
    ]
