"""freqtrade under the fill contract, and as its own users run it.

The program itself, in a process of its own without a network, on files: it is never
imported. See `mapping` for what it is given, `strategy_exact.py.txt` for how its own stop
and target are made to keep the contract, and `program` for its process.
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING

from apps.engines.adapters.freqtrade import exact, native
from apps.engines.adapters.freqtrade.capabilities import CAPABILITIES
from apps.engines.adapters.freqtrade.errors import failure_of, passed_over
from apps.engines.adapters.freqtrade.files import export_read
from apps.engines.adapters.freqtrade.launcher import NETWORK_FILE, REFUSED
from apps.engines.adapters.freqtrade.program import Program, leftovers_remove
from apps.engines.adapters.freqtrade.standby import Ready, Standby
from apps.engines.contracts import Mode
from apps.engines.errors import EngineResultInvalid
from apps.engines.refusals import request_check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apps.engines.contracts import Prepared, RunRequest, RunResult

ONLINE_NOTE = (
    "Network namespace refused by this system; freqtrade was offline by its "
    "configuration only."
)
STAMP = re.compile(r"^(\d+\.\d+) [A-Z]+ ", re.MULTILINE)


class FreqtradeEngine:
    """Runs `freqtrade backtesting`."""

    def __init__(self) -> None:
        self._standby = Standby()
        self._handed: Program | None = None

    def run(self, request: RunRequest) -> RunResult:
        """Run one backtest, on the program that was made ready if one was."""
        return self.run_many((request,))[0]

    def run_many(self, requests: Sequence[RunRequest]) -> list[RunResult]:
        """Run several backtests in one program, one after the other.

        Args:
            requests: With the same fee, which freqtrade has one of; all by the contract,
                or one alone in native mode. Those over the same `Bars` share a market.

        Raises:
            UnsupportedByEngine: freqtrade cannot do what is asked for.
            ValueError: The requests cannot be run together.
            EngineError: See `apps.engines.errors`.
        """
        work = _work_of(requests)
        if not work.needed:
            return work.results({}, 0.0, ())
        program, self._handed = self._handed, None
        if program is not None:
            return _done(program, work)
        with closing(Program()) as program:
            return _done(program, work)

    def warm(self) -> None:
        """Start the program that the first run will use."""
        leftovers_remove()
        self._standby.refill()

    def prepare(self) -> Prepared:
        """Hand out the program that waits; see `contracts.PreparingEngine`."""
        ready = Ready(self._standby.take(), self._standby)
        self._handed = ready.program
        return ready

    def close(self) -> None:
        """End the program that waits, for who wants no other run."""
        self._standby.close()


def _work_of(requests: Sequence[RunRequest]) -> exact.Work | native.Work:
    for request in requests:
        request_check(request, engine="freqtrade", capabilities=CAPABILITIES)
    alone = any(request.mode is Mode.NATIVE for request in requests)
    fees = {request.costs.fee_rate for request in requests}
    if len(fees) != 1 or (alone and len(requests) > 1):
        msg = "freqtrade runs together what has one fee, and a native run alone."
        raise ValueError(msg)
    return native.Work(requests) if alone else exact.Work(requests)


def _done(program: Program, work: exact.Work | native.Work) -> list[RunResult]:
    status = program.run(work.write(program.directory))
    log = program.log()
    if status != 0:
        raise failure_of(log, status)
    try:
        exported = export_read(program.directory)
    except (KeyError, ValueError) as error:
        msg = f"freqtrade's export cannot be read: {error!r}."
        raise EngineResultInvalid(msg) from error
    if exported is None:
        raise failure_of(log, status)
    defect = passed_over(log)
    if defect is not None:
        raise defect
    network = (program.directory / NETWORK_FILE).read_text()
    notes = (ONLINE_NOTE,) if network == REFUSED else ()
    return work.results(exported, _seconds(log), notes)


def _seconds(log: str) -> float:
    """Return the time from its reading of the configuration to its storing of results."""
    stamps = [float(one) for one in STAMP.findall(log)]
    return stamps[-1] - stamps[0] if stamps else 0.0
