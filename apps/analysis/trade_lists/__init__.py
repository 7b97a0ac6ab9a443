"""Lists of trades that were made elsewhere, read and put onto a series of bars."""

from apps.analysis.trade_lists.contracts import TradeList
from apps.analysis.trade_lists.onto_bars import trades_onto
from apps.analysis.trade_lists.reading import trade_list_read

__all__ = ["TradeList", "trade_list_read", "trades_onto"]
