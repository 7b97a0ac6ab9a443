"""Technical indicators as pure functions: arrays in, arrays out.

`catalogue` says what there is and needs no numerical library; `compute` runs one entry
and imports only what that entry needs.
"""
