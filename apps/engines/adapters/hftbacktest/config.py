"""How hftbacktest is set up, and the figures that it is given by default."""

from __future__ import annotations

from apps.engines.market_making import QueueModel

MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000

# A native run, as upstream's examples have it: orders take 10 ms each way, and the feed,
# which there has the latency that was captured, 1 ms where there is none to go by.
NATIVE_FEED_NS = 1 * MILLISECOND_NS
NATIVE_ORDER_NS = 10 * MILLISECOND_NS

# The modelled book counts in ticks and steps, so that both are 1 and no price is rounded.
UNIT = 1.0
# What one level holds where any size is to be had: steps, far above any order.
PLENTY = float(1 << 40)
MOST_LEVELS = 100
# A book for each bar with a signal: 16 million rows take 1 GiB.
MOST_ROWS = 16_000_000
# How far from the best price an order may walk through a captured book, in ticks.
LONGEST_WALK = 20_000

# The latest fill of a queue is a matter of its model; this one needs no exponent.
BARS_QUEUE = QueueModel.LOG_PROB_2

# A modelled price is a whole number of ticks, exactly, up to here.
MOST_UNITS = 1 << 50
# A captured price above this many ticks is not of the market whose tick it is; its book
# would be searched tick by tick.
MOST_TICKS = 1 << 30

# How many records and how many quotes a side a market maker may ask for.
MOST_RECORDS = 5_000_000
MOST_GRID_LEVELS = 50
