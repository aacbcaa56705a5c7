// Words and figures in the reader's language. Every figure goes through here, so units are the same everywhere.
let words = {}, units = {}, language = "en";

export async function load(wanted) {
  const answer = await fetch(`/api/words/${wanted}`);
  if (!answer.ok) throw new Error(`words: ${answer.status}`);
  ({ words, units, language } = await answer.json());
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

export const current = () => language;
export const has = (key) => key in words;
export function say(key, figures = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => figures[name] ?? "–");
}
export const scopeName = (scope) => (has(`scope.${scope}`) ? say(`scope.${scope}`) : scope);

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const fixed = (value, places) => value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });

export function percent(value, places = Math.abs(value) < 0.01 ? 2 : 1, signed = false) {
  if (!isNumber(value)) return "–";
  return `${signed && value > 0 ? "+" : ""}${fixed(value * 100, places)} %`;
}
export const rate = (value) => percent(value, 4);
export const points = (value) => (isNumber(value) ? String(Math.floor(value + 0.5 + 1e-9)) : "–");
export function price(value) {
  if (!isNumber(value)) return "–";
  const size = Math.abs(value);
  return fixed(value, size >= 1000 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 6);
}
export function money(value, signed = false) {
  if (!isNumber(value)) return "–";
  const sign = signed && value > 0 ? "+" : "";
  const steps = language === "zh" ? [[1e8, " 亿"], [1e4, " 万"]] : [[1e9, " bn"], [1e6, " M"], [1e4, " k", 1e3]];
  for (const [from, name, size] of steps)
    if (Math.abs(value) >= from) {
      const scaled = value / (size ?? from);
      return `${sign}${fixed(scaled, Math.abs(scaled) >= 100 ? 0 : Math.abs(scaled) >= 10 ? 1 : 2)}${name}`;
    }
  return `${sign}${fixed(value, Math.abs(value) >= 100 ? 0 : 2)}`;
}
export const quantity = (value) => (isNumber(value) ? value.toLocaleString("en-US", { maximumFractionDigits: 4 }) : "–");

// A component's value in its unit, as the messages write it.
export function figure(component, value) {
  if (!isNumber(value)) return "–";
  const unit = units[component];
  if (unit === "percent") return percent(value);
  if (unit === "percent2") return percent(value, 2);
  if (unit === "rate") return percent(value, 3);
  if (unit === "change") return percent(value, 1, true);
  if (unit === "usd") return `${money(value)} USDT`;
  if (unit === "times") return `${fixed(value, 2)}×`;
  return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 4 });
}

export function age(seconds) {
  if (!isNumber(seconds)) return "–";
  const s = Math.max(0, Math.round(seconds));
  const of = (count, name) => `${count} ${say(`unit.${name}`)}`;
  if (s < 120) return of(s, "second");
  if (s < 7200) return of(Math.round(s / 60), "minute");
  if (s < 172800) return of(Math.round(s / 3600), "hour");
  return of(Math.round(s / 86400), "day");
}
export const since = (iso, now) => (now - Date.parse(iso)) / 1000;

const two = (n) => String(n).padStart(2, "0");
export function clock(seconds, long = false) {
  const d = new Date(seconds * 1000);
  const time = `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`;
  return long ? `${d.getUTCFullYear()}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())} ${time}:${two(d.getUTCSeconds())} UTC` : time;
}
export const day = (seconds) => `${two(new Date(seconds * 1000).getUTCMonth() + 1)}-${two(new Date(seconds * 1000).getUTCDate())}`;
export const moment = (iso) => clock(Date.parse(iso) / 1000, true);
