// Route: what is shown, as the address says it. Choices replace the entry of the browser's history; what is opened
// adds one, so that "back" closes it.
const KEYS = ["site", "window", "span", "view", "figure"];
const VIEWS = ["overview", "figures", "figure", "alerts", "trust"];
const listeners = [];

function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  const found = Object.fromEntries(KEYS.map((key) => [key, given.get(key) ?? ""]));
  if (found.figure) found.view = "figure";
  if (!VIEWS.includes(found.view) || (found.view === "figure" && !found.figure)) found.view = "overview";
  return found;
}

export let route = read();

export function address(changes) {
  const next = { ...route, ...changes };
  if (changes.view && changes.view !== "figure") next.figure = "";
  if (next.view === "figure" || next.view === "overview" || next.figure) next.view = "";
  const kept = new URLSearchParams(KEYS.filter((key) => next[key]).map((key) => [key, next[key]]));
  return `#${kept}`;
}

export function go(changes, { replace = false } = {}) {
  const to = address(changes);
  if (to === location.hash || (to === "#" && !location.hash)) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  changed();
}

function changed() {
  const before = route;
  route = read();
  for (const each of listeners) each(route, before);
}

export function onRoute(listener) {
  listeners.push(listener);
}

addEventListener("popstate", changed);
