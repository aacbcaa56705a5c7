// Alerts of the last day, open ones first, each with what to do and the way of its messages.
import { badge, card, empty, h, shape, show } from "./dom.js";
import * as w from "./words.js";

const SEVERITY = { critical: "extreme", warning: "high", info: "medium" };
const STATE = { accepted: "low", waiting: "medium", failed: "extreme", expired: "extreme" };

function delivery(d) {
  const after = d.settled_at ? w.say("delivery.after", { age: w.age((Date.parse(d.settled_at) - Date.parse(d.created_at)) / 1000) }) : "";
  const tries = d.attempts > 1 ? w.say("delivery.tries", { count: d.attempts }) : "";
  return h("li", {}, shape(STATE[d.state] ?? "none"), h("strong", {}, d.channel), h("span", {}, w.say(`delivery.${d.state}`)), h("small", { class: "dim" }, [after, tries, d.reason].filter(Boolean).join(" · ")), h("small", { class: "dim" }, w.moment(d.created_at)));
}

function alert(a, now) {
  const lasts = ((a.resolved_at ? Date.parse(a.resolved_at) : now) - Date.parse(a.since)) / 1000;
  const seen = new Map();
  for (const d of a.deliveries) if (!seen.has(d.channel)) seen.set(d.channel, d);
  return h("details", { class: `alert ${a.phase}`, "data-key": a.alert_id, "data-alert": a.name },
    h("summary", { "data-key": `summary ${a.alert_id}` }, badge(a.phase === "resolved" ? "none" : SEVERITY[a.severity] ?? "none", w.say(`severity.${a.severity}`)),
      h("span", { class: "head" }, h("strong", {}, a.headline), h("small", {}, a.lines[0] ?? "")),
      h("span", { class: "ways" }, seen.size === 0 ? h("small", { class: "dim" }, w.say("delivery.none")) : [...seen.values()].map((d) => h("small", { title: w.say(`delivery.${d.state}`) }, shape(STATE[d.state] ?? "none"), " ", d.channel))),
      h("span", { class: "when" }, h("span", {}, w.say(`phase.${a.phase}`)), h("small", { class: "dim" }, w.age(lasts)))),
    h("div", { class: "told" }, a.lines.slice(1).map((line) => h("p", {}, line)),
      h("p", { class: "dim" }, `${w.say("since")} ${w.moment(a.since)}${a.resolved_at ? ` – ${w.moment(a.resolved_at)}` : ""}`),
      h("ul", { class: "deliveries", "aria-label": w.say("delivery") }, a.deliveries.map(delivery))));
}

export function view({ place, now, ask }) {
  let closed = false;
  async function draw() {
    const found = await ask(`/api/alerts?language=${w.current()}`).catch(() => null);
    if (closed) return;
    if (!found) { show(place, empty(w.say("failed"))); return; }
    const [open, over] = [found.alerts.filter((a) => a.phase !== "resolved"), found.alerts.filter((a) => a.phase === "resolved")];
    show(place, h("h1", {}, w.say("nav.alerts")),
      found.waiting.length > 0 && h("p", { class: "note warn" }, found.waiting.map((x) => `${x.channel}: ${w.say("waiting", { count: x.deliveries })}${x.reason ? ` (${x.reason})` : ""}`).join(" · ")),
      card(w.say("firing"), { id: "open" }, open.length ? open.map((a) => alert(a, now())) : h("p", { class: "empty" }, shape("low"), " ", w.say("empty.firing"))),
      card(w.say("last_24h"), { id: "over" }, over.length ? over.map((a) => alert(a, now())) : empty(w.say("empty.alerts"))));
  }
  return { open() { show(place, empty(w.say("loading"))); return draw(); }, update: draw, close() { closed = true; } };
}
