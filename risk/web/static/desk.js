// The first view: every scope's score, and of the chosen one why, its position and its charts.
import { badge, card, empty, h, levelOf, shape, show, table } from "./dom.js";
import * as charts from "./charts.js";
import { action, dimensions, levelBadge, momentLink, why } from "./why.js";
import * as w from "./words.js";

const REFRESH_MS = 10000;
const link = (scope, span) => `#/desk/${encodeURIComponent(scope)}/${span}`;

function scopeCard(scope, chosen, span, now) {
  const change = scope.price_change;
  return h("a", { class: `card scope ${scope.level} ${chosen ? "chosen" : ""}`, href: link(scope.scope, span), "data-key": `scope ${scope.scope}`, "data-scope": scope.scope, "aria-current": chosen ? "true" : null },
    h("span", { class: "top" }, h("strong", {}, w.scopeName(scope.scope)),
      scope.mark !== null && h("span", { class: "price" }, w.price(scope.mark), change !== null && h("small", { class: change >= 0 ? "up" : "down" }, `${change >= 0 ? "▲" : "▼"} ${w.percent(Math.abs(change), 1)}`))),
    h("span", { class: "big" }, h("span", { class: "composite" }, w.points(scope.composite)), h("span", { class: "says" }, levelBadge(scope), h("span", { class: "action" }, action(scope)))),
    dimensions(scope),
    h("span", { class: "because" }, scope.why?.[w.current()] ?? ""),
    h("time", { class: "dim", datetime: scope.at, "data-age": Date.parse(scope.at) }, w.say("ago", { age: w.age(w.since(scope.at, now)) })));
}

function accountStrip(desk) {
  const a = desk.account;
  if (!a) return h("p", { class: "card strip empty" }, w.say(desk.watches_account ? "empty.account.yet" : "empty.account"));
  const item = (name, value, cls = "") => h("div", { class: cls }, h("dt", {}, w.say(name)), h("dd", {}, value));
  return h("dl", { class: "card strip", "aria-label": w.say("account") },
    item("equity", `${w.money(a.equity_usdt)} USDT`), item("unrealized", w.money(a.unrealized_usdt, true), a.unrealized_usdt >= 0 ? "up" : "down"),
    item("available", w.money(a.available_usdt)), item("margin_ratio", w.percent(a.margin_ratio)),
    item("cover", a.cover === null ? "–" : `${a.cover.toFixed(2)}×`), item("funding_24h", w.money(a.funding_24h_usdt, true)),
    a.shock && item("shock", `${charts.move(a.shock.down)} / ${charts.move(a.shock.up)}`));
}

function reach(p) {
  if (p.is_out_of_reach) return h("span", { class: "dim" }, w.say("shock.none"));
  const level = p.distance < p.critical ? "extreme" : p.distance < p.warning ? "high" : "low";
  return h("span", { class: "pair" }, h("span", {}, shape(level), " ", w.percent(p.distance)), p.sigmas !== null && h("small", {}, `${p.sigmas.toFixed(1)} σ ${w.say("sigmas")}`));
}

function placed(p) {
  const level = { whole: "low", part: "medium", none: "high", unknown: "none" }[p.placed];
  const text = p.placed === "whole" || p.placed === "part" ? { price: p.placed_price === null ? "–" : w.price(p.placed_price), share: w.percent(p.placed_share, 0) } : {};
  return h("small", { "data-placed": p.placed }, shape(level), " ", w.say(`placed.${p.placed}`, text));
}

function stopCell(p) {
  if (p.stop === null) return h("span", { class: "pair" }, h("span", { class: "dim" }, w.say("unknown")), placed(p));
  return h("span", { class: "pair" }, h("span", { class: p.stop_is_passed ? "late" : "" }, p.stop_is_passed && [shape("high"), " "], w.price(p.stop)),
    h("small", {}, p.stop_is_passed ? w.say("stop.passed") : w.say(`stop.${p.stop_bound_by}`)), placed(p));
}

function positionRow(p) {
  const pays = p.funding_per_day_usdt;
  const out = p.can_exit === null ? badge("none", w.say("unknown")) : p.can_exit ? badge("low", w.say("yes")) : badge("extreme", w.say("no"));
  return { attributes: { "data-position": p.scope }, cells: [
    h("span", { class: "pair" }, h("strong", {}, p.symbol), h("small", {}, `${w.say(`side.${p.side}`)} ${p.leverage ?? "–"}× ${w.say(p.is_isolated ? "isolated" : "cross")}`)),
    h("span", { class: "pair" }, w.quantity(p.quantity), h("small", {}, `${w.money(Math.abs(p.notional_usdt))} USDT`)),
    h("span", { class: "pair" }, w.price(p.entry), h("small", {}, `${w.say("mark")} ${w.price(p.mark)}`)),
    h("span", { class: p.unrealized_usdt >= 0 ? "up" : "down" }, w.money(p.unrealized_usdt, true)),
    h("span", { class: "pair" }, `${w.price(p.liquidation)}`, h("small", {}, `${w.say("liquidation.theirs")} ${w.price(p.exchange_liquidation)}`)),
    reach(p),
    stopCell(p),
    h("span", { class: "pair" }, out, h("small", {}, w.say("slippage", { value: w.percent(p.slippage, 3) }))),
    h("span", { class: "pair" }, pays === null ? "–" : `${w.say(pays > 0 ? "pays" : "receives")} ${w.money(Math.abs(pays))}`, h("small", {}, `24 ${w.say("unit.hour")}: ${w.money(p.funding_24h_usdt, true)}`)),
  ] };
}

function positions(desk) {
  const columns = ["symbol", "size", "entry", "unrealized", "liquidation", "distance", "stop", "can_exit", "funding_per_day"].map((name, i) => ({ title: w.say(name), class: i ? "num" : "" }));
  const lines = [...desk.positions].sort((a, b) => (a.distance ?? Infinity) - (b.distance ?? Infinity));
  return card(w.say("positions"), { id: "positions" }, lines.length === 0
    ? empty(w.say(desk.watches_account ? "empty.positions" : "empty.account")) : table(w.say("positions"), columns, lines.map(positionRow), { class: "wide" }));
}

function firing(desk, now) {
  const standing = desk.alerts[w.current()];
  const severity = { critical: "extreme", warning: "high", info: "medium" };
  return card(w.say("firing"), { id: "firing", note: desk.waiting > 0 ? w.say("waiting", { count: desk.waiting }) : "" }, standing.length === 0
    ? h("p", { class: "empty" }, shape("low"), " ", w.say("empty.firing"))
    : h("ul", { class: "firing" }, standing.slice(0, 8).map((a) => h("li", {}, badge(severity[a.severity] ?? "none", w.say(`severity.${a.severity}`)), h("span", {}, h("strong", {}, a.headline), h("small", {}, a.lines[0] ?? "")), h("small", { class: "dim" }, w.age(w.since(a.since, now)))))),
    h("p", { class: "dim" }, desk.feeds.late ? h("a", { href: "#/health" }, shape("high"), " ", w.say("feeds.late", desk.feeds)) : h("span", {}, shape("low"), " ", w.say("feeds.fine"))));
}

export function view({ place, rest, now, started, ask }) {
  let [chosen, span = "6h"] = rest;
  let series = null, timer = null, closed = false, latest = null, askedAt = 0;
  const areas = { scopes: h("div", { class: "scopes" }), account: h("div"), charts: h("div", { class: "stack" }), firing: h("div"), right: h("div", { class: "stack" }), held: h("div"), small: h("div", { class: "small" }) };

  const spans = () => h("div", { class: "spans", role: "group", "aria-label": w.say("span") }, started.spans.map((each) =>
    h("a", { href: link(symbol(), each), "data-key": `span ${each}`, "aria-current": each === span ? "true" : null }, each)));
  const scopeNamed = (name) => latest?.scopes.find((s) => s.scope === name);
  const symbol = () => (chosen && chosen !== "account" ? chosen : worst());
  const worst = () => [...(latest?.scopes ?? [])].filter((s) => s.scope !== "account").sort((a, b) => (b.composite ?? 101) - (a.composite ?? 101))[0]?.scope ?? started.symbols[0];

  function drawSeries() {
    if (!series || closed) return;
    show(areas.charts, charts.price(series, latest?.positions ?? [], spans()), charts.history(series, (at) => { location.hash = momentLink({ scope: series.symbol, at }); }));
    show(areas.small, charts.rest(series), latest?.account?.shock && charts.shock(latest.account.shock));
  }
  async function readSeries() {
    askedAt = Date.now();
    try {
      const found = await ask(`/api/series?symbol=${encodeURIComponent(symbol())}&span=${encodeURIComponent(span)}`);
      if (!closed) { series = found; drawSeries(); }
    } catch { if (!series && !closed) show(areas.charts, empty(w.say("failed"))); }
  }
  function draw(desk) {
    latest = desk;
    const shown = scopeNamed(chosen) ?? scopeNamed(worst());
    if (desk.scopes.length === 0) { show(areas.scopes, empty(w.say("empty.scores"))); }
    else show(areas.scopes, desk.scopes.map((s) => scopeCard(s, s.scope === shown?.scope, span, now())));
    show(areas.account, accountStrip(desk));
    show(areas.right, shown ? why(shown, { elapsed: w.since(shown.at, now()) }) : "");
    show(areas.firing, firing(desk, now()));
    show(areas.held, positions(desk));
  }
  return {
    async open(desk) {
      if (!desk) { show(place, empty(w.say("loading"))); desk = await ask("/api/desk").catch(() => null); }
      if (closed) return;
      if (!desk) { show(place, empty(w.say("failed"))); return; }
      show(place, h("h1", { class: "unseen" }, w.say("title")), areas.scopes, areas.account, h("div", { class: "two" }, h("div", { class: "stack" }, areas.charts, areas.firing), areas.right), areas.held, areas.small);
      draw(desk);
      timer = setInterval(() => { for (const t of place.querySelectorAll("[data-age]")) t.textContent = w.say("ago", { age: w.age((now() - Number(t.dataset.age)) / 1000) }); }, 1000);
      await readSeries();
    },
    update(desk) {
      if (closed) return;
      if (!areas.scopes.isConnected) { this.open(desk); return; }
      draw(desk);
      if (Date.now() - askedAt > REFRESH_MS) readSeries();
    },
    close() { closed = true; clearInterval(timer); },
  };
}
