// Whether what you see can be trusted: the age of every feed, signs of life, backfills, bans, refused data.
import { badge, card, empty, h, shape, show, table } from "./dom.js";
import * as w from "./words.js";

const PART_LATE_S = 60;

// The reader's word for a name of the desk's own; the name itself where there is none.
const named = (kind, name) => (w.has(`${kind}.${name}`) ? w.say(`${kind}.${name}`) : name);
const detail = ([name, value]) => `${named("detail", name)} ${value === true ? "✓" : value === false ? "✗" : value ?? "–"}`;

function feedCell(age, most) {
  if (age === null) return h("span", { class: "dim" }, shape("none"), " ", w.say("never"));
  const late = age > most;
  return h("span", { class: late ? "late" : "" }, shape(late ? "high" : "low"), " ", w.age(age), late && ` ${w.say("late")}`);
}

function feeds(health) {
  const symbols = Object.keys(health.feeds[0]?.ages_s ?? {});
  const now = Date.parse(health.at);
  const columns = [{ title: w.say("feeds") }, { title: w.say("most"), class: "num" }, ...symbols.map((title) => ({ title, class: "num" }))];
  const lines = health.feeds.map((f) => ({ attributes: { "data-feed": f.feed }, cells: [w.say(`feed.${f.feed}`), w.age(f.max_age_s), ...symbols.map((name) => feedCell(f.ages_s[name], f.max_age_s))] }));
  const account = health.watches_account && h("p", {}, h("strong", {}, w.say("feed.account")), " ", feedCell(health.account_at ? w.since(health.account_at, now) : null, health.account_max_age_s), h("small", { class: "dim" }, ` ${w.say("most")} ${w.age(health.account_max_age_s)}`));
  return card(w.say("feeds"), { id: "feeds", note: w.say("feeds.hint") }, account, table(w.say("feeds"), columns, lines));
}

function runs(details) {
  const counts = Object.entries(details.runs ?? {});
  if (!counts.length) return "–";
  return h("span", { class: "runs" }, counts.map(([name, n]) => h("span", { class: "tag" }, `${name} ${Object.entries(n).filter(([, v]) => v).map(([k, v]) => `${named("run", k)} ${v}`).join(", ")}`)));
}

function parts(health) {
  const now = Date.parse(health.at);
  const columns = [{ title: w.say("part") }, { title: w.say("beat"), class: "num text" }, { title: w.say("runs"), class: "text" }, { title: w.say("details"), class: "text" }];
  const lines = health.parts.map((p) => {
    const age = w.since(p.beat_at, now);
    const { runs: _, ...others } = p.details ?? {};
    const text = Object.entries(others).filter(([, v]) => v === null || typeof v !== "object").map(detail).join(" · ");
    return { attributes: { "data-part": p.part }, cells: [named("part", p.part), h("span", {}, shape(age > PART_LATE_S && p.part !== "income" ? "high" : "low"), " ", w.age(age)), runs(p.details ?? {}), h("small", { class: "dim" }, text || "–")] };
  });
  return card(w.say("parts"), { id: "parts" }, table(w.say("parts"), columns, lines, { class: "wide" }));
}

const progress = (health) => health.progress.length > 0 && card(w.say("progress"), { id: "progress" }, h("ul", { class: "progress" }, health.progress.map((p) =>
  h("li", {}, h("strong", {}, p.flow), h("progress", { max: Math.max(1, p.total), value: p.done, "aria-label": p.flow }), h("span", {}, `${p.done} / ${p.total}`)))));

function issues(health) {
  const columns = [{ title: w.say("source") }, { title: w.say("field"), class: "text" }, { title: w.say("problem"), class: "text" }, { title: w.say("times"), class: "num" }, { title: w.say("last"), class: "num" }];
  return card(w.say("issues"), { id: "issues" }, health.issues.length === 0 ? h("p", { class: "empty" }, shape("low"), " ", w.say("empty.issues")) : table(w.say("issues"), columns, health.issues.map((i) =>
    ({ cells: [h("span", { class: "pair" }, i.source, h("small", {}, i.symbol)), h("span", { class: "pair" }, i.field, h("small", {}, i.value)), i.problem, i.occurrences, w.age(w.since(i.last_at, Date.parse(health.at)))] })), { class: "wide" }));
}

export function view({ place, ask }) {
  let closed = false, drawnAt = 0;
  async function draw() {
    drawnAt = Date.now();
    const found = await ask("/api/health").catch(() => null);
    if (closed) return;
    if (!found) { show(place, empty(w.say("failed"))); return; }
    show(place, h("h1", {}, w.say("nav.health")),
      found.bans.map((b) => h("p", { class: "note warn" }, badge("extreme", w.say("bans")), ` ${b.host} ${w.say("ban.until", { time: w.moment(b.until) })} ${b.reason}`)),
      feeds(found), parts(found), progress(found), issues(found));
  }
  return { open() { show(place, empty(w.say("loading"))); return draw(); }, update() { if (Date.now() - drawnAt > 2000) draw(); }, close() { closed = true; } };
}
