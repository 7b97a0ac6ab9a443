// A curve that several engines share, striped in their colours, so that each is seen.
const STRIPE = 16;

class StripesLayer {
  constructor(one, values, width) {
    this.one = one;
    this.values = values;
    this.width = width;
    this.views = [
      { zOrder: () => "normal", renderer: () => ({ draw: (at) => this.draw(at) }) },
    ];
  }

  attached({ chart, series }) {
    this.chart = chart;
    this.series = series;
  }

  paneViews() {
    return this.views;
  }

  updateAllViews() {}

  draw(target) {
    const seen = this.one.engines.filter((engine) => !this.one.hidden.has(engine));
    const range = this.chart.timeScale().getVisibleLogicalRange();
    if (seen.length < 2 || !range) return;
    const line = this.path(range);
    const origin = acrossAt(this.chart, 0);
    const period = STRIPE * seen.length;
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      context.lineWidth = Math.max(this.width, 3);
      context.lineJoin = "round";
      seen.forEach((engine, i) => {
        context.save();
        context.beginPath();
        // Stripes move along with the curve.
        const start = ((origin % period) + period) % period;
        for (let x = start - period + i * STRIPE; x < mediaSize.width; x += period) {
          context.rect(x, 0, STRIPE, mediaSize.height);
        }
        context.clip();
        context.strokeStyle = engineColour(engine);
        context.stroke(line);
        context.restore();
      });
    });
  }

  path(range) {
    const line = new Path2D();
    const from = Math.max(Math.floor(range.from) - 1, 0);
    const to = Math.min(Math.ceil(range.to) + 1, this.values.length - 1);
    for (let i = from; i <= to; i += 1) {
      line.lineTo(acrossAt(this.chart, i), this.series.priceToCoordinate(this.values[i]));
    }
    return line;
  }
}
