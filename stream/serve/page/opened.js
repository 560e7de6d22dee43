// Opened: one figure, with its formula, its windows, its parts and what a drop of it comes from.
import { Chart } from "./charts.js";
import { brief, follow, secondsOf } from "./draw.js";
import { $, chip, make, named, say, table } from "./parts.js";
import { address, go } from "./route.js";
import { drawAlert } from "./views.js";

let chart = null;
let of = null; // the figure that is drawn

export function drawOpened(found, nowMs) {
  const other = of?.metric !== found.metric;
  of = found;
  const box = $("opened");
  if (other || !chart) build(box);
  say($("opened-title"), found.title);
  say($("opened-value"), found.shown);
  say($("opened-counts"), found.counts);
  say($("opened-detail"), found.detail);
  const state = $("opened-chip");
  say(state, found.state_text);
  state.dataset.state = found.state;
  state.hidden = !found.state_text;
  box.dataset.state = found.state;
  say($("opened-window"), [found.window, found.measure].filter(Boolean).join(" · "));
  $("opened-means").replaceChildren(...means(found));
  $("opened-windows").replaceChildren(table(["Window", "Value", "Of what", "State"], found.windows.map((one) => [
    windowLink(one), [amount(one.shown)], one.counts, one.state_text ? [chip(one.state, one.state_text), make("span", { class: "reasons" }, ` ${one.detail}`)] : ""]), { "aria-label": "Windows" }));
  $("opened-alerts").replaceChildren(...found.alerts.map((one) => drawAlert(one, nowMs)));
  $("opened-why").hidden = !found.alerts.length;
  $("opened-parts").replaceChildren(...found.parts.map(drawPart));
  $("opened-parts-none").hidden = found.parts.length > 0;
  chart.name = found.title;
}

function build(box) {
  $("opened-chart").replaceChildren();
  const canvas = make("div", { class: "chart", role: "img", tabindex: "0", "data-large": "" });
  const readout = make("output", { class: "readout", "aria-label": "Value in the chart" });
  $("opened-chart").append(canvas, make("div", { class: "below" },
    make("p", {}, "Band: usual at this hour. Dashed: a week before. ", make("span", { class: "zone" })), readout));
  chart = new Chart(canvas, readout, (value) => brief(value, of.unit, of.measure));
  box.scrollTop = 0;
}

export function drawOpenedChart(points, span) {
  chart?.reset(points, secondsOf(span));
}

export function addToOpened(card, asOfS) {
  if (chart && of && card?.metric === of.metric && card.window === of.window && card.value !== null && asOfS) chart.add(asOfS, card.value);
}

export const recolourOpened = () => chart?.recolour();

function means(found) {
  const rows = [["What it is", [found.help]], ["Formula", [found.formula]]];
  if (found.above) rows.push(["Above the line", [amount(found.above.shown), ` ${found.above.of}`]]);
  if (found.below) rows.push(["Below the line", [amount(found.below.shown), ` ${found.below.of}`]]);
  if (found.usual !== null) {
    rows.push(["Usual at this hour", [amount(brief(found.usual, found.unit, found.measure)),
      found.limit === null ? "" : `, told beyond ${brief(found.limit, found.unit, found.measure)}`,
      found.weeks ? `; ${found.weeks} former weeks are known` : ""]]);
  }
  if (found.notes) rows.push(["Note", [found.notes]]);
  if (found.runbook) rows.push(["When it is not as usual", [make("a", { href: found.runbook }, "Runbook")]]);
  return rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, ...value)]);
}

function amount(text) {
  const element = make("b", {});
  say(element, text);
  return element;
}

function windowLink(one) {
  if (one.window === "now") return one.window;
  const link = make("a", { href: address({ window: one.window }) }, one.window);
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go({ window: one.window }, { replace: true });
  });
  return [link];
}

function state(row) {
  if (!row.state_text || row.state === "empty") return "";
  return [chip(row.state, row.state_text), make("span", { class: "reasons" }, ` ${row.detail}`)];
}

function drawPart(part) {
  const missing = part.rows.some((row) => row.missing !== null);
  const counted = part.rows.some((row) => row.counts);
  const judged = part.rows.some((row) => row.state);
  const heads = [part.by, "Value", ...(counted ? ["Of what"] : []), ...(missing ? ["Missing"] : []), ...(judged ? ["State"] : [])];
  const rows = part.rows.map((row) => [[named(row.name)], [amount(row.shown)], ...(counted ? [row.counts] : []),
    ...(missing ? [row.missing === null ? "" : brief(row.missing, "1")] : []), ...(judged ? [state(row)] : [])]);
  const title = make("h3", {}, `By ${part.by}`);
  const note = make("p", {}, [part.window, part.overlap ? "these overlap" : "", part.more ? `${part.more} more` : ""].filter(Boolean).join(" · "));
  if (part.metric !== of.metric) {
    const link = make("a", { href: address({ figure: part.metric }) }, part.title);
    link.addEventListener("click", (event) => follow(event, part.metric));
    note.append(" · ", link);
  }
  return make("section", { class: "panel" }, make("div", { class: "section-head" }, title, note),
    table(heads, rows, { class: "parts-of", "aria-label": `By ${part.by}` }));
}
