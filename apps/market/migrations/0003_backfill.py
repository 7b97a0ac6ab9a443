from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("market", "0002_book_capture"),
    ]

    operations = []
