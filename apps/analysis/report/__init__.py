"""The report of a parity run, or of a plain backtest, as one page of HTML.

The page holds all it needs: style, scripts and figures are in it, and it asks nothing of
any network. Pure: results in, text out; numpy is loaded, so only a job imports this.
`page` holds what the browser reads, `vendor` the charts' library.
"""

from apps.analysis.report.heading import ReportHeading
from apps.analysis.report.render import report_render

__all__ = ["ReportHeading", "report_render"]
