// One score by its link: what it was made of, and the rows it was made from.
import { badge, card, empty, h, show, table } from "./dom.js";
import { dimensions, why } from "./why.js";
import * as w from "./words.js";

const HIDDEN = new Set(["symbol", "venue", "event_at", "received_at", "source", "account", "interval"]);
const number = (value) => (Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(7))));
const shown = (value) => (value === null ? "–" : Array.isArray(value) ? value.map(shown).join(" · ") : typeof value === "number" ? number(value) : String(value));

function input(row, scoredAt) {
  const columns = [{ title: w.say("field") }, { title: w.say("value"), class: "num" }];
  const fields = Object.entries(row.body).filter(([name]) => !HIDDEN.has(name));
  const name = w.has(`feed.${row.kind}`) ? w.say(`feed.${row.kind}`) : row.kind === "position" ? w.say("positions") : row.kind;
  return h("details", { class: "input", "data-key": `${row.kind} ${row.body.side ?? ""}`, "data-input": row.kind, open: ["depth", "mark"].includes(row.kind) },
    h("summary", {}, h("strong", {}, name), h("small", { class: "dim" }, `${w.moment(row.event_at)} · ${w.age((scoredAt - Date.parse(row.event_at)) / 1000)} · ${row.body.source}`)),
    table(name, columns, fields.map(([field, value]) => ({ cells: [field, shown(value)] })), { class: "raw" }));
}

export function view({ place, rest, ask }) {
  const [scope = "", at = ""] = rest;
  let closed = false;
  return {
    async open() {
      show(place, empty(w.say("loading")));
      let found = null;
      try { found = await ask(`/api/moment?scope=${encodeURIComponent(scope)}&at=${encodeURIComponent(at)}`); }
      catch { show(place, empty(w.say("failed"))); return; }
      if (closed) return;
      const back = h("p", {}, h("a", { href: `#/desk/${encodeURIComponent(scope)}/6h` }, `← ${w.say("moment.back")}`));
      if (!found) { show(place, back, empty(w.say("moment.none", { scope }))); return; }
      const scoredAt = Date.parse(found.at);
      const numbers = found.recomputed === undefined ? "" : w.say("moment.recomputed", { version: found.limits_version, recomputed: found.recomputed?.toFixed(2) ?? "–", stored: found.composite?.toFixed(2) ?? "–" });
      show(place, back, h("h1", {}, w.say("moment.title", { scope: w.scopeName(found.scope), time: w.moment(found.at) })),
        h("div", { class: "two" },
          h("div", { class: "stack" }, why(found, { link: false }), card(w.say("composite"), {}, dimensions(found), h("p", { class: "dim" }, w.say("raw_level"), " ", badge(found.raw_level, w.say(`level.${found.raw_level}`))), h("p", { class: "dim", id: "recomputed" }, numbers))),
          h("div", { class: "stack" }, card(w.say("moment.inputs"), { id: "inputs" }, found.inputs.length === 0 ? empty(w.say("moment.no_inputs")) : found.inputs.map((row) => input(row, scoredAt))))));
    },
    close() { closed = true; },
  };
}
