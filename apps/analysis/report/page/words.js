// An upright line with a word at its foot: where two engines part first.
class PartingLayer {
  constructor(place, words) {
    this.place = place;
    this.words = words;
    this.views = [
      { zOrder: () => "top", renderer: () => ({ draw: (at) => this.draw(at) }) },
    ];
  }

  attached({ chart }) {
    this.chart = chart;
  }

  paneViews() {
    return this.views;
  }

  updateAllViews() {}

  draw(target) {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      const x = acrossAt(this.chart, this.place);
      context.strokeStyle = colour("amber");
      context.lineWidth = 1.5;
      context.setLineDash([4, 4]);
      context.beginPath();
      context.moveTo(x, 0);
      context.lineTo(x, mediaSize.height);
      context.stroke();
      context.setLineDash([]);
      if (!this.words) return;
      context.font = `600 12px ${getComputedStyle(document.body).fontFamily}`;
      context.fillStyle = colour("amber");
      const right = x + 6 + context.measureText(this.words).width > mediaSize.width;
      context.textAlign = right ? "right" : "left";
      context.fillText(this.words, right ? x - 6 : x + 6, mediaSize.height - 8);
    });
  }
}

// A panel's name, in its upper or lower left corner.
class NameLayer {
  constructor(words, low) {
    this.words = words;
    this.low = low;
    this.views = [{ zOrder: () => "top", renderer: () => ({ draw: (at) => this.draw(at) }) }];
  }

  paneViews() {
    return this.views;
  }

  updateAllViews() {}

  draw(target) {
    target.useMediaCoordinateSpace(({ context, mediaSize }) => {
      const top = this.low ? mediaSize.height - 24 : 3;
      context.font = `600 13px ${getComputedStyle(document.body).fontFamily}`;
      context.fillStyle = faded(colour("page"), 0.8);
      context.fillRect(2, top, context.measureText(this.words).width + 12, 21);
      context.fillStyle = colour("text");
      context.textAlign = "left";
      context.fillText(this.words, 8, top + 15);
    });
  }
}
