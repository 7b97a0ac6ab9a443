// Light and dark.
const dark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : dark.matches;
}

function repaint() {
  byId("theme").textContent = isDark() ? "Light" : "Dark";
  chartPaint();
  closeupPaint();
}

byId("theme").addEventListener("click", () => {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem("parallax-theme", next);
  } catch {
    // Nothing is kept; the choice holds for this page.
  }
  repaint();
});
dark.addEventListener("change", repaint);

// Paper is white, whatever the screen is, and narrower: charts are put on it as pictures
// of what is on the screen. (The library's own takeScreenshot never returns while a change
// of the time scale waits to be drawn, in 5.2.1.)
const pictures = [];

function pictureOf(where) {
  const frame = where.getBoundingClientRect();
  const ratio = devicePixelRatio;
  const picture = document.createElement("canvas");
  picture.width = frame.width * ratio;
  picture.height = frame.height * ratio;
  picture.className = isDark() ? "picture inverted" : "picture";
  const context = picture.getContext("2d");
  for (const part of where.querySelectorAll("canvas")) {
    const at = part.getBoundingClientRect();
    const sides = [at.left - frame.left, at.top - frame.top, at.width, at.height];
    if (at.width && at.height) context.drawImage(part, ...sides.map((side) => side * ratio));
  }
  return picture;
}

addEventListener("beforeprint", () => {
  for (const where of [place, closeup && closeupPlace].filter(Boolean)) {
    const picture = pictureOf(where);
    pictures.push({ where, picture });
    // Out of sight, at its size, so that the chart is not drawn anew.
    const size = { width: `${where.clientWidth}px`, height: `${where.clientHeight}px` };
    Object.assign(where.style, size, { position: "absolute", left: "-300vw" });
    where.before(picture);
  }
});

addEventListener("afterprint", () => {
  for (const { where, picture } of pictures.splice(0)) {
    where.removeAttribute("style");
    picture.remove();
  }
});

repaint();
unfold();
