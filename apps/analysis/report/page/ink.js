// The page's colours, for canvases, which know no CSS variables.
const Lines = LightweightCharts;
const phone = matchMedia("(max-width: 40rem)");

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function engineColour(engine) {
  return colour(`engine-${engine.ink}`);
}

// A colour as #rrggbb with some of the page showing through.
function faded(hex, alpha) {
  const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${parts.join(",")},${alpha})`;
}

function chartOptions() {
  return {
    autoSize: true,
    layout: {
      background: { type: "solid", color: colour("page") },
      textColor: colour("quiet"),
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: phone.matches ? 11 : 12,
      // The link under the chart says it, and sends no address along.
      attributionLogo: false,
      panes: {
        separatorColor: colour("grid"),
        separatorHoverColor: faded(colour("quiet"), 0.2),
      },
    },
    grid: {
      vertLines: { visible: false },
      horzLines: { color: colour("grid") },
    },
    crosshair: {
      mode: Lines.CrosshairMode.Normal,
      vertLine: { color: colour("quiet"), labelBackgroundColor: colour("price") },
      horzLine: { color: colour("quiet"), labelBackgroundColor: colour("price") },
    },
    rightPriceScale: { borderVisible: false, entireTextOnly: true, scaleMargins: { top: 0.1, bottom: 0.06 } },
    timeScale: {
      borderColor: colour("grid"),
      timeVisible: true,
      secondsVisible: false,
      minBarSpacing: 0.01,
      fixLeftEdge: true,
      fixRightEdge: true,
    },
    localization: { locale: "en-GB", timeFormatter: moment },
    // A page is scrolled by wheel and finger; a chart that has the focus is zoomed.
    handleScroll: { mouseWheel: false, vertTouchDrag: false },
    handleScale: { mouseWheel: false, axisPressedMouseMove: { price: false } },
  };
}

// Where a place between two candles lies; the library itself knows whole ones alone.
function acrossAt(chart, place) {
  const scale = chart.timeScale();
  const first = scale.logicalToCoordinate(0);
  return first + place * (scale.logicalToCoordinate(1) - first);
}

function candleOptions() {
  const ink = colour("price");
  return {
    upColor: colour("page"),
    downColor: ink,
    borderUpColor: ink,
    borderDownColor: ink,
    wickUpColor: ink,
    wickDownColor: ink,
    priceLineVisible: false,
    lastValueVisible: false,
    priceFormat: {
      type: "custom",
      minMove: 10 ** -payload.decimals,
      formatter: (value) => price(value),
      tickmarksFormatter: ticks,
    },
  };
}

// The wheel zooms a chart that has the focus; keys move it.
function makeReachable(place, chart) {
  const wheel = (mouseWheel) =>
    chart.applyOptions({ handleScroll: { mouseWheel }, handleScale: { mouseWheel } });
  // As wide as it is, once that is known, and again when a phone is turned.
  let width = 0;
  new ResizeObserver(() => {
    if (!place.clientWidth || place.clientWidth === width) return;
    width = place.clientWidth;
    requestAnimationFrame(() => chart.timeScale().fitContent());
  }).observe(place);
  place.addEventListener("mousedown", () => place.focus({ preventScroll: true }));
  place.addEventListener("focus", () => wheel(true));
  place.addEventListener("blur", () => wheel(false));
  place.addEventListener("keydown", (event) => {
    const doing = {
      ArrowLeft: () => moveBy(chart, -0.1),
      ArrowRight: () => moveBy(chart, 0.1),
      "+": () => zoomBy(chart, 0.7),
      "=": () => zoomBy(chart, 0.7),
      "-": () => zoomBy(chart, 1 / 0.7),
      Home: () => chart.timeScale().fitContent(),
    }[event.key];
    if (doing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      doing();
    }
  });
}

function moveBy(chart, part) {
  const range = chart.timeScale().getVisibleLogicalRange();
  if (!range) return;
  const step = part * (range.to - range.from);
  chart.timeScale().setVisibleLogicalRange({ from: range.from + step, to: range.to + step });
}

function zoomBy(chart, factor) {
  const range = chart.timeScale().getVisibleLogicalRange();
  if (!range) return;
  const middle = (range.from + range.to) / 2;
  const half = Math.max(((range.to - range.from) / 2) * factor, 3);
  chart.timeScale().setVisibleLogicalRange({ from: middle - half, to: middle + half });
}
