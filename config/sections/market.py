"""Market data: what an import may hold, and how good it must be."""

from __future__ import annotations

from pydantic import Field, PositiveInt
from pydantic_settings import BaseSettings

from config.sections.kinds import Fraction


class MarketSection(BaseSettings):
    """Bounds on what is imported."""

    import_max_rows: PositiveInt = Field(
        default=50_000_000, description="The most rows that one import may hold."
    )
    import_max_unpacked_bytes: PositiveInt = Field(
        default=8 * 1024**3, description="The most that a packed file may unpack to."
    )
    quality_max_gap_fraction: Fraction = Field(
        default=0.5, description="Missing bars, as a fraction of all expected."
    )
    quality_max_duplicate_fraction: Fraction = Field(
        default=0.05, description="Rows that repeat a time, as a fraction of rows."
    )
    quality_max_impossible_fraction: Fraction = Field(
        default=0.0, description="Bars such as high < low, as a fraction of rows."
    )
    quality_max_nan_fraction: Fraction = Field(
        default=0.0, description="Rows with a missing number, as a fraction of rows."
    )
    quality_max_outlier_fraction: Fraction = Field(
        default=0.01, description="Bars far from their neighbours, as a fraction."
    )
