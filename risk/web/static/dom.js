// Elements out of names, attributes and children. Text becomes text nodes, never markup.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity))
    if (child !== null && child !== undefined && child !== false)
      element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  return element;
}
export const h = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
export const s = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

// Replaces an element's children and leaves the keyboard where it was.
export function show(place, ...children) {
  const focused = document.activeElement;
  const key = place.contains(focused) ? focused.dataset?.key : undefined;
  const open = new Set([...place.querySelectorAll("details[open][data-key]")].map((d) => d.dataset.key));
  place.replaceChildren(...children.flat(Infinity).filter(Boolean));
  for (const d of place.querySelectorAll("details[data-key]")) if (open.has(d.dataset.key)) d.open = true;
  if (key) place.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

export const LEVELS = ["low", "medium", "high", "extreme"];
const SHAPES = {
  low: s("circle", { cx: 8, cy: 8, r: 5.5 }),
  medium: s("path", { d: "M8 2 14.5 13.5H1.5z" }),
  high: s("path", { d: "M8 .8 15.2 8 8 15.2.8 8z" }),
  extreme: s("path", { d: "M2 2h12v12H2z" }),
  none: s("path", { d: "M2 7h12v2H2z" }),
};
// A level's sign: its own shape in its own colour; the word stands beside it.
export const shape = (level) => s("svg", { viewBox: "0 0 16 16", class: `shape ${level}`, "aria-hidden": "true" }, SHAPES[level].cloneNode(true));
export const levelOf = (score) => (score === null || score === undefined ? "none" : LEVELS[[31, 61, 86].filter((from) => Math.floor(score + 0.5 + 1e-9) >= from).length]);
export const badge = (level, text) => h("span", { class: `badge ${level}`, "data-level": level }, shape(level), h("span", {}, text));

export function table(caption, columns, lines, attributes = {}) {
  const head = h("tr", {}, columns.map((c) => h("th", { scope: "col", class: c.class }, c.title)));
  const body = lines.map((line) =>
    h("tr", line.attributes ?? {}, line.cells.map((cell, i) =>
      i === 0
        ? h("th", { scope: "row", class: columns[i].class }, cell)
        : h("td", { class: columns[i].class, "data-title": columns[i].title }, cell))));
  return h("div", { class: "scroll" }, h("table", attributes, h("caption", { class: "unseen" }, caption), h("thead", {}, head), h("tbody", {}, body)));
}
export const card = (title, attributes, ...children) =>
  h("section", { class: `card ${attributes.class ?? ""}`, "aria-label": title, id: attributes.id }, h("h2", {}, title, attributes.note && h("small", {}, attributes.note)), children);
export const empty = (text) => h("p", { class: "empty" }, text);
