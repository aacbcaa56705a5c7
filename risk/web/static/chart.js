// Small charts as SVG: lines, bars and candles over time, level lines with labels, a cursor that reads values.
import { h, s } from "./dom.js";
import { clock, day, say } from "./words.js";

const PAD = { left: 8, right: 62, top: 8, bottom: 20 };
const STEPS = [1, 2, 2.5, 5, 10];
const NARROW = 640, NARROW_WIDTH = 350;  // of a phone's window, and of a chart there

function niceTicks(low, high, count) {
  const span = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = power * STEPS.find((n) => span / (n * power) <= count);
  const ticks = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) ticks.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return ticks;
}
const TIME_STEPS = [300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800];

function bounds(marks, lines, floor) {
  let low = Infinity, high = -Infinity;
  for (const mark of marks)
    for (const p of mark.points) {
      const values = mark.kind === "candles" ? [p[2], p[3]] : mark.kind === "bars" ? [p[1], 0] : [p[1]];
      for (const v of values) if (v !== null && Number.isFinite(v)) { low = Math.min(low, v); high = Math.max(high, v); }
    }
  if (low > high) return null;
  const room = high - low || Math.abs(high) * 0.01 || 1;
  for (const line of lines) {  // a line far away must not flatten the curve: it is told in words then
    if (line.value >= low - room * (line.reach ?? 1.5) && line.value <= high + room * (line.reach ?? 1.5)) {
      low = Math.min(low, line.value); high = Math.max(high, line.value);
    }
  }
  const pad = (high - low || Math.abs(high) * 0.01 || 1) * 0.06;
  return [floor !== undefined && low >= floor ? Math.max(floor, low - pad) : low - pad, high + pad];
}

function path(points, x, y, gap) {
  let d = "", before = null;
  for (const [at, value] of points) {
    if (value === null || !Number.isFinite(value)) { before = null; continue; }
    d += `${before !== null && at - before <= gap ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    before = at;
  }
  return d;
}

function drawMark(mark, x, y, frame, gap) {
  if (mark.kind === "line") return [s("path", { d: path(mark.points, x, y, mark.gap ?? gap), class: `line ${mark.class}` })];
  if (mark.kind === "dots") return mark.points.map(([at, v]) => s("circle", { cx: x(at), cy: y(v), r: 2.6, class: `dot ${mark.class}` }));
  if (mark.kind === "squares") return mark.points.map(([at, v]) => s("rect", { x: x(at + (mark.step ?? 0) / 2) - 4, y: y(v) - 4, width: 8, height: 8, class: `dot ${mark.class}` }));
  const width = Math.max(1, Math.min(14, (x(mark.step ?? gap) - x(0)) * 0.7));
  if (mark.kind === "bars")
    return mark.points.map(([at, v]) => s("rect", { x: x(at), width, y: Math.min(y(v), y(0)), height: Math.max(1, Math.abs(y(v) - y(0))), class: mark.class }));
  return mark.points.map(([at, open, high, low, close]) => {
    const mid = x(at) + width / 2;
    return s("g", { class: close >= open ? "rise" : "fall" },
      s("path", { d: `M${mid} ${y(high)}V${y(low)}` }),
      s("rect", { x: x(at), width, y: y(Math.max(open, close)), height: Math.max(1, Math.abs(y(open) - y(close))) }));
  });
}

function labelled(lines, y, frame, range, format) {
  const placed = [], edges = [PAD.top, frame.bottom];
  return [...lines].sort((a, b) => b.value - a.value).map((line) => {
    const beyond = line.value > range[1] ? "▲" : line.value < range[0] ? "▼" : "";  // off the chart: told at its edge
    let at = beyond ? edges[beyond === "▲" ? 0 : 1] + (beyond === "▲" ? 14 : 0) : y(line.value);
    while (placed.some((p) => Math.abs(p - at) < 13)) at += beyond === "▼" ? -13 : 13;
    placed.push(at);
    return s("g", { class: `mark ${line.class}` },
      !beyond && s("path", { d: `M${PAD.left} ${y(line.value)}H${frame.right}` }),
      s("text", { x: PAD.left + 4, y: at - 4 }, `${beyond && `${beyond} `}${line.label} ${format(line.value)}`));
  });
}

// What the curve says in one sentence, for who hears the page instead of seeing it.
function spoken(label, marks, format) {
  const mark = marks.findLast((m) => m.points.length), values = mark?.points.map((p) => p[mark.kind === "candles" ? 4 : 1]).filter(Number.isFinite);
  return values?.length ? `${label}: ${say("reading", { newest: format(values.at(-1)), lowest: format(Math.min(...values)), highest: format(Math.max(...values)) })}` : label;
}

// marks: {kind: line|bars|candles|dots|squares, points: [[at, value…]], class, label}; lines: {value, label, class}.
export function chart({ marks, lines = [], since, until, label, format, floor, within, height = 180, width = 640, none, pick, gap }) {
  if (innerWidth <= NARROW) width = NARROW_WIDTH;
  const found = bounds(marks, lines, floor), range = found && (within ?? found);
  if (!range) return h("div", { class: "chart none" }, h("p", { class: "empty" }, none));
  const frame = { right: width - PAD.right, bottom: height - PAD.bottom };
  const x = (at) => PAD.left + ((at - since) / (until - since)) * (frame.right - PAD.left);
  const y = (v) => frame.bottom - ((v - range[0]) / (range[1] - range[0])) * (frame.bottom - PAD.top);
  const wide = gap ?? ((until - since) / 240) * 6;
  const ticks = niceTicks(range[0], range[1], Math.max(2, Math.floor(height / 44)));
  const step = TIME_STEPS.find((n) => (until - since) / n <= width / 80) ?? 86400;
  const times = [];
  for (let at = Math.ceil(since / step) * step; at < until; at += step) if (x(at) > 2.5 * PAD.left) times.push(at);
  const root = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": spoken(label, marks, format), tabindex: 0, "data-key": `chart ${label}` },
    ticks.map((v) => s("g", { class: "grid" }, s("path", { d: `M${PAD.left} ${y(v)}H${frame.right}` }), s("text", { x: frame.right + 6, y: y(v) + 4 }, format(v)))),
    times.map((at) => s("text", { class: "time", x: x(at), y: height - 5, "text-anchor": "middle" }, step >= 86400 ? day(at) : clock(at))),
    marks.map((mark) => s("g", {}, drawMark(mark, x, y, frame, wide))),
    labelled(lines, y, frame, range, format));
  return h("div", { class: "chart" }, root, reader({ root, marks, x, y, since, until, frame, height, width, format, pick }));
}

function nearest(points, at) {
  let best = null;
  for (const p of points) if (!best || Math.abs(p[0] - at) < Math.abs(best[0] - at)) best = p;
  return best;
}

function reader({ root, marks, since, until, frame, x, height, width, format, pick }) {
  const told = h("p", { class: "read", "aria-live": "off" });
  const hair = s("path", { class: "hair", d: "" });
  root.append(hair);
  const readable = marks.filter((m) => m.points.length && m.kind !== "squares");
  let at = until;
  const read = () => {
    const near = readable.map((m) => [m, nearest(m.points, at)]);
    if (!near.length) return null;
    const point = near[0][1];
    hair.setAttribute("d", `M${x(point[0])} ${PAD.top}V${height - PAD.bottom}`);
    told.textContent = [until - since > 86400 ? `${day(point[0])} ${clock(point[0])}` : clock(point[0]), ...near.map(([m, p]) => `${m.label ? `${m.label} ` : ""}${format(m.kind === "candles" ? p[4] : p[1])}`)].join(" · ");
    return point;
  };
  root.addEventListener("pointermove", (event) => {
    const box = root.getBoundingClientRect();
    at = since + (((event.clientX - box.left) / box.width) * width - PAD.left) / (frame.right - PAD.left) * (until - since);
    read();
  });
  root.addEventListener("pointerleave", () => { hair.setAttribute("d", ""); told.textContent = ""; });
  if (pick) {
    root.classList.add("pick");
    root.addEventListener("click", () => { const p = read(); if (p) pick(p); });
  }
  root.addEventListener("keydown", (event) => {
    const step = (until - since) / 60;
    if (event.key === "ArrowLeft") at -= step;
    else if (event.key === "ArrowRight") at += step;
    else if (event.key === "Enter" && pick) { const p = read(); if (p) pick(p); return; }
    else return;
    event.preventDefault();
    at = Math.max(since, Math.min(until, at));
    told.setAttribute("aria-live", "polite");
    read();
  });
  return told;
}

// The word of an upright mark, on the side away from 0, or within where the edge is near.
function beside({ value, label }, x, low, high) {
  const isLeft = value < 0 ? value > low * 0.4 : value > high * 0.4;
  return s("text", { x: x(value) + (isLeft ? -4 : 4), y: PAD.top + 10, "text-anchor": isLeft ? "end" : "start" }, label);
}

// A curve over another quantity than time: used for the account under shocks.
export function curve({ lines, marks, low, high, label, format, formatX, height = 170, width = 640 }) {
  if (innerWidth <= NARROW) width = NARROW_WIDTH;
  const all = lines.flatMap((l) => l.points.map((p) => p[1])).filter(Number.isFinite);
  const bottom = Math.min(0, ...all), top = Math.max(...all) * 1.05;
  const frame = { right: width - PAD.right, bottom: height - PAD.bottom };
  const x = (v) => PAD.left + ((v - low) / (high - low)) * (frame.right - PAD.left);
  const y = (v) => frame.bottom - ((v - bottom) / (top - bottom || 1)) * (frame.bottom - PAD.top);
  return h("div", { class: "chart" }, s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    niceTicks(bottom, top, 4).map((v) => s("g", { class: "grid" }, s("path", { d: `M${PAD.left} ${y(v)}H${frame.right}` }), s("text", { x: frame.right + 6, y: y(v) + 4 }, format(v)))),
    niceTicks(low, high, width < 500 ? 5 : 8).map((v) => s("text", { class: "time", x: x(v), y: height - 5, "text-anchor": "middle" }, formatX(v))),
    s("path", { class: "hair on", d: `M${x(0)} ${PAD.top}V${frame.bottom}` }),
    lines.map((l) => s("path", { class: `line ${l.class}`, d: path(l.points, x, y, Infinity) })),
    marks.filter((m) => m.value !== null && m.value >= low && m.value <= high).map((m) =>
      s("g", { class: "mark liquidation" }, s("path", { d: `M${x(m.value)} ${PAD.top}V${frame.bottom}` }),
        beside(m, x, low, high)))));
}
