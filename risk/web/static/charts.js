// The charts of one contract over a span of time.
import { card, empty, h, table } from "./dom.js";
import { chart, curve } from "./chart.js";
import * as w from "./words.js";

const pairs = (rows, name) => rows.map((row) => [row.at, row[name]]);

export function priceLines(positions, symbol) {
  return positions.filter((p) => p.symbol === symbol).flatMap((p) => [
    { value: p.entry, label: w.say("entry"), class: "entry" },
    p.stop !== null && { value: p.stop, label: w.say("stop"), class: "stop" },
    p.liquidation !== null && { value: p.liquidation, label: w.say("liquidation"), class: "liquidation", reach: 4 },
    p.liquidation === null && p.exchange_liquidation !== null && { value: p.exchange_liquidation, label: w.say("liquidation"), class: "liquidation", reach: 4 },
  ]).filter(Boolean);
}

export function price(data, positions, tools) {
  const lines = priceLines(positions, data.symbol);
  const shown = chart({
    marks: [{ kind: "candles", step: data.bar_s, points: data.bars.map((b) => [b.at, b.open, b.high, b.low, b.close]) }],
    lines, since: data.since, until: data.until, label: `${w.say("price")} ${data.symbol} ${data.span}`,
    format: w.price, height: 250, none: w.say("empty.series"), gap: data.bar_s,
  });
  const told = lines.map((l) => h("span", { class: `key ${l.class}` }, `${l.label} ${w.price(l.value)}`));
  return card(`${w.say("price")} ${data.symbol}`, { id: "price" }, tools, told.length > 0 && h("p", { class: "keys" }, told), shown);
}

export function history(data, openScore) {
  const dots = data.scores.filter((s) => s.composite !== null);
  const at = new Map(dots.map((s) => [s.at, s.scored_at]));
  const starts = [["medium", 31], ["high", 61], ["extreme", 86]];
  return card(w.say("history"), { id: "history", note: w.say("history.hint") }, chart({
    marks: [{ kind: "line", class: "score", points: pairs(dots, "composite") }],
    lines: starts.map(([level, value]) => ({ value, label: w.say(`level.${level}`), class: level })),
    since: data.since, until: data.until, label: `${w.say("history")} ${data.symbol}`,
    format: w.points, within: [0, 104], height: 150, none: w.say("empty.series"), pick: (p) => openScore(at.get(p[0])),
  }));
}

const small = (data, title, note, options, ...more) => card(title, { note }, chart({
  since: data.since, until: data.until, label: `${title} ${data.symbol}`, none: w.say("empty.series"), height: 140, width: 340, ...options,
}), more);

export function rest(data) {
  const bucket = (data.until - data.since) / 60;
  const settled = data.settled.filter((f) => f.at >= data.since);
  const hours = data.settled.at(-1)?.interval_hours ?? 8;
  return [
    small(data, w.say("spread"), "", { floor: 0, format: w.rate, marks: [
      { kind: "line", class: "faint", label: w.say("spread.worst"), points: pairs(data.depth, "spread_worst") },
      { kind: "line", class: "one", points: pairs(data.depth, "spread") }] }),
    small(data, w.say("depth"), "USDT", { floor: 0, format: w.money, marks: [
      { kind: "line", class: "faint", label: w.say("spread.worst"), points: pairs(data.depth, "depth_worst") },
      { kind: "line", class: "one", points: pairs(data.depth, "depth") }] }),
    small(data, w.say("funding"), w.say("funding.next", { count: data.settled.length }), { format: w.rate, marks: [
      { kind: "line", class: "one", label: w.say("funding.running"), points: data.running_rate.map(([at, v]) => [at, (v * 8) / hours]) },
      { kind: "dots", class: "two", label: w.say("funding.settled"), points: pairs(settled, "funding_8h") }] }),
    small(data, w.say("open_interest"), "", { format: w.money, marks: [{ kind: "line", class: "one", points: pairs(data.open_interest, "quantity") }] }),
    small(data, w.say("liquidations"), w.say("liquidations.hint"), { format: w.money, none: w.say("empty.liquidations"), marks: [
      { kind: "bars", step: bucket, class: "fall", label: w.say("liquidations.sold"), points: data.liquidations.map((l) => [l.at, -l.sold_usdt]) },
      { kind: "bars", step: bucket, class: "rise", label: w.say("liquidations.bought"), points: pairs(data.liquidations, "bought_usdt") }] }),
    venues(data),
  ];
}

// This exchange as one more row: its running rate per 8 h, and its open interest at the newest mark.
function ours(data) {
  const running = data.running_rate.at(-1)?.[1], quantity = data.open_interest.at(-1)?.quantity, mark = data.bars.at(-1)?.close;
  if (running === undefined) return [];
  const hours = data.settled.at(-1)?.interval_hours ?? 8;
  return [{ venue: w.say("venues.ours"), funding_8h: (running * 8) / hours, open_interest_usd: quantity && mark ? quantity * mark : null }];
}

function venues(data) {
  const columns = [{ title: w.say("venues") }, { title: w.say("funding"), class: "num" }, { title: w.say("open_interest"), class: "num" }];
  return card(w.say("venues"), {}, data.venues.length === 0 ? empty(w.say("empty.venues")) : table(w.say("venues"), columns, [...ours(data), ...data.venues].map((v) =>
    ({ cells: [v.venue, w.rate(v.funding_8h), v.open_interest_usd === null ? "–" : `${w.money(v.open_interest_usd)} USD`] }))));
}

export function shock(data, width = 340) {
  const line = (rows, name, cls) => ({ class: cls, points: data.shocks.map((s, i) => [s, rows[name][i]]) });
  const key = (cls, name) => h("span", { class: `key ${cls}` }, w.say(name));
  return card(w.say("shock.title"), { note: w.say("shock.hint") },
    h("p", { class: "keys" }, key("one", data.alone ? "shock.with" : "equity"), data.alone && key("faint", "shock.without"), key("liquidation", "maintenance")),
    curve({
      lines: [...(data.alone ? [line(data.alone, "equity_usdt", "faint")] : []), line(data, "equity_usdt", "one"), line(data, "maintenance_usdt", "limit")],
      marks: [data.down, data.up].map((value) => ({ value, label: `${w.say("shock.liquidation")} ${w.percent(value, 1, true)}` })),
      low: data.shocks[0], high: data.shocks.at(-1), label: w.say("shock.title"), format: w.money, formatX: (v) => w.percent(v, 0, true), width, height: width > 400 ? 240 : 170,
    }),
    (data.alone || !data.orders_are_known) && h("p", { class: "dim", id: "orders" }, w.say(!data.orders_are_known ? "shock.orders.unknown" : "shock.orders", {
      count: data.orders, move: data.triggered && `${move(data.triggered.down)} / ${move(data.triggered.up)}` })));
}

export const move = (value) => (value === null || Math.abs(value) > 5 ? w.say("shock.none") : w.percent(value, 1, true));
