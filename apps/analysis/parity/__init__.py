"""Do two lists of trades agree, and where they part, why?

Pure: arrays in, verdicts out. `matching` pairs the trades of two participants, `compare`
says of each pair what is equal, `causes` names the reason of what is not, `around` shows
the bars where they part first, and `lesson` adds up what an engine's defaults cost.
"""
