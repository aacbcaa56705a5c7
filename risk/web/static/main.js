// The page's frame: words, theme, the stream of views, and which view the address names.
import { h, show } from "./dom.js";
import * as w from "./words.js";

const STALE_S = 20, SILENT_MS = 12000, CLOCK_MS = 1000;
const VIEWS = ["desk", "plan", "study", "alerts", "health"];
const content = document.getElementById("content");
const state = { view: null, started: null, latest: null, heardAt: 0, link: "connecting", skew: 0, trouble: false };

// The server's clock now, in milliseconds: ages do not depend on the clock of the one who looks.
const now = () => Date.now() + state.skew;

function route() {
  const [name = "desk", ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  return { name: name || "desk", rest };
}

async function open() {
  const { name, rest } = route();
  state.view?.close?.();
  const known = [...VIEWS, "moment"].includes(name) ? name : "desk";
  const { view } = await import(`./${known}.js`);
  state.view = view({ place: content, rest, now, started: state.started, ask });
  frame(known);
  content.setAttribute("aria-busy", "true");
  await state.view.open(state.latest);
  content.removeAttribute("aria-busy");
}

async function ask(address) {
  const answer = await fetch(address, { headers: { accept: "application/json" } });
  if (answer.status === 401) location.reload();
  if (!answer.ok && answer.status !== 404) throw new Error(`${address}: ${answer.status}`);
  return answer.status === 404 ? null : answer.json();
}

function frame(known) {
  document.title = `${w.say(`nav.${known === "moment" ? "desk" : known}`)} – ${w.say("title")}`;
  document.getElementById("brand").textContent = w.say("title");
  document.getElementById("skip").textContent = w.say("skip");
  const nav = document.getElementById("nav");
  nav.setAttribute("aria-label", w.say("nav.views"));
  const firing = state.latest?.alerts[w.current()].length ?? 0;
  show(nav, VIEWS.map((name) => h("a", { href: `#/${name}`, "data-key": name, "aria-current": name === known ? "page" : null },
    w.say(`nav.${name}`), name === "alerts" && firing > 0 && h("b", { class: "count" }, firing))));
  const language = document.getElementById("language");
  language.textContent = w.say("language");
  language.lang = w.current() === "zh" ? "en" : "zh-CN";
  document.getElementById("theme").setAttribute("aria-label", w.say("theme"));
  tell();
}

// What the link to the desk is worth: live, stale, disconnected, or a database that is away.
function tell() {
  const newest = Math.max(0, ...(state.latest?.scopes ?? []).map((s) => Date.parse(s.at)));
  const old = newest ? (now() - newest) / 1000 : 0;
  let link = state.link, long = "";
  if (link === "live" && Date.now() - state.heardAt > SILENT_MS) link = "lost";
  if (link === "lost") long = w.say("link.lost.long", { time: state.heardAt ? w.clock((state.heardAt + state.skew) / 1000, true) : "–" });
  else if (state.trouble) { link = "stale"; long = w.say("link.trouble.long"); }
  else if (link === "live" && newest && old > STALE_S) { link = "stale"; long = w.say("link.stale.long", { age: w.age(old) }); }
  const place = document.getElementById("link");
  if (place.dataset.link !== link + w.current()) {
    place.dataset.link = link + w.current();
    place.className = `link ${link}`;
    place.textContent = w.say(`link.${link}`);
  }
  document.body.dataset.link = link;
  const banner = document.getElementById("banner");
  if (banner.textContent !== long) banner.textContent = long;
  banner.hidden = !long;
}

function listen() {
  const source = new EventSource("/api/events");
  addEventListener("pagehide", () => source.close(), { once: true });  // a kept page holds no connection
  const heard = (event) => {
    const body = JSON.parse(event.data);
    state.heardAt = Date.now();
    state.skew = Date.parse(body.at) - Date.now();
    state.link = "live";
    return body;
  };
  source.addEventListener("desk", (event) => {
    state.latest = heard(event);
    state.trouble = false;
    frame(route().name);
    state.view?.update?.(state.latest);
  });
  source.addEventListener("alive", (event) => { heard(event); tell(); });
  source.addEventListener("trouble", (event) => { heard(event); state.trouble = true; tell(); });
  source.addEventListener("error", () => {
    state.link = state.heardAt ? "lost" : "connecting";
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
    tell();
  });
}

function theme(chosen) {
  const dark = chosen ? chosen === "dark" : !matchMedia("(prefers-color-scheme: light)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.getElementById("theme").setAttribute("aria-pressed", String(!dark));
}

async function begin() {
  const asked = new URLSearchParams(location.search);
  const kept = { language: asked.get("lang") ?? localStorage.getItem("language"), theme: asked.get("theme") ?? localStorage.getItem("theme") };
  theme(kept.theme);
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => localStorage.getItem("theme") || theme(null));
  state.started = await ask("/api/start");
  await w.load(["en", "zh"].includes(kept.language) ? kept.language : state.started.language);
  document.getElementById("theme").addEventListener("click", () => {
    const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", next);
    theme(next);
  });
  document.getElementById("language").addEventListener("click", async () => {
    await w.load(w.current() === "en" ? "zh" : "en");
    localStorage.setItem("language", w.current());
    open();
  });
  addEventListener("hashchange", () => open().then(() => scrollTo(0, 0)));
  listen();
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  setInterval(tell, CLOCK_MS);
  await open();
}

begin().catch((fault) => {
  show(content, h("p", { class: "empty" }, String(fault)));
  setTimeout(() => location.reload(), 5000);
});
