"""Candles at rest: one Parquet file for each series, replaced as a whole.

Names are imported from their modules: `paths` is for everyone, the others bring pyarrow
and numpy, which a web process does not need.
"""
