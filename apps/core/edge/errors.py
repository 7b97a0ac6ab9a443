"""What can be wrong with what the edge is given."""

from __future__ import annotations

from apps.core.errors import Invalid


class CertificateUnusable(Invalid):
    """The certificate or its key cannot be used."""

    code = "certificate_unusable"
