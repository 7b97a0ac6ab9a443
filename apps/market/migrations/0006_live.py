from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0005_venue_markets"),
    ]

    operations = []
