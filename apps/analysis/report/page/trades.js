// Trades on the panel of the price: a line from entry to exit, a mark at both. Entries
// stand off the price, longs below and shorts above it; an exit's shape says why.
const LARGEST = 7;
const SMALLEST = 2.4;
// Up to so many in sight, marks are of full size and opaque.
const SPARSE = 50;
const READABLE = 300;

class TradesLayer {
  constructor() {
    this.trades = [];
    this.held = null;
    // Times the usual size: a broader one can lie under another.
    this.breadth = 1;
    this.paint = (trade) => (trade.profit >= 0 ? colour("gain") : colour("loss"));
    const view = { zOrder: () => "top", renderer: () => ({ draw: (at) => this.draw(at) }) };
    this.views = [view];
  }

  attached({ chart, series, requestUpdate }) {
    this.chart = chart;
    this.series = series;
    this.requestUpdate = requestUpdate;
  }

  paneViews() {
    return this.views;
  }

  updateAllViews() {}

  show(trades) {
    this.trades = trades;
    this.held = null;
    this.requestUpdate();
  }

  hold(trade) {
    if (trade !== this.held) {
      this.held = trade;
      this.requestUpdate();
    }
  }

  at(place, value) {
    return [acrossAt(this.chart, place), this.series.priceToCoordinate(value)];
  }

  inSight() {
    const range = this.chart.timeScale().getVisibleLogicalRange();
    if (!range) return [];
    return this.trades.filter(
      (trade) => trade.exit >= range.from - 1 && trade.entry <= range.to + 1,
    );
  }

  // The trade whose entry or exit is near a point, if any.
  near(x, y) {
    let best = null;
    let distance = 14;
    for (const trade of this.inSight()) {
      for (const [place, value, away] of [
        [trade.entry, trade.entryPrice, trade.side * LARGEST],
        [trade.exit, trade.exitPrice, 0],
      ]) {
        const [tx, ty] = this.at(place, value);
        const apart = Math.hypot(tx - x, ty + away - y);
        if (apart < distance) {
          distance = apart;
          best = trade;
        }
      }
    }
    return best;
  }

  draw(target) {
    target.useMediaCoordinateSpace(({ context }) => {
      const trades = this.inSight();
      const count = Math.max(trades.length, 1);
      const size = Math.min(Math.max(LARGEST * (SPARSE / count) ** 0.5, SMALLEST), LARGEST) * this.breadth;
      context.globalAlpha = Math.min(Math.max((READABLE / count) ** 0.5, 0.45), 1);
      context.lineJoin = "round";
      for (const trade of trades) this.path(context, trade, trade === this.held);
      for (const trade of trades) this.marks(context, trade, size);
      if (this.held) {
        context.globalAlpha = 1;
        this.path(context, this.held, true);
        this.marks(context, this.held, LARGEST + 2);
      }
    });
  }

  path(context, trade, strong) {
    context.strokeStyle = this.paint(trade);
    context.lineWidth = (strong ? 2.5 : 1.3) * this.breadth ** 3;
    context.setLineDash(trade.profit < 0 ? [3, 3] : []);
    context.beginPath();
    context.moveTo(...this.at(trade.entry, trade.entryPrice));
    context.lineTo(...this.at(trade.exit, trade.exitPrice));
    context.stroke();
    context.setLineDash([]);
  }

  marks(context, trade, size) {
    const edge = size > 3.5 ? 1 : 0;
    const [x, y] = this.at(trade.entry, trade.entryPrice);
    const away = trade.side * (size + 1);
    context.fillStyle = trade.ink ?? colour("text");
    mark(context, trade.side > 0 ? "long" : "short", x, y + away, size, edge);
    const [left, top] = this.at(trade.exit, trade.exitPrice);
    context.fillStyle = trade.ink ?? colour(`reason-${trade.reason}`);
    mark(context, trade.reason, left, top, 0.85 * size, edge);
  }
}

// One mark around a point, edged with the page's colour so that neighbours stay apart.
function mark(context, kind, x, y, size, edge) {
  context.beginPath();
  const s = size;
  if (kind === "long" || kind === "short") {
    const up = kind === "long" ? -1 : 1;
    context.moveTo(x, y + up * s);
    context.lineTo(x + 0.9 * s, y - up * s);
    context.lineTo(x - 0.9 * s, y - up * s);
    context.closePath();
  } else if (kind === "take_profit") {
    context.moveTo(x, y - 1.2 * s);
    context.lineTo(x + 1.2 * s, y);
    context.lineTo(x, y + 1.2 * s);
    context.lineTo(x - 1.2 * s, y);
    context.closePath();
  } else if (kind === "trailing_stop") {
    context.rect(x - 0.85 * s, y - 0.85 * s, 1.7 * s, 1.7 * s);
  } else if (kind === "stop_loss") {
    context.moveTo(x - s, y - s);
    context.lineTo(x + s, y + s);
    context.moveTo(x + s, y - s);
    context.lineTo(x - s, y + s);
  } else {
    context.arc(x, y, kind === "unknown" ? 0.7 * s : s, 0, 2 * Math.PI);
  }
  const open = kind === "stop_loss" || kind === "end_of_data";
  if (edge) {
    context.strokeStyle = colour("page");
    context.lineWidth = (open ? 0.45 * s : 0) + 2 * edge;
    context.stroke();
  }
  if (open) {
    context.strokeStyle = context.fillStyle;
    context.lineWidth = Math.max(0.45 * s, 1);
    context.stroke();
  } else {
    context.fill();
  }
}
