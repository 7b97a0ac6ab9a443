"""What the proxy in front of the service is given: a certificate, limits, files."""

from __future__ import annotations
