"""A verdict stays as it was given, and so does what an execution realised."""

from django.db import migrations

from apps.core.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [("risk", "0001_initial")]
    operations = [append_only("risk_riskverdict"), append_only("risk_riskresult")]
