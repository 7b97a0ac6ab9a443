// What the page brought along, unpacked; the other side of payload.py and columns.py.
const payload = JSON.parse(document.getElementById("report-data").textContent);
const MINUS = "\u2212";
const DASH = "\u2013";

// First value and differences to values.
function summed(steps) {
  let sum = 0;
  return steps.map((step) => (sum += step));
}

// A start and runs of equal steps to times in seconds.
function times({ start, runs }) {
  const found = [start];
  for (const [step, length] of runs) {
    for (let i = 0; i < length; i += 1) {
      found.push(found[found.length - 1] + step);
    }
  }
  return found;
}

// Whole numbers of 10^-decimals to the nearest number.
function scaled(whole, decimals) {
  const divisor = 10 ** decimals;
  return whole.map((value) => (value === null ? null : value / divisor));
}

const candleTimes = times(payload.times);

const candles = (() => {
  const { open, high, low, close } = payload.candles;
  const divisor = 10 ** payload.decimals;
  let before = 0;
  return candleTimes.map((time, i) => {
    const o = before + open[i];
    const c = o + close[i];
    before = c;
    return {
      time,
      open: o / divisor,
      high: (Math.max(o, c) + high[i]) / divisor,
      low: (Math.min(o, c) - low[i]) / divisor,
      close: c / divisor,
    };
  });
})();

const curves = payload.curves.map((curve) => ({
  capital: curve.capital,
  equity: scaled(summed(curve.equity), curve.decimals),
  drawdown: scaled(summed(curve.drawdown), 5),
}));

// Where a moment lies among the candles, in candles; between two where it is inside one.
function placeOf(time) {
  let low = 0;
  let high = candleTimes.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (candleTimes[middle] <= time) low = middle;
    else high = middle - 1;
  }
  const inside = (time - candleTimes[low]) / payload.width;
  // Candles of one bar each have their trades in the middle.
  return payload.whole ? low : low + Math.min(Math.max(inside, 0), 1) - 0.5;
}

const tradeLists = payload.trades.map((list) => {
  const entryTimes = summed(list.entry);
  const entries = scaled(summed(list.entry_price), list.decimals);
  const gained = scaled(list.gained, list.decimals);
  const profits = scaled(list.profit, list.cents);
  return {
    total: list.total,
    decimals: list.decimals,
    trades: entryTimes.map((entered, i) => ({
      entered,
      left: entered + list.held[i],
      entry: placeOf(entered),
      exit: placeOf(entered + list.held[i]),
      entryPrice: entries[i],
      exitPrice: entries[i] + gained[i],
      side: list.side[i],
      quantity: list.quantity[i],
      profit: profits[i],
      reason: payload.reasons[list.reason[i]],
    })),
  };
});

function grouped(value, decimals) {
  const text = Math.abs(value).toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

function signed(value, decimals) {
  const text = grouped(value, decimals);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

// As money() on the other side writes it.
function money(value) {
  if (value === null || value === undefined) return DASH;
  const size = Math.abs(value);
  if (size >= 1e12) return value.toPrecision(4).replace("-", MINUS);
  if (size >= 1e6) return grouped(value, 0);
  if (size >= 1 || size === 0) return grouped(value, 2);
  return size < 1e-6
    ? value.toPrecision(4).replace("-", MINUS)
    : grouped(value, 3 - Math.floor(Math.log10(size)));
}

function price(value, decimals = payload.decimals) {
  return grouped(value, decimals);
}

// Few signs for an axis: 1.25M, 64,500, 0.0123.
function short(value) {
  const size = Math.abs(value);
  for (const [start, sign] of [[1e12, "T"], [1e9, "B"], [1e6, "M"]]) {
    if (size >= start) return `${grouped(value / start, 2)}${sign}`;
  }
  if (size >= 1000) return grouped(value, 0);
  if (size >= 1) return grouped(value, 2);
  return size === 0 ? "0" : String(Number(value.toPrecision(4))).replace("-", MINUS);
}

// The labels of an axis: no more decimals than their steps need.
function ticks(values) {
  const steps = values.slice(1).map((value, i) => Math.abs(value - values[i]));
  const least = Math.min(...steps.filter((step) => step > 0));
  const decimals = Number.isFinite(least) ? Math.ceil(-Math.log10(least) - 1e-9) : 2;
  const large = Math.max(...values.map(Math.abs)) >= 1e7;
  return values.map((value) =>
    large ? short(value) : grouped(value, Math.min(Math.max(decimals, 0), 12)),
  );
}

function percent(value) {
  return `${grouped(100 * value, 2)}%`;
}

function moment(seconds) {
  return new Date(1000 * seconds).toISOString().slice(0, 16).replace("T", " ");
}
