// Charts: one line of values over time a card, with the usual value as a dashed line.
// In:  points as they come; an element to draw in.  Out: a drawing, and words for those who do not see it.

const MOST_POINTS = 720;
const uPlot = window.uPlot;

export class Chart {
  constructor(box, readout, write) {
    this.box = box;
    this.readout = readout;
    this.write = write; // value -> text
    this.large = box.dataset.large !== undefined;
    this.at = [];
    this.values = [];
    this.usual = null;
    this.plot = null;
    this.name = "";
    this.drawn = 0;
    new ResizeObserver(() => this.fit()).observe(box);
    box.addEventListener("keydown", (event) => this.step(event));
    box.addEventListener("blur", () => this.point(null));
    box.addEventListener("mouseleave", () => this.point(null));
  }

  reset({ start, after, values }) {
    this.at = after.map((seconds) => start + seconds);
    this.values = values;
    this.draw();
  }

  add(at, value) {
    const last = this.at[this.at.length - 1];
    if (last !== undefined && at <= last) return;
    this.at.push(at);
    this.values.push(value);
    if (this.at.length > MOST_POINTS) { // keep the whole span, at half the resolution
      this.at = this.at.filter((_, i) => i % 2);
      this.values = this.values.filter((_, i) => i % 2);
    }
    this.draw();
  }

  draw() {
    this.box.setAttribute("aria-label", this.told());
    this.box.hidden = !this.plot && !this.values.some((value) => value !== null);
    const usual = this.at.map(() => this.usual);
    if (!this.plot) this.make([this.at, this.values, usual]);
    else this.plot.setData([this.at, this.values, usual]);
  }

  make(data) {
    const [width, height] = [this.box.clientWidth, this.box.clientHeight];
    if (!width || !height) return;
    const ink = colours();
    const axis = { stroke: ink.muted, font: "11px system-ui, sans-serif", ticks: { show: false } };
    this.plot = new uPlot({
      width,
      height,
      padding: this.large ? [8, 8, 0, 0] : [4, 2, 4, 2],
      legend: { show: false },
      cursor: { x: true, y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { time: true }, y: { range: (_, low, high) => this.range(low, high) } },
      axes: [
        { ...axis, show: this.large, space: 80, size: 24, grid: { show: false },
          values: (_, splits) => splits.map((at, i) => clock(at, splits[1] - splits[0] < 60, i === 0)) },
        { ...axis, show: this.large, size: 56, space: 24, grid: { stroke: ink.line, width: 1 },
          values: (_, splits) => splits.map((value) => this.write(value)) },
      ],
      series: [
        {},
        { stroke: ink.accent, width: 1.75, fill: ink.wash, points: { show: false }, spanGaps: false },
        { stroke: ink.muted, width: 1, dash: [3, 4], points: { show: false } },
      ],
      hooks: { setCursor: [(plot) => this.point(plot.cursor.idx)] },
    }, data, this.box);
  }

  range(low, high) {
    const known = [low, high, this.usual].filter((value) => value !== null && Number.isFinite(value));
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

  // Arrow keys walk along the line; what stands there is said by the readout.
  step(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (!(event.key in moves) || !this.plot || !this.at.length) return;
    event.preventDefault();
    const last = this.at.length - 1;
    const from = this.plot.cursor.idx ?? last + 1;
    const to = Math.min(last, Math.max(0, from + moves[event.key]));
    this.plot.setCursor({ left: this.plot.valToPos(this.at[to], "x"), top: 1 });
  }

  point(index) {
    const value = index === null || index === undefined ? null : this.values[index];
    this.readout.textContent = value === null || value === undefined
      ? this.rest()
      : `${clock(this.at[index])}  ${this.write(value)}`;
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
  const found = { accent: read("accent"), muted: read("muted"), line: read("line"), wash: read("wash") };
  sample.remove();
  return found;
}

export function clock(seconds, withSeconds = true, withDay = true) {
  const moment = new Date(seconds * 1000);
  const time = moment.toLocaleTimeString([], {
    hour: "2-digit", minute: "2-digit", second: withSeconds ? "2-digit" : undefined, hourCycle: "h23",
  });
  if (!withDay || moment.toDateString() === new Date().toDateString()) return time;
  return `${moment.toLocaleDateString("en", { day: "numeric", month: "short" })} ${time}`;
}

export function duration(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const at = units.findIndex(([size]) => seconds >= size);
  if (at < 0) return "0 s";
  const [size, unit] = units[at];
  const whole = Math.floor(seconds / size);
  const [lowerSize, lowerUnit] = units[at + 1] ?? [];
  const lower = lowerSize && whole < 10 ? Math.floor((seconds % size) / lowerSize) : 0;
  return lower ? `${whole} ${unit} ${lower} ${lowerUnit}` : `${whole} ${unit}`;
}
