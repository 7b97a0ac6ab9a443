"""Market data: what an import may hold, and how good it must be."""

from __future__ import annotations

from pydantic import Field, NonNegativeInt, PositiveInt
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
    quality_gate_min_coverage: Fraction = Field(
        default=0.6,
        description="Runs are refused on a range with fewer bars, of those expected.",
    )
    quality_gate_max_spike_fraction: Fraction = Field(
        default=0.001, description="Closes that jump away and back, of the bars."
    )
    quality_gate_max_impossible_fraction: Fraction = Field(
        default=0.0, description="Bars such as high < low, of the bars."
    )
    quality_gate_max_frozen_fraction: Fraction = Field(
        default=0.35, description="Bars in long runs of one price, of the bars."
    )
    quality_gate_max_breaks: NonNegativeInt = Field(
        default=0, description="Places where a range goes on as another market."
    )
    quality_gate_max_age_bars: NonNegativeInt | None = Field(
        default=None, description="How many bars a range may end too early; unset: any."
    )

    def quality_gate(self) -> dict[str, str | int | None]:
        """Return what runs ask of candles; fractions as they are written."""
        return {
            "minimum_coverage": str(self.quality_gate_min_coverage),
            "maximum_spike_fraction": str(self.quality_gate_max_spike_fraction),
            "maximum_impossible_fraction": str(
                self.quality_gate_max_impossible_fraction
            ),
            "maximum_frozen_fraction": str(self.quality_gate_max_frozen_fraction),
            "maximum_breaks": self.quality_gate_max_breaks,
            "maximum_age_bars": self.quality_gate_max_age_bars,
        }
