"""How good candles are: those of a file as it comes in, and those that are stored.

Names are imported from their modules. `gate` and `telling` look at finished reports and
are for everyone; the others measure, and bring numpy, which a web process does not need.

Of a file, `RowChecks` sees rows in their order and needs no other row; `SequenceChecks`
sees them sorted by time. `QualityReport` is what both found, and the verdict. Of what is
stored, or of a range of it, `stored_measure` makes the report that backtests carry.
"""
