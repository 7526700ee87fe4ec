"use strict";
document.documentElement.dataset.scripted = "yes";
const read = (id) => {
  const place = document.getElementById(id);
  return place ? JSON.parse(place.textContent) : null;
};
async function readLarge(id) {
  const place = document.getElementById(id);
  if (!place || place.dataset.packed === undefined) return read(id);
  const bytes = Uint8Array.from(atob(place.textContent), (one) => one.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(unpacked).json();
}
const inks = read("theme-data");
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const narrow = matchMedia("(max-width: 600px)");
const repainted = new Set();
let printing = false;

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return !printing && (chosen ? chosen === "dark" : systemDark.matches);
}

function repaint() {
  for (const paint of repainted) paint();
}

for (const choice of document.querySelectorAll("#theme input")) {
  choice.addEventListener("change", () => {
    if (choice.value) document.documentElement.dataset.theme = choice.value;
    else delete document.documentElement.dataset.theme;
    repaint();
  });
}
for (const query of [systemDark, narrow]) query.addEventListener("change", repaint);
addEventListener("beforeprint", () => { printing = true; repaint(); });
addEventListener("afterprint", () => { printing = false; repaint(); });

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function glyph(family) {
  const space = "http://www.w3.org/2000/svg";
  const drawn = document.createElementNS(space, "svg"), use = document.createElementNS(space, "use");
  drawn.setAttribute("class", "glyph");
  drawn.setAttribute("viewBox", "0 0 16 16");
  drawn.setAttribute("aria-hidden", "true");
  use.setAttribute("href", "#glyph-" + family);
  drawn.append(use);
  return drawn;
}
