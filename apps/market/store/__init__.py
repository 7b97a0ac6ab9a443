"""Candles at rest: one Parquet file for each series, replaced as a whole.

Names are imported from their modules: `paths` and `failures` are for everyone, the others
bring pyarrow and numpy, which a web process does not need.
"""
