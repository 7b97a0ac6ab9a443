// What a reader can choose, and what stands under the crosshair.
const byId = (id) => document.getElementById(id);
const readout = byId("readout");

function tradesShow() {
  const engine = payload.engines[byId("shown").value];
  const list = engine && byId("shown").value !== "" ? tradeLists[engine.trades] : null;
  layer.show(list ? list.trades : []);
  for (const key of document.querySelectorAll("[data-reason]")) {
    const count = list ? engine.reasons[payload.reasons.indexOf(key.dataset.reason)] : 0;
    key.hidden = count === 0;
    key.querySelector("b").textContent = count.toLocaleString("en-US");
  }
  for (const key of document.querySelectorAll("[data-side]")) {
    const side = key.dataset.side === "long" ? 1 : -1;
    key.hidden = !list || !list.trades.some((trade) => trade.side === side);
  }
  const drawn = list ? list.trades.length : 0;
  byId("trades-drawn").textContent =
    list && drawn < list.total
      ? `Here: ${drawn.toLocaleString("en-US")} of ${list.total.toLocaleString("en-US")}.`
      : "";
}

function scaleSet() {
  const { Logarithmic, Normal } = Lines.PriceScaleMode;
  priceSeries.priceScale().applyOptions({ mode: byId("log").checked ? Logarithmic : Normal });
}

byId("log").checked = payload.log;
byId("shown").addEventListener("change", tradesShow);
byId("log").addEventListener("change", scaleSet);
byId("held").addEventListener("change", (event) => {
  heldSeries?.applyOptions({ visible: event.target.checked });
});
byId("zoom-all").addEventListener("click", () => chart.timeScale().fitContent());
byId("zoom-in").addEventListener("click", () => zoomBy(chart, 0.5));
byId("zoom-out").addEventListener("click", () => zoomBy(chart, 2));
byId("zoom-first")?.addEventListener("click", () => {
  const half = Math.min(phone.matches ? 25 : 60, candles.length / 2);
  chart.timeScale().setVisibleLogicalRange({ from: parting - half, to: parting + half });
});

for (const box of document.querySelectorAll("[data-curve]")) {
  box.addEventListener("change", () => {
    const engine = payload.engines[box.dataset.curve];
    const { hidden } = curved[engine.curve];
    if (box.checked) hidden.delete(engine);
    else hidden.add(engine);
    curvesPaint();
  });
}

// The legend says the last bar's figures, or those under the crosshair.
const cells = [...document.querySelectorAll("[data-equity],[data-drawdown]")].map(
  (cell) => ({ cell, last: cell.textContent }),
);
const legendAt = byId("legend-at");
const atLast = legendAt.textContent;

function legendSet(at) {
  legendAt.textContent = at === null ? atLast : `At ${moment(candleTimes[at])}`;
  for (const { cell, last } of cells) {
    const engine = payload.engines[cell.dataset.equity ?? cell.dataset.drawdown];
    const curve = curves[engine.curve];
    if (at === null || curve === undefined) cell.textContent = last;
    else if (cell.dataset.equity) cell.textContent = money(curve.equity[at]);
    else cell.textContent = percent(curve.drawdown[at]);
  }
}

function ofCandle(at) {
  const { time, open, high, low, close } = candles[at];
  const figures = [["o", open], ["h", high], ["l", low], ["c", close]];
  return [moment(time), ...figures.map(([name, value]) => `${name} ${price(value)}`)].join("  ");
}

function ofTrade(trade) {
  const { decimals } = tradeLists.find(({ trades }) => trades.includes(trade));
  const side = trade.side > 0 ? "long" : "short";
  const profit = trade.profit === null ? "" : `, ${trade.profit > 0 ? "+" : ""}${money(trade.profit)} ${payload.quote}`;
  return (
    `${side} ${trade.quantity} from ${moment(trade.entered)} at ${price(trade.entryPrice, decimals)} ` +
    `to ${moment(trade.left)} at ${price(trade.exitPrice, decimals)} ` +
    `(${trade.reason.replaceAll("_", " ")})${profit}`
  );
}

const hint = "Point at a candle or a trade to read it.";
readout.textContent = hint;

chart.subscribeCrosshairMove((event) => {
  const at = event.point && event.logical >= 0 ? Math.round(event.logical) : null;
  const known = at !== null && at < candles.length ? at : null;
  legendSet(known);
  const over = known !== null && event.paneIndex === 0;
  const trade = over ? layer.near(event.point.x, event.point.y) : null;
  layer.hold(trade);
  if (trade) readout.textContent = ofTrade(trade);
  else readout.textContent = known === null ? hint : ofCandle(known);
});

// A link to a pair's counts unfolds them.
function unfold() {
  const target = location.hash.startsWith("#pair-") && byId(location.hash.slice(1));
  const fold = target && target.closest("details");
  if (fold) {
    fold.open = true;
    fold.scrollIntoView({ block: "nearest" });
  }
}
addEventListener("hashchange", unfold);

tradesShow();
scaleSet();
