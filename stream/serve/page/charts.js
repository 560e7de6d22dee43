// Charts: one line of values over time, the usual as a band, last week's line behind it.
// In:  points as they come; an element to draw in.  Out: a drawing, and words for those who do not see it.
import { clock, duration, told, zoneName } from "./times.js";

const MOST_POINTS = 900;
const uPlot = window.uPlot;

export class Chart {
  constructor(box, readout, write) {
    this.box = box;
    this.readout = readout;
    this.write = write; // value -> text
    this.large = box.dataset.large !== undefined;
    this.at = [];
    this.values = [];
    this.beside = null; // moments, low, high, before
    this.step = 0;
    this.live = false; // whether the last point is the value of now
    this.plot = null;
    this.name = "";
    this.data = [[], []];
    new ResizeObserver(() => this.fit()).observe(box);
    box.addEventListener("keydown", (event) => this.walk(event));
    box.addEventListener("blur", () => this.point(null));
    box.addEventListener("mouseleave", () => this.point(null));
  }

  reset({ start, after, values, usual }, seconds) {
    this.at = after.map((each) => start + each);
    this.values = values;
    this.beside = usual
      ? [usual.low.map((_, i) => usual.start + i * usual.step), usual.low, usual.high, usual.before]
      : null;
    this.step = seconds / MOST_POINTS;
    this.live = false;
    this.draw();
  }

  add(at, value) {
    const last = this.at.length - 1;
    if (last >= 0 && at <= this.at[last]) return;
    if (this.live && last > 0 && at - this.at[last - 1] < this.step) { // the value of now moves on
      this.at[last] = at;
      this.values[last] = value;
    } else {
      this.at.push(at);
      this.values.push(value);
      this.live = true;
    }
    if (this.at.length > MOST_POINTS * 1.5) { // keep the whole span, at half the resolution
      this.at = this.at.filter((_, i) => i % 2);
      this.values = this.values.filter((_, i) => i % 2);
    }
    this.draw();
  }

  draw() {
    this.box.setAttribute("aria-label", this.told());
    this.box.hidden = !this.plot && !this.values.some((value) => value !== null);
    this.data = this.joined();
    if (!this.plot) this.make();
    else this.plot.setData(this.data);
  }

  joined() {
    const own = [this.at, this.values];
    if (!this.beside) return [...own, ...[1, 2, 3].map(() => this.at.map(() => null))];
    return uPlot.join([own, this.beside]);
  }

  make() {
    const [width, height] = [this.box.clientWidth, this.box.clientHeight];
    if (!width || !height) return;
    const ink = colours();
    const axis = { stroke: ink.muted, font: "11px system-ui, sans-serif", ticks: { show: false } };
    const bare = { points: { show: false } };
    this.plot = new uPlot({
      width,
      height,
      padding: this.large ? [8, 8, 0, 0] : [4, 2, 4, 2],
      legend: { show: false },
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zoneName()),
      cursor: { x: true, y: false, drag: { x: false, y: false }, points: { size: 7 }, dataIdx: (_, series, at) => (series === 1 ? this.near(at) : at) },
      scales: { x: { time: true }, y: { range: (_, low, high) => this.range(low, high) } },
      axes: [
        { ...axis, show: this.large, space: 90, size: 24, grid: { show: false },
          values: (_, splits) => splits.map((at, i) => clock(at, splits[1] - splits[0] < 60, i === 0 || splits[1] - splits[0] >= 43200)) },
        { ...axis, show: this.large, size: 56, space: 24, grid: { stroke: ink.line, width: 1 },
          values: (_, splits) => splits.map((value) => this.write(value)) },
      ],
      bands: [{ series: [3, 2], fill: ink.band }],
      series: [
        {},
        { ...bare, stroke: ink.accent, width: 1.75, fill: this.beside ? undefined : ink.wash, spanGaps: false },
        { ...bare, stroke: "transparent", width: 0, spanGaps: true },
        { ...bare, stroke: "transparent", width: 0, spanGaps: true },
        { ...bare, stroke: ink.muted, width: 1, dash: [3, 4], spanGaps: false },
      ],
      hooks: { setCursor: [(plot) => this.point(plot.cursor.idx)] },
    }, this.data, this.box);
  }

  range(low, high) {
    const known = [low, high].filter((value) => value !== null && Number.isFinite(value));
    if (!known.length) return [0, 1];
    const [least, most] = [Math.min(...known), Math.max(...known)];
    const room = (most - least) * 0.15 || Math.abs(most) * 0.05 || 1;
    return [least - room < 0 && least >= 0 ? 0 : least - room, most + room];
  }

  fit() {
    if (!this.plot) this.draw();
    else this.plot.setSize({ width: this.box.clientWidth, height: this.box.clientHeight });
  }

  recolour() {
    this.plot?.destroy();
    this.plot = null;
    this.draw();
  }

  // The nearest place that has a value: bands have moments of their own.
  near(at) {
    if (at === null || at === undefined) return null;
    const has = (i) => this.data[1][i] !== null && this.data[1][i] !== undefined;
    for (let far = 0; far < this.data[0].length; far++) {
      if (has(at - far)) return at - far;
      if (has(at + far)) return at + far;
    }
    return null;
  }

  // Arrow keys walk along the line; what stands there is said by the readout.
  walk(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (!(event.key in moves) || !this.plot) return;
    const places = this.data[0].map((_, i) => i).filter((i) => this.near(i) === i);
    if (!places.length) return;
    event.preventDefault();
    const from = this.plot.cursor.idx === null || this.plot.cursor.idx === undefined
      ? places.length : places.indexOf(this.near(this.plot.cursor.idx));
    const to = places[Math.min(places.length - 1, Math.max(0, from + moves[event.key]))];
    this.plot.setCursor({ left: this.plot.valToPos(this.data[0][to], "x"), top: 1 });
  }

  point(index) {
    const at = this.near(index);
    const usual = at === null ? "" : this.usualAt(this.data[0][at]);
    this.readout.textContent = at === null
      ? this.rest()
      : `${told(this.data[0][at])}  ${this.write(this.data[1][at])}${usual}`;
  }

  usualAt(seconds) {
    if (!this.beside || !this.large) return "";
    const [at, low, high, before] = this.beside;
    const i = Math.floor((seconds - at[0]) / (at[1] - at[0] || 1));
    const band = low[i] === null || low[i] === undefined ? "" : `  usual ${this.write(low[i])} to ${this.write(high[i])}`;
    return before[i] === null || before[i] === undefined ? band : `${band}  a week before ${this.write(before[i])}`;
  }

  rest() {
    if (this.at.length < 2) return "";
    return `last ${duration(this.at[this.at.length - 1] - this.at[0])}`;
  }

  told() {
    const known = this.values.filter((value) => value !== null);
    if (known.length < 2) return `${this.name}: no chart yet`;
    const [low, high] = [Math.min(...known), Math.max(...known)];
    return `${this.name} over the ${this.rest()}: from ${this.write(known[0])} to ` +
      `${this.write(known[known.length - 1])}, lowest ${this.write(low)}, highest ${this.write(high)}. Arrow keys read values.`;
  }
}

// A canvas does not know custom properties: read them from a sample that does.
function colours() {
  const sample = document.createElement("span");
  document.body.append(sample);
  const read = (name) => {
    sample.className = `ink-${name}`;
    return getComputedStyle(sample).color;
  };
  const found = Object.fromEntries(["accent", "muted", "line", "wash", "band"].map((name) => [name, read(name)]));
  sample.remove();
  return found;
}
