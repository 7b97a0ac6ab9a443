"""What was found in a file's candles, and whether that is good enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from apps.core.errors import ErrorDetail
from apps.market.errors import QualityRefused
from apps.market.moments import iso_from_ns

if TYPE_CHECKING:
    from collections.abc import Mapping

    type Sample = dict[str, Any]

SAMPLES_MOST = 20
# Which count is held against which limit, of what it is a fraction, and its words.
_LIMITED = (
    ("impossible", "impossible", "rows", "impossible bars (such as high below close)"),
    ("nan", "nan", "rows", "rows with a missing or infinite number"),
    ("duplicates", "repeated", "rows", "rows that repeat a time"),
    ("gaps", "missing", "expected", "missing bars"),
    ("outliers", "outliers", "rows", "outliers that revert at once"),
)


@dataclass(slots=True)
class QualityReport:
    """Counts and samples of everything that is odd about a file.

    Attributes:
        rows: Rows read.
        kept: Rows that are good to store.
        first_ns: Open time of the first kept bar, int64 nanoseconds UTC.
        last_ns: Open time of the last kept bar.
        expected: Bars from first to last, had none been missing.
        holes: Stretches of missing bars.
        missing: Bars missing in all holes.
        largest: The 20 longest holes, longest first.
        identical: Rows that repeat an earlier one in every number; left out.
        conflicting: Rows that repeat a time with other numbers; the first is kept.
        out_of_order: Rows that are earlier than the row before them; sorted.
        impossible: Bars that no market can have made; left out.
        nan: Rows with a missing or infinite number; left out.
        zero_volume: Bars without a trade; kept.
        outliers: Closes that jump and come back at once; kept.
        off_grid: Bars whose time is off the timeframe's grid.
        unfinished: Bars that were not over at the time of the import; left out.
        rounded: Prices that the stated tick's decimals changed.
        samples: Up to 20 examples of each kind of finding.
        refused: Why the file is not good enough; empty when it is.
    """

    rows: int = 0
    kept: int = 0
    first_ns: int = 0
    last_ns: int = 0
    expected: int = 0
    holes: int = 0
    missing: int = 0
    largest: list[Sample] = field(default_factory=list)
    identical: int = 0
    conflicting: int = 0
    out_of_order: int = 0
    impossible: int = 0
    nan: int = 0
    zero_volume: int = 0
    outliers: int = 0
    off_grid: int = 0
    unfinished: int = 0
    rounded: int = 0
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    @property
    def repeated(self) -> int:
        """Rows that repeat a time."""
        return self.identical + self.conflicting

    def room(self, kind: str) -> int:
        """Return how many more samples of this kind are wanted."""
        return SAMPLES_MOST - len(self.samples.get(kind, ()))

    def add(self, kind: str, sample: Sample) -> None:
        """Keep an example of a finding."""
        self.samples.setdefault(kind, []).append(sample)

    def as_json(self) -> dict[str, Any]:
        """Return the report as it is stored and sent."""
        return {
            "accepted": not self.refused,
            "refused": self.refused,
            "rows": self.rows,
            "kept": self.kept,
            "first": iso_from_ns(self.first_ns) if self.kept else None,
            "last": iso_from_ns(self.last_ns) if self.kept else None,
            "expected": self.expected,
            "gaps": {
                "count": self.holes,
                "missing": self.missing,
                "largest": self.largest,
            },
            "duplicates": {
                "identical": self.identical,
                "conflicting": self.conflicting,
            },
            "out_of_order": self.out_of_order,
            "impossible": self.impossible,
            "nan": self.nan,
            "zero_volume": self.zero_volume,
            "outliers": self.outliers,
            "off_grid": self.off_grid,
            "unfinished": self.unfinished,
            "rounded": self.rounded,
            "samples": self.samples,
        }


def quality_verdict(report: QualityReport, limits: Mapping[str, float]) -> None:
    """Hold a report against the limits, and write the reasons into it.

    Args:
        report: Complete.
        limits: The largest allowed fraction by name: `gaps` of the expected bars;
            `duplicates`, `impossible`, `nan`, `outliers` of the rows.

    Raises:
        QualityRefused: Something is over its limit, or beyond any limit: bars off the
            grid, several bars in the future, or no good bar at all. Has a detail for
            each reason, with the place of an example.
    """
    reasons = [
        (name, _over(words, getattr(report, count), getattr(report, whole), limit))
        for name, count, whole, words in _LIMITED
        if getattr(report, count)
        > (limit := limits.get(name, 0.0)) * max(1, getattr(report, whole))
    ]
    if report.off_grid:
        reasons.append(("off_grid", f"{report.off_grid:,} bars are off the grid"))
    if report.unfinished > 1:
        reasons.append(("future", f"{report.unfinished:,} bars are in the future"))
    if not report.kept:
        reasons.append(("kept", "no bar is left that could be stored"))
    if not reasons:
        return
    details = tuple(
        ErrorDetail(QualityRefused.code, _sentence(report, name, reason), name)
        for name, reason in reasons
    )
    report.refused = [detail.message for detail in details]
    msg = f"The candles are not good enough. {' '.join(report.refused)}"
    error = QualityRefused(msg, attr="file", details=details)
    error.report = report.as_json()
    raise error


def _over(words: str, count: int, whole: int, limit: float) -> str:
    share = count / max(1, whole)
    return f"{count:,} {words}, {share:.2%} of {whole:,}, where {limit:.2%} are allowed"


def _sentence(report: QualityReport, name: str, reason: str) -> str:
    samples = report.samples.get(name)
    if name == "gaps" and report.largest:
        samples = report.largest
    if not samples:
        return f"{reason}."
    example = ", ".join(f"{key} {value}" for key, value in samples[0].items())
    return f"{reason}; for example {example}."
