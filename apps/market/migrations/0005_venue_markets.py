from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0004_quality_history"),
    ]

    operations = []
