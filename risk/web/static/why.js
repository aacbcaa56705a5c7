// The score's card and its table of components: used by the desk and by a single moment.
import { badge, card, h, levelOf, shape, table } from "./dom.js";
import * as w from "./words.js";

export const DIMENSIONS = ["market", "liquidity", "leverage", "sentiment"];
export const momentLink = (scope) => `#/moment/${encodeURIComponent(scope.scope)}/${encodeURIComponent(scope.at)}`;

export function meter(score, label) {
  const level = levelOf(score);
  const fill = h("span", { class: `fill ${level}` });
  fill.style.setProperty("--share", `${Math.max(0, Math.min(100, score ?? 0))}%`);
  return h("span", { class: "meter", role: "img", "aria-label": `${label} ${score === null ? w.say("unknown") : w.points(score)}` }, fill);
}

export const dimensions = (scope) =>
  h("dl", { class: "dimensions" }, DIMENSIONS.map((name) => {
    const score = scope.dimensions[name];
    return h("div", { class: score === null ? "unknown" : "" }, h("dt", {}, w.say(`dimension.${name}`)),
      h("dd", {}, meter(score, w.say(`dimension.${name}`)), h("span", { class: "number" }, w.points(score)), shape(levelOf(score))));
  }));

export const levelBadge = (scope) => badge(scope.level, w.say(`level.${scope.level}`));
export const action = (scope) => w.say(`action.${scope.level}`);

function partRow(part, elapsed) {
  const level = part.is_missing ? "none" : levelOf(part.score);
  const score = part.is_missing ? w.say("missing") : part.score === null ? w.say("idle") : null;
  return {
    attributes: { class: `${part.speaks && part.score > 0 ? "speaks" : ""} ${part.is_missing ? "missing" : ""} ${part.score === null && !part.is_missing ? "idle" : ""}`, "data-component": part.component },
    cells: [
      h("span", {}, w.say(`component.${part.component}`), part.speaks && part.score > 0 && h("span", { class: "tag", title: w.say("speaks") }, w.say(`dimension.${part.dimension}`))),
      part.value === null ? "–" : w.figure(part.component, part.value),
      part.threshold === null ? "–" : w.figure(part.component, part.threshold),
      score ? h("span", { class: "dim" }, score) : h("span", { class: "points" }, meter(part.score, w.say("score")), h("span", { class: "number" }, w.points(part.score)), shape(level)),
      part.age_s === null ? "–" : w.age(part.age_s + elapsed),
    ],
  };
}

export function why(scope, { elapsed = 0, link = true } = {}) {
  const names = (list, group) => list.map((name) => w.say(`${group}.${name}`)).join(w.current() === "zh" ? "、" : ", ");
  const worst = [...scope.parts].sort((a, b) => (b.is_missing - a.is_missing) || ((b.score ?? -1) - (a.score ?? -1)));
  const title = w.say("why.of", { scope: w.scopeName(scope.scope), score: w.points(scope.composite) });
  return card(title, { class: "why" },
    h("div", { class: "verdict" }, levelBadge(scope), h("strong", {}, action(scope)),
      h("span", { class: "dim" }, `${w.say("weighted")} ${w.points(scope.weighted)}`),
      link && h("a", { href: momentLink(scope), "data-key": "moment" }, w.say("moment.link"))),
    scope.floors.length > 0 && scope.composite > scope.weighted && h("p", { class: "note" }, w.say("floors", { names: scope.floors.map((name) => w.say(`floor.${name}`)).join(" ") })),
    scope.missing.length > 0 && h("p", { class: "note warn" }, shape("none"), " ", w.say("degraded", { names: names(scope.missing, "component") })),
    scope.counterfactual !== null && h("p", { class: "note" }, w.say("counterfactual", { share: w.percent(scope.counterfactual, 0) })),
    scope.raw_level !== scope.level && h("p", { class: "note" }, w.say("held"), " ", badge(scope.raw_level, w.say(`level.${scope.raw_level}`))),
    table(title, [
      { title: w.say("component") }, { title: w.say("value"), class: "num" }, { title: w.say("threshold"), class: "num" },
      { title: w.say("score") }, { title: w.say("age"), class: "num" },
    ], worst.map((part) => partRow(part, elapsed)), { class: "components" }));
}
