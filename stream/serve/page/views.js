// Views: what is looked up beside the overview: all figures, alerts, trust. Each is asked for when it is opened, and
// again every few seconds while it is.
import { follow, titleOf } from "./draw.js";
import { $, chip, count, make, named, say, table } from "./parts.js";
import { address } from "./route.js";
import { ago, duration, told } from "./times.js";

// -- all figures

export function drawFigures(found) {
  const all = $("all-figures");
  all.replaceChildren(...found.sections.map(figuresSection));
  search();
}

function figuresSection(section) {
  const id = `all-${section.name}`;
  const drops = section.rows.filter((row) => row.state === "drop" || row.state === "rise").length;
  const head = make("div", { class: "section-head" }, make("h3", { id }, section.title),
    make("p", {}, section.note || (drops ? `${drops} not as usual` : `${section.rows.length} figures`)));
  const rows = section.rows.map((row) => {
    const link = make("a", { href: address({ figure: row.metric }), class: "open" }, row.title);
    link.addEventListener("click", (event) => follow(event, row.metric));
    const said = make("span", { class: "reasons" }, [row.said, row.detail].filter(Boolean).join("; "));
    const value = make("span", {});
    say(value, row.shown);
    return [[link, make("span", { class: "help" }, row.help)], [value], [said],
      row.state_text ? [chip(row.state, row.state_text)] : "", row.window];
  });
  const body = table(["Figure", "Value", "Of what", "State", "Window"], rows, { class: "all", "aria-label": `Figures: ${section.title}` });
  body.querySelectorAll("tbody tr").forEach((each, i) => {
    const row = section.rows[i];
    each.dataset.text = `${row.title} ${row.metric} ${row.help} ${section.title} ${row.said}`.toLowerCase();
    each.dataset.state = row.state;
  });
  return make("section", { class: "panel figures", "aria-labelledby": id, "data-name": section.name }, head,
    ...section.funnels.map(drawFunnel), body);
}

function drawFunnel(funnel) {
  const first = funnel.steps[0];
  const most = Math.max(1, ...funnel.steps.map((step) => step.began));
  const bar = (n) => {
    const span = make("span", { class: "fill" });
    span.style.inlineSize = `${Math.max(0.5, (100 * n) / most)}%`;
    return make("span", { class: "track", "aria-hidden": "true" }, span);
  };
  const stage = (name, n, of, state) => make("li", { "data-state": state },
    make("span", { class: "step" }, name), bar(n), make("b", {}, count(n)), make("span", { class: "of" }, of));
  const items = [stage(first.from, first.began, `began in ${funnel.window}`, "")];
  for (const step of funnel.steps) {
    const said = [`${step.shown} came on`, step.waiting ? `${count(step.waiting)} may still` : "",
      step.median ? `median ${step.median}` : "", step.high ? `90 % within ${step.high}` : "",
      step.in_time ? `${step.in_time} in time` : ""].filter(Boolean).join(", ");
    const of = funnel.steps.length > 1 && step.began !== first.began && step !== first
      ? `${said}; of ${count(step.began)} who began this step` : said;
    items.push(stage(step.to, step.reached, of, step.state));
  }
  return make("figure", { class: "funnel" }, make("figcaption", {}, funnel.title), make("ol", {}, ...items));
}

// Rows that have every word; a section without any is put away.
export function search() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const section of $("all-figures").children) {
    let mine = 0;
    for (const row of section.querySelectorAll("tbody tr")) {
      row.hidden = !words.every((word) => row.dataset.text.includes(word));
      mine += !row.hidden;
    }
    section.hidden = !mine;
    for (const funnel of section.querySelectorAll(".funnel")) funnel.hidden = words.length > 0;
    found += mine;
  }
  say($("search-found"), words.length ? `${found} found` : "");
}

// -- alerts

export function drawAlerts(found, nowMs) {
  const now = $("alerts-now");
  now.replaceChildren(...(found.firing.length ? found.firing.map((one) => drawAlert(one, nowMs)) : [
    make("p", { class: "quiet" }, found.known ? "Nothing fires." : "Alerts are not known here: there is no topic for them.")]));
  $("alerts-over").replaceChildren(...(found.over.length ? found.over.map((one) => drawAlert(one, nowMs)) : [
    make("p", { class: "quiet" }, "Nothing in the last six weeks.")]));
  const marks = found.calendar.map((one) => [one.name, one.site].filter(Boolean).join(", "));
  say($("alerts-calendar"), marks.length
    ? `The calendar has ${marks.join("; ")} now: what it marks is not judged, and no alert of it fires.` : "");
}

export function drawAlert(one, nowMs) {
  const fires = one.state === "firing";
  const length = fires ? `for ${duration((nowMs - one.since_ms) / 1000)}` : `lasted ${one.lasted}`;
  const when = `${fires ? "since" : "began"} ${told(one.since_ms / 1000, false)}, ${length}`;
  const head = make("header", {}, make("h4", {}, one.title, one.of ? ": " : "", one.of ? named(one.of) : ""),
    chip(fires ? (one.held ? "marked" : one.severity === "page" ? "drop" : one.severity === "info" ? "young" : "waiting") : "", fires ? one.severity : "over"));
  const links = make("p", { class: "links" });
  if (one.metric) {
    const link = make("a", { href: address({ figure: one.metric }) }, "Open the figure");
    link.addEventListener("click", (event) => follow(event, one.metric));
    links.append(link, " ");
  }
  links.append(make("a", { href: one.runbook }, "Runbook"));
  return make("article", { class: "alert", "data-state": one.state, "data-severity": one.severity },
    head, make("p", { class: "when" }, when, one.held ? `; ${one.held}` : ""), make("p", { dir: "auto" }, one.text), drawCauses(one.parts), links);
}

function drawCauses(parts) {
  if (!parts.length) return "";
  const most = Math.max(...parts.map((part) => Math.abs(part.share)), 0.01);
  return make("ul", { class: "causes", "aria-label": "What it comes from" }, ...parts.map((part) => {
    const fill = make("span", { class: "fill" });
    fill.style.inlineSize = `${Math.min(100, (100 * Math.abs(part.share)) / most)}%`;
    return make("li", {}, make("span", { class: "step" }, `${part.by} `, named(part.value)),
      make("span", { class: "track", "aria-hidden": "true" }, fill),
      make("span", {}, `${count(Math.abs(part.missing))} ${part.missing < 0 ? "more" : "missing"}, ${Math.round(part.share * 100)}\u00a0% of it`));
  }));
}

// -- trust

export function drawDetails(found, model, nowMs) {
  const lags = new Map((model?.sources ?? []).map((source) => [source.kind, source]));
  const records = found.kinds.map((one) => {
    const source = lags.get(one.kind);
    const newest = !source || source.newest_ms === null ? "–" : ago(nowMs - source.newest_ms);
    return [titleOf(one.kind), newest, source ? count(source.unread) : "–", count(one.accepted), count(one.counted ?? 0), count(one.duplicate ?? 0),
      count(one.filtered ?? 0), count(one.dead_lettered ?? 0)];
  });
  $("trust-kinds").replaceChildren(records.length
    ? table(["Source", "Newest event", "Unread", "Accepted", "Counted", "Duplicates", "Filtered", "Dead-lettered"], records, { class: "numbers", "aria-label": "Records by source" })
    : make("p", { class: "quiet" }, "No record yet."));
  const letters = found.letters;
  $("trust-letters").replaceChildren(!letters ? make("p", { class: "quiet" }, "Being read …") : letters.length
    ? table(["Source", "Reason", "Where in the event", "Record", "Arrived"], letters.map((one) => [
      titleOf(one.kind), one.reason.replaceAll("_", " "), [make("code", {}, one.path || "–")],
      [make("code", {}, `${one.topic}-${one.partition}-${one.offset}`)], told(one.at_ms / 1000)]), { "aria-label": "Examples of dead letters" })
    : make("p", { class: "quiet" }, "None."));
  const fields = [...found.fields.map((one) => [titleOf(one.kind), [make("code", {}, one.field)], count(one.n)]),
    ...found.ids.map((one) => ["Ids that name nobody", [make("code", {}, one.field)], count(one.n)])];
  $("trust-fields").replaceChildren(fields.length
    ? table(["Source", "Field", "Records"], fields, { class: "numbers", "aria-label": "Fields that were ignored" })
    : make("p", { class: "quiet" }, "None."));
}
