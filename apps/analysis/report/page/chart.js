// Price with trades, equity and drawdown: three panels over one axis of time.
const place = document.getElementById("chart");
const chart = Lines.createChart(place, chartOptions());
const priceSeries = chart.addSeries(Lines.CandlestickSeries, candleOptions(), 0);
priceSeries.setData(candles);

const layer = new TradesLayer();
priceSeries.attachPrimitive(layer);

const PANES = ["price", "equity", "drawdown"];
const parting = payload.closeup ? placeOf(payload.closeup.at) : null;
if (parting !== null) {
  priceSeries.attachPrimitive(new PartingLayer(parting, "first divergence"));
}

// Engines by the curve they have: those that lie on each other share one striped line.
const curved = curves.map((curve, number) => ({
  curve,
  engines: payload.engines.filter((engine) => engine.curve === number),
  hidden: new Set(),
}));

// Where curves run along each other, broad ones lie under narrow ones.
const WIDTHS = [2, 4, 5, 7];

function widthOf(number) {
  return WIDTHS[Math.min(curves.length - 1 - number, WIDTHS.length - 1)];
}

function curveOptions(one, number, pane) {
  const seen = one.engines.filter((engine) => !one.hidden.has(engine));
  const broken = seen.length > 0 && seen.every((engine) => engine.again);
  return {
    // Stripes are painted over a line that is there for the scale alone.
    color: seen.length === 1 ? engineColour(seen[0]) : "transparent",
    visible: seen.length > 0,
    lineWidth: widthOf(number),
    lineStyle: broken ? Lines.LineStyle.Dashed : Lines.LineStyle.Solid,
    priceLineVisible: false,
    lastValueVisible: false,
    crosshairMarkerVisible: false,
    priceFormat: {
      type: "custom",
      minMove: pane === 1 ? 1e-8 : 1e-5,
      formatter: pane === 1 ? short : percent,
      ...(pane === 1 ? { tickmarksFormatter: ticks } : {}),
    },
  };
}

function points(values) {
  return values.map((value, i) => ({ time: candleTimes[i], value }));
}

curved.forEach((one, number) => {
  for (const [name, pane, values] of [
    ["equity", 1, one.curve.equity],
    // Falls hang down from nought.
    ["drawdown", 2, one.curve.drawdown.map((value) => -value)],
  ]) {
    one[name] = chart.addSeries(Lines.LineSeries, curveOptions(one, number, pane), pane);
    one[name].setData(points(values));
    one[name].attachPrimitive(new StripesLayer(one, values, widthOf(number)));
  }
});

const capital = curved.length ? curved[0].curve.capital : 1;
const heldSeries = curved.length
  ? chart.addSeries(Lines.LineSeries, heldOptions(), 1)
  : null;
const capitalLine = curved.length
  ? curved[0].equity.createPriceLine({ price: capital, ...capitalOptions() })
  : null;

function heldOptions() {
  return {
    color: colour("quiet"),
    lineWidth: 1,
    visible: false,
    priceLineVisible: false,
    lastValueVisible: false,
    crosshairMarkerVisible: false,
    priceFormat: { type: "custom", minMove: 1e-8, formatter: short },
  };
}

function capitalOptions() {
  return {
    color: colour("quiet"),
    lineWidth: 1,
    lineStyle: Lines.LineStyle.Dashed,
    axisLabelVisible: false,
    title: "",
  };
}

if (heldSeries) {
  const first = candles[0].open;
  heldSeries.setData(
    candles.map(({ time, close }) => ({ time, value: (capital * close) / first })),
  );
}

chart.panes().forEach((pane, i) => pane.setStretchFactor([6, 4, 2.4][i]));

chart.panes().forEach((pane, i) => {
  const words = i === 2 ? PANES[i] : `${PANES[i]}, ${payload.quote}`;
  // Falls hang from the top of theirs.
  pane.attachPrimitive(new NameLayer(words, i === 2));
});

makeReachable(place, chart);

function curvesPaint() {
  curved.forEach((one, number) => {
    one.equity.applyOptions(curveOptions(one, number, 1));
    one.drawdown.applyOptions(curveOptions(one, number, 2));
  });
}

function chartPaint() {
  chart.applyOptions(chartOptions());
  priceSeries.applyOptions(candleOptions());
  curvesPaint();
  heldSeries?.applyOptions({ color: colour("quiet") });
  capitalLine?.applyOptions(capitalOptions());
}
