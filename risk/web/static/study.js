// What the past says: value at risk with its exceptions, and how the strategies move together.
import { badge, card, empty, h, shape, show, table } from "./dom.js";
import { chart } from "./chart.js";
import * as heat from "./heat.js";
import * as w from "./words.js";

const INTERVALS = ["1h", "1d"];
const ZONES = { green: "low", yellow: "medium", red: "extreme" };
const link = (scope, interval) => `#/study/${encodeURIComponent(scope)}/${interval}`;
const num = (...names) => names.map((name) => ({ title: w.say(name), class: "num" }));
const pair = (big, small) => h("span", { class: "pair" }, big, h("small", {}, small));
const method = (name) => (w.has(`method.${name}`) ? w.say(`method.${name}`) : name);
const p = (value) => (value === null ? "–" : value < 0.0001 ? "< 0.0001" : value.toFixed(4));
const share = (value) => w.percent(value, 2);
const scopeName = (scope) => w.scopeName(scope.replace("/SHORT", "")) + (scope.endsWith("/SHORT") ? ` ${w.say("side.SHORT")}` : "");

function money(row, name) {
  if (row[name] === null) return "–";
  return row.gross_usdt === null ? share(row[name]) : pair(share(row[name]), `${w.money(row[name] * row.gross_usdt)} USDT`);
}

function newestBar(row) {
  if (row.closed_loss === null || row.closed_var_99 === null) return h("span", { class: "dim" }, w.say("unknown"));
  const beyond = row.closed_loss > row.closed_var_99;
  return pair(h("span", {}, badge(beyond ? "extreme" : "low", w.say(beyond ? "var.beyond" : "var.within"))), w.say("var.closed", { result: w.percent(-row.closed_loss, 2, true), limit: share(row.closed_var_99) }));
}

function about(row) {
  if (row.without_returns.length) return w.say(row.var_99 === null ? "var.no_number" : "var.without_returns", { symbols: row.without_returns.join(", ") });
  return row.reason ? w.say("var.instead") : row.note ? w.say("var.noted") : "";
}

function inForce(found, tools) {
  const note = w.say(`var.hint.${found.interval}`);
  if (!found.latest.length) return card(w.say("var"), { id: "var" }, tools, empty(w.say("var.none")));
  const columns = [{ title: w.say("var.scope") }, ...num("var.95", "var.99", "es.99"), { title: w.say("var.method"), class: "text" }, { title: w.say("var.last"), class: "text" }];
  return card(w.say("var"), { id: "var", note }, tools, table(w.say("var"), columns, found.latest.map((row) => ({ attributes: { "data-var": row.scope, class: row.scope === found.scope ? "speaks" : "" }, cells: [
    h("a", { href: link(row.scope, found.interval), "data-key": `var ${row.scope}`, "aria-current": row.scope === found.scope ? "true" : null }, scopeName(row.scope)),
    money(row, "var_95"), money(row, "var_99"), money(row, "es_99"),
    pair(method(row.method), about(row)), newestBar(row),
  ] })), { class: "wide" }));
}

function bars(found) {
  const known = found.bars.filter((b) => b.loss !== null);
  const beyond = known.filter((b) => b.var_99 !== null && b.loss > b.var_99);
  const step = found.interval === "1h" ? 3600 : 86400;
  const lost = (name) => found.bars.filter((b) => b[name] !== null).map((b) => [b.at, -b[name]]);
  const title = w.say("var.bars", { scope: scopeName(found.scope) });
  return card(title, { id: "exceptions", note: w.say("var.counted", { count: beyond.length, bars: known.length }) },
    h("p", { class: "keys" }, h("span", { class: "key liquidation" }, w.say("var.99")), h("span", { class: "key one" }, w.say("var.95")), h("span", {}, shape("extreme"), " ", w.say("var.beyond"))),
    chart({
      marks: [
        { kind: "bars", class: "quiet", step, label: w.say("var.return"), points: known.map((b) => [b.at, -b.loss]) },
        { kind: "line", class: "one", label: w.say("var.95"), points: lost("var_95"), gap: 3 * step },
        { kind: "line", class: "limit", label: w.say("var.99"), points: lost("var_99"), gap: 3 * step },
        { kind: "squares", class: "extreme", step, points: beyond.map((b) => [b.at, -b.loss]) },
      ],
      since: found.since, until: found.until, label: title, format: (v) => w.percent(v, 2, true), height: 240, none: w.say("empty.series"),
    }));
}

function verdicts(found) {
  const columns = [{ title: w.say("var.method") }, ...num("var.exceptions"), { title: w.say("var.zone") }, ...num("var.kupiec", "var.independence", "var.conditional"), { title: w.say("var.verdict"), class: "text" }];
  const used = found.latest.find((row) => row.scope === found.scope).method;
  return card(w.say("var.verdicts"), { id: "verdicts", note: w.say("var.verdicts.hint") }, found.verdicts.length === 0 ? empty(w.say("var.none")) : table(w.say("var.verdicts"), columns, found.verdicts.map((v) => ({ attributes: { "data-method": v.method, class: v.method === used ? "speaks" : "" }, cells: [
    h("span", {}, h("span", { class: "number" }, method(v.method)), v.method === used && h("span", { class: "tag" }, w.say("var.used"))),
    pair(String(v.exceptions), w.say("var.expected", { count: (v.observations * 0.01).toFixed(1), bars: v.observations })),
    v.zone ? badge(ZONES[v.zone], w.say(`zone.${v.zone}`)) : badge("none", w.say("unknown")),
    p(v.kupiec_p), p(v.independence_p), p(v.conditional_p),
    h("span", { class: v.has_failed ? "late" : "" }, v.has_failed && [shape("high"), " "], w.say(v.has_failed ? "var.failed" : v.kupiec_p === null ? "var.unjudged" : "var.good")),
  ] })), { class: "wide" }));
}

function shares(found) {
  if (!found.shares.length) return null;
  const total = found.shares[0].total_usdt;
  const columns = [{ title: w.say("symbol") }, ...num("size", "var.component", "var.incremental")];
  return card(w.say("var.shares"), { id: "shares", note: `${w.say("var.99")} ${w.money(total)} USDT` }, table(w.say("var.shares"), columns, found.shares.map((s) => ({ attributes: { "data-share": s.symbol }, cells: [
    s.symbol, `${w.money(s.notional_usdt, true)} USDT`, pair(`${w.money(s.component_usdt)} USDT`, total ? w.percent(s.component_usdt / total, 0) : "–"), `${w.money(s.incremental_usdt, true)} USDT`,
  ] }))));
}

export function view({ place, rest, ask }) {
  let [scope = "account", interval = "1h"] = rest;
  if (!INTERVALS.includes(interval)) interval = "1h";
  let closed = false, askedAt = 0;
  const strategies = h("div", { class: "stack" });
  const tools = (found) => h("div", { class: "spans", role: "group", "aria-label": w.say("span") }, INTERVALS.map((each) =>
    h("a", { href: link(found.scope ?? scope, each), "data-key": `interval ${each}`, "aria-current": each === interval ? "true" : null }, w.say(`interval.${each}`))));
  async function draw() {
    if (Date.now() - askedAt < 20000) return;
    askedAt = Date.now();
    const [found, study] = await Promise.all([`/api/var?scope=${encodeURIComponent(scope)}&interval=${interval}`, "/api/strategies"].map((address) => ask(address).catch(() => null)));
    if (closed) return;
    if (!found || !study) { show(place, empty(w.say("failed"))); return; }
    show(strategies, heat.strategies(study));
    show(place, h("h1", {}, w.say("nav.study")), inForce(found, tools(found)),
      found.scope !== null && h("div", { class: "two even" }, h("div", { class: "stack" }, bars(found), shares(found)), verdicts(found)), strategies);
  }
  return { open() { show(place, empty(w.say("loading"))); return draw(); }, update: draw, close() { closed = true; } };
}
