// How the strategies move together: a heat map as a table, whose cells also say their number.
import { card, empty, h, show, table } from "./dom.js";
import * as w from "./words.js";

const KINDS = ["sample", "shrunk", "ewma", "stressed"];
const REASONS = { "insufficient overlap": "strategies.blank", "no return for 30 days": "strategies.silent" };
let chosen = "sample";
const STRONGEST = 45;  // percent of the colour in a cell at 1 and −1: the number on it stays readable

function cell(pair, kind, names) {
  const value = pair?.[kind] ?? null, words = names.join(" – ");
  if (value === null) return h("td", { class: "blank", title: `${words}: ${w.say("strategies.blank")}` }, "–");
  const found = h("td", { class: value < 0 ? "against" : "along", title: `${words}: ${value.toFixed(2)}` }, value.toFixed(2));
  found.style.setProperty("--share", `${(Math.abs(value) * STRONGEST).toFixed(0)}%`);
  return found;
}

function map(study, kind) {
  const pairs = new Map(study.pairs.map((each) => [JSON.stringify([each.first, each.second]), each]));
  const between = (a, b) => pairs.get(JSON.stringify(a < b ? [a, b] : [b, a]));
  const names = study.strategies.map((each) => each.strategy);
  return h("div", { class: "scroll" }, h("table", { class: "heat" }, h("caption", { class: "unseen" }, w.say("strategies.map")),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, w.say("strategy")), names.map((name, i) => h("th", { scope: "col", title: name, "aria-label": name }, i + 1)))),
    h("tbody", {}, names.map((row, i) => h("tr", { "data-strategy": row }, h("th", { scope: "row" }, `${i + 1} ${row}`), names.map((column, j) => (i === j ? h("td", { class: "self" }, "1") : cell(between(row, column), kind, [row, column]))))))));
}

function risk(each) {
  if (each.contribution === null) return h("span", { class: "dim" }, REASONS[each.reason] ? w.say(REASONS[each.reason]) : each.reason || w.say("unknown"));
  const fill = h("span", { class: "fill one" });
  fill.style.setProperty("--share", `${Math.max(0, Math.min(100, each.contribution * 100))}%`);
  return h("span", { class: "points" }, h("span", { class: "meter", "aria-hidden": "true" }, fill), h("span", { class: "number" }, w.percent(each.contribution, 0)));
}

function shares(study) {
  const columns = [{ title: w.say("strategy") }, { title: w.say("strategies.weight"), class: "num" }, { title: w.say("strategies.risk"), class: "text" }, { title: w.say("strategies.sigma"), class: "num" }, { title: w.say("strategies.periods"), class: "num" }];
  const sorted = [...study.strategies].sort((a, b) => (b.contribution ?? -9) - (a.contribution ?? -9));
  return table(w.say("strategies.risk"), columns, sorted.map((each) => ({ cells: [each.strategy, w.percent(each.weight, 0), risk(each), w.percent(each.sigma, 2), each.periods] })), { class: "wide names" });
}

function figures(found) {
  const item = (name, value) => h("div", {}, h("dt", {}, w.say(name)), h("dd", {}, value));
  return h("dl", { class: "strip" }, item("strategies.mean", found.mean_recent === null ? "–" : found.mean_recent.toFixed(2)), item("strategies.ratio", found.diversification_ratio === null ? "–" : found.diversification_ratio.toFixed(2)), item("strategies.bets", found.effective_bets === null ? "–" : `${found.effective_bets.toFixed(1)} / ${found.members}`));
}

// The card of the newest study; a chosen kind of correlation is drawn in place.
export function strategies(study) {
  if (!study.study) return card(w.say("strategies"), { id: "strategies" }, empty(w.say("strategies.none")));
  const place = h("div"), kinds = h("div", { class: "spans", role: "group", "aria-label": w.say("strategies.kind") });
  const choose = (kind) => {
    chosen = kind;
    show(kinds, KINDS.map((each) => h("button", { type: "button", "data-key": `kind ${each}`, "aria-pressed": String(each === kind), onclick: () => choose(each) }, w.say(`strategies.${each}`))));
    show(place, map(study, kind));
  };
  choose(chosen);
  const { first_at: first, last_at: last, period } = study.study;
  const note = `${w.moment(first).slice(0, 10)} – ${w.moment(last).slice(0, 10)}, ${w.say(`interval.${period}`)}`;
  return card(w.say("strategies"), { id: "strategies", note }, kinds, figures(study.study),
    h("div", { class: "two even" }, h("div", {}, place, h("p", { class: "keys heat-keys" }, h("span", { class: "swatch against" }, w.say("strategies.against")), h("span", { class: "swatch along" }, w.say("strategies.along")), h("span", { class: "swatch blank" }, w.say("strategies.blank")))), shares(study)));
}
