// The bars around the first divergence, each one, with both sides' trade on them.
const closeupPlace = document.getElementById("closeup");
const closeup = closeupPlace && payload.closeup ? closeupMake(payload.closeup) : null;

function closeupMake(found) {
  const view = Lines.createChart(closeupPlace, chartOptions());
  const series = view.addSeries(Lines.CandlestickSeries, candleOptions(), 0);
  const divisor = 10 ** payload.decimals;
  series.setData(
    times(found.times).map((time, i) => ({
      time,
      open: found.open[i] / divisor,
      high: found.high[i] / divisor,
      low: found.low[i] / divisor,
      close: found.close[i] / divisor,
    })),
  );
  series.attachPrimitive(new PartingLayer(found.bar, "they part here"));
  // The first side's marks are broader, so that where both are equal both show.
  const layers = found.sides.map((side, i) => {
    const added = new TradesLayer();
    added.breadth = i === 0 ? 1.55 : 1;
    series.attachPrimitive(added);
    return { side, added };
  });
  // Prices that were paid are in sight, too.
  series.applyOptions({ autoscaleInfoProvider: (original) => widened(original(), found) });
  closeupPlace.setAttribute("aria-label", "Candles around the first divergence");
  keysWrite(found);
  makeReachable(closeupPlace, view);
  return { view, series, layers };
}

function widened(info, found) {
  if (!info?.priceRange) return info;
  const paid = found.sides
    .filter(Boolean)
    .flatMap((side) => [
      [side.entry, side.entry_price],
      [side.exit, side.exit_price],
    ])
    .filter(([at]) => at >= 0 && at < found.open.length)
    .map(([, value]) => value);
  return {
    ...info,
    priceRange: {
      minValue: Math.min(info.priceRange.minValue, ...paid),
      maxValue: Math.max(info.priceRange.maxValue, ...paid),
    },
  };
}

function keysWrite(found) {
  const keys = document.getElementById("closeup-keys");
  for (const side of found.sides.filter(Boolean)) {
    const key = document.createElement("span");
    const dot = document.createElement("i");
    dot.className = "line";
    dot.style.background = `var(--engine-${inkOf(side.name)})`;
    key.append(dot, side.name);
    keys.append(key);
  }
}

function inkOf(name) {
  const engine = payload.engines.find((each) => each.name === name);
  return engine ? engine.ink : 0;
}

function closeupPaint() {
  if (!closeup) return;
  closeup.view.applyOptions(chartOptions());
  closeup.series.applyOptions(candleOptions());
  for (const { side, added } of closeup.layers) {
    if (!side) continue;
    const ink = colour(`engine-${inkOf(side.name)}`);
    added.paint = () => ink;
    added.show([
      {
        ink,
        entry: side.entry,
        exit: side.exit,
        entryPrice: side.entry_price,
        exitPrice: side.exit_price,
        side: side.side,
        profit: 0,
        reason: side.reason,
      },
    ]);
  }
}
