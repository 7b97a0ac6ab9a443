// Light or dark: as the reader chose here before, else as their system has it. `#light`
// and `#dark` at the end of the address choose too.
const root = document.documentElement;
root.classList.add("scripted");
let chosen = location.hash.slice(1);
try {
  if (chosen !== "light" && chosen !== "dark") {
    chosen = localStorage.getItem("parallax-theme");
  }
} catch {
  // A page opened from a file, or without storage, keeps nothing.
}
if (chosen === "light" || chosen === "dark") {
  root.dataset.theme = chosen;
}
