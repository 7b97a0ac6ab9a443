"""The ledger is never changed: who would correct it writes another transaction."""

from django.db import migrations

from apps.core.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0001_initial")]
    operations = [
        append_only("portfolio_ledgertransaction"),
        append_only("portfolio_ledgerentry"),
        append_only("portfolio_paperfill"),
    ]
