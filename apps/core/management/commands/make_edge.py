"""Write what the proxy in front of the service needs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.core.edge.certificate import (
    CERTIFICATE,
    KEY,
    certificate_ensure,
    private_write,
)
from apps.core.edge.snippets import EdgeSettings, snippets_make
from apps.core.errors import ApplicationError

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """`manage.py make_edge --tls /tls --to /edge`."""

    help = (
        "Write the certificate (self-signed where none is given), limits and static "
        "files for nginx. Example: manage.py make_edge --tls /tls --to /edge"
    )
    # The database may not be there yet.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--tls", type=Path, required=True, help="Where tls.crt and tls.key are."
        )
        parser.add_argument(
            "--to", type=Path, required=True, help="The folder that nginx reads."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write all files; say what was done with the certificate."""
        to: Path = options["to"]
        hosts = [host for host in settings.ALLOWED_HOSTS if host != "*"]
        if not hosts:
            msg = "ALLOWED_HOSTS names no host that a certificate could be for."
            raise CommandError(msg)
        try:
            crt, key, said = certificate_ensure(
                folder=options["tls"], hosts=hosts, now=timezone.now()
            )
            to.mkdir(parents=True, exist_ok=True)
            private_write(to / CERTIFICATE, crt.read_bytes())
            private_write(to / KEY, key.read_bytes())
            for name, text in snippets_make(_edge(hosts)).items():
                (to / name).write_text(text)
            _static_copy(to / "static")
        except ApplicationError as error:
            raise CommandError(error.message) from error
        except OSError as error:
            msg = f"{error.filename} cannot be written: {error.strerror}."
            raise CommandError(msg) from error
        self.stdout.write(said)


def _edge(hosts: list[str]) -> EdgeSettings:
    return EdgeSettings(
        hosts=hosts,
        https_port=settings.HTTPS_PORT,
        admin_allow=settings.EDGE_ADMIN_ALLOW,
        metrics_allow=settings.EDGE_METRICS_ALLOW,
        requests_per_second=settings.EDGE_REQUESTS_PER_SECOND,
        body_bytes=settings.BODY_MAX_BYTES,
        upload_bytes=settings.UPLOAD_MAX_BYTES,
    )


def _static_copy(to: Path) -> None:
    # Beside the old ones first: nginx may be serving from there.
    fresh = to.with_name(f".{to.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(settings.STATIC_ROOT, fresh)
    shutil.rmtree(to, ignore_errors=True)
    fresh.rename(to)
