"""How fine the quantities of a captured order book are."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib import format as npy

from apps.market.batches import BATCH_ROWS
from apps.market.grid import MOST_QUANTITY_DECIMALS, DecimalsMeter

if TYPE_CHECKING:
    from pathlib import Path

MEMBER = "data.npy"


def quantity_decimals(path: Path) -> int:
    """Return the most decimals of a quantity in a capture, at most 8.

    Args:
        path: A canonical capture: an `.npz` whose member `data` has the column `qty`. It
            is read a block at a time.
    """
    meter = DecimalsMeter(MOST_QUANTITY_DECIMALS)
    with zipfile.ZipFile(path) as archive, archive.open(MEMBER) as member:
        npy.read_magic(member)  # type: ignore[no-untyped-call]
        _, _, dtype = npy.read_array_header_1_0(member)  # type: ignore[no-untyped-call]
        while block := member.read(BATCH_ROWS * dtype.itemsize):
            meter.measure(np.frombuffer(block, dtype)["qty"])
    return meter.decimals
