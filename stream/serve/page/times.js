// Times: moments in the zone of the site, with the zone beside them, and spans.
let zone = "UTC";
let parts = null;

export function inZone(name) {
  if (name === zone && parts) return false;
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
    zone = name;
  } catch {
    zone = "UTC"; // a browser that does not know the zone says so by the name beside the time
  }
  const short = { timeZone: zone, hourCycle: "h23", hour: "2-digit", minute: "2-digit" };
  parts = {
    minutes: new Intl.DateTimeFormat("en-GB", short),
    seconds: new Intl.DateTimeFormat("en-GB", { ...short, second: "2-digit" }),
    day: new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "short" }),
    name: new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "short" }),
  };
  return true;
}

inZone("UTC");

export const zoneName = () => zone;

// CET, UTC, GMT+9: what people say there; it depends on the moment.
export function abbreviation(seconds) {
  return parts.name.formatToParts(new Date(seconds * 1000)).find((part) => part.type === "timeZoneName")?.value ?? zone;
}

export const day = (seconds) => parts.day.format(new Date(seconds * 1000));

export function clock(seconds, withSeconds = true, withDay = true) {
  const moment = new Date(seconds * 1000);
  const time = (withSeconds ? parts.seconds : parts.minutes).format(moment);
  if (!withDay || parts.day.format(moment) === parts.day.format(new Date())) return time;
  return `${parts.day.format(moment)} ${time}`;
}

// With the zone beside it, for whoever reads it alone.
export const told = (seconds, withSeconds = true) => `${clock(seconds, withSeconds)} ${abbreviation(seconds)}`;

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

export function ago(ms) {
  return ms < 1500 ? "now" : `${duration(ms / 1000)} ago`;
}
