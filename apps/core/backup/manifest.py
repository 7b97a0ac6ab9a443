"""What an archive says of itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from apps.core.backup.errors import ArchiveDamaged, ArchiveUnfit

FORMAT = 1
MANIFEST = "manifest.json"


@dataclass(slots=True)
class Table:
    """A table's rows in the archive.

    Attributes:
        rows: How many.
        columns: Their columns, in order; empty where the whole database is one member.
    """

    rows: int
    columns: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Manifest:
    """The last member of an archive: what all the others are.

    Attributes:
        version: Of Parallax.
        created_at: When the snapshot was taken, ISO 8601, UTC.
        vendor: `sqlite` or `postgresql`.
        migrations: All that were applied, as `app.name`, sorted.
        tables: The rows of each table.
        left_out: Tables whose rows are not in the archive.
        sequences: The last value of each sequence, or None; PostgreSQL alone.
        members: The sha256 of every other member.
        format: Of the archive.
    """

    version: str
    created_at: str
    vendor: str
    migrations: list[str]
    tables: dict[str, Table]
    left_out: list[str]
    sequences: dict[str, int | None]
    members: dict[str, str]
    format: int = FORMAT

    def encode(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=1).encode()

    @property
    def rows(self) -> int:
        """Return the rows of all tables."""
        return sum(table.rows for table in self.tables.values())


def manifest_decode(raw: bytes) -> Manifest:
    """Return a manifest from its JSON.

    Raises:
        ArchiveDamaged: It is none.
        ArchiveUnfit: A later version of Parallax has written it.
    """
    try:
        data: dict[str, Any] = json.loads(raw)
        if data["format"] != FORMAT:
            msg = (
                f"The archive has format {data['format']}, this version of Parallax "
                f"reads {FORMAT}; use version {data['version']}."
            )
            raise ArchiveUnfit(msg)
        tables = {name: Table(**one) for name, one in data.pop("tables").items()}
        return Manifest(tables=tables, **data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{MANIFEST} cannot be read ({error}): the archive is damaged."
        raise ArchiveDamaged(msg) from error
