// What to do: reductions demanded, sizes allowed, the account under a move of the market, past crashes.
import { badge, card, empty, h, shape, show, table } from "./dom.js";
import { shock } from "./charts.js";
import { momentLink } from "./why.js";
import * as w from "./words.js";

const KIND = { reduce: "extreme", close_only: "high", warn: "medium" };
const times = (value) => (value === null || value === undefined ? "–" : `${value.toFixed(2)}×`);
const num = (...names) => names.map((name) => ({ title: w.say(name), class: "num" }));
const pair = (big, small) => h("span", { class: "pair" }, h("span", {}, big), h("small", {}, small));
const side = (name) => (name === "LONG" || name === "SHORT" ? w.say(`side.${name}`) : "");
const who = (symbol, name) => h("span", { class: "pair" }, h("strong", {}, symbol), h("small", {}, side(name)));
const computed = (at, now) => (at ? w.say("computed", { age: w.age(w.since(at, now)) }) : "");

function steps(found) {
  if (!found.steps.length) return card(w.say("plan.steps"), { id: "steps" }, h("p", { class: "empty" }, shape("low"), " ", w.say(found.watches_account ? "plan.none" : "empty.account")));
  const columns = [{ title: w.say("symbol") }, ...num("plan.step", "plan.close", "plan.leverage_after", "plan.cover_after", "plan.cost")];
  return card(w.say("plan.steps"), { id: "steps", note: w.say("plan.steps.hint") }, table(w.say("plan.steps"), columns, found.steps.map((s) => ({ attributes: { "data-step": `${s.symbol}/${s.side}` }, cells: [
    who(s.symbol, s.side), s.place ?? "–",
    pair(h("span", {}, shape("extreme"), ` ${w.quantity(Number(s.quantity))} (${w.percent(s.fraction, 0)})`), s.is_enough === false ? w.say("plan.not_enough") : w.say("plan.left", { quantity: w.quantity(Number(s.left)) })),
    w.points(s.leverage_after), times(s.cover_after),
    pair(s.cost_usdt === null || s.cost_usdt === undefined ? "–" : `${w.money(s.cost_usdt)} USDT`, w.percent(s.slippage, 3)),
  ] })), { class: "wide" }));
}

function cause(reason) {
  const [group, name] = reason.split(":");
  return w.has(`${group}.${name}`) ? w.say(`${group}.${name}`) : reason;
}

function advice(found) {
  const columns = [{ title: w.say("kind") }, { title: w.say("symbol"), class: "text" }, { title: w.say("because"), class: "text" }, { title: w.say("since"), class: "num text" }];
  return card(w.say("plan.advice"), { id: "advice" }, found.advice.length === 0 ? empty(w.say("plan.advice.none")) : table(w.say("plan.advice"), columns, found.advice.map((a) => ({ cells: [
    badge(KIND[a.kind] ?? "none", w.say(`kind.${a.kind}`)), h("span", {}, w.scopeName(a.symbol || a.scope), a.fraction !== null && ` ${w.percent(a.fraction, 0)}`), cause(a.reason),
    h("a", { href: momentLink(a) }, w.moment(a.at)),
  ] })), { class: "wide" }));
}

const target = (value) => (value !== null && value > 0 ? w.price(value) : "–");  // a short cannot earn more than its price
const bound = (a) => (a.bound_by === "missing" ? w.say("bound.missing", { names: (a.reasons.missing ?? []).join(", ") }) : w.say(`bound.${a.bound_by}`));

function sizes(found, now) {
  const columns = [{ title: w.say("symbol") }, ...num("level", "size", "entry", "stop", "targets", "liquidation", "bound")];
  return card(w.say("sizes"), { id: "sizes", note: `${w.say("sizes.hint")} · ${computed(found.sizes_at, now)}` }, found.sizes.length === 0 ? empty(w.say(found.watches_account ? "sizes.none" : "empty.account")) : table(w.say("sizes"), columns, found.sizes.map((a) => ({ attributes: { "data-size": `${a.symbol}/${a.side}` }, cells: [
    who(a.symbol, a.side), badge(a.level, a.multiplier === null ? w.say(`level.${a.level}`) : `${w.say(`level.${a.level}`)} ×${a.multiplier}`),
    pair(h("strong", {}, w.quantity(a.quantity)), a.quantity === null ? "–" : `${w.money(a.notional_usdt)} USDT · ${a.leverage}×`), w.price(a.entry_price),
    pair(w.price(a.stop_price), w.say(`stop.${a.stop_bound_by}`)), pair(target(a.target_1_price), target(a.target_2_price)),
    a.liquidation_price === null ? w.say("shock.none") : w.price(a.liquidation_price), pair(bound(a), w.say("seed", { quantity: w.quantity(a.seed_quantity) })),
  ] })), { class: "wide" }));
}

function outcome(s) {
  const level = s.liquidated.length ? "extreme" : s.cover !== null && s.cover < 1.5 ? "high" : "low";
  const text = s.liquidated.length ? w.say("stress.goes", { first: s.first || s.liquidated[0], share: w.percent(s.first_at, 0) }) : w.say("stress.survives");
  return h("span", { class: "pair" }, h("span", {}, shape(level), " ", text), s.by_beta.length > 0 && h("small", {}, w.say("stress.by_beta", { names: s.by_beta.join(", ") })));
}

function stress(found, now) {
  const columns = [{ title: w.say("crash") }, ...num("mark", "stress.loss", "stress.equity", "cover", "stress.cost"), { title: w.say("stress.outcome") }];
  columns[1].title = "BTC";
  return card(w.say("stress"), { id: "stress", note: `${w.say("stress.hint")} · ${computed(found.stress_at, now)}` }, found.stress.length === 0 ? empty(w.say(found.watches_account ? "stress.none" : "empty.account")) : table(w.say("stress"), columns, found.stress.map((s) => ({ attributes: { "data-crash": `${s.scenario} ${s.hours}` }, cells: [
    h("strong", {}, s.scenario), pair(`${s.direction === "fall" ? "▼" : "▲"} ${w.percent(Math.abs(s.market_move), 1)}`, w.say("stress.move", { hours: s.hours })),
    `${w.money(s.loss_usdt)} USDT`, w.money(s.equity_usdt), times(s.cover), s.exit_cost_usdt === null ? w.say("unknown") : w.money(s.exit_cost_usdt), outcome(s),
  ] })), { class: "wide" }));
}

export function view({ place, ask, now }) {
  let closed = false, askedAt = 0, latest = null;
  async function draw(desk) {
    latest = desk ?? latest;
    if (Date.now() - askedAt < 2000) return;
    askedAt = Date.now();
    const found = await ask("/api/plan").catch(() => null);
    if (closed) return;
    if (!found) { show(place, empty(w.say("failed"))); return; }
    latest ??= await ask("/api/desk").catch(() => null);
    show(place, h("h1", {}, w.say("nav.plan")), h("div", { class: "two plan" }, h("div", { class: "stack" }, steps(found), advice(found)), latest?.account?.shock ? shock(latest.account.shock, 640) : card(w.say("shock.title"), {}, empty(w.say("empty.positions")))),
      sizes(found, now()), stress(found, now()));
  }
  return { open(desk) { show(place, empty(w.say("loading"))); return draw(desk); }, update: draw, close() { closed = true; } };
}
