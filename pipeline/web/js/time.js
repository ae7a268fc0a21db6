// Times as the site's people read them: the site's time zone, 24 hours.

let zone = "UTC";
const cache = new Map();

export function setZone(name) {
  zone = name;
  cache.clear();
}

function format(options) {
  const key = JSON.stringify(options);
  if (!cache.has(key)) cache.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options }));
  return cache.get(key);
}

export const clock = (utc) => format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(utc * 1000);
export const day = (utc) => format({ weekday: "short", day: "numeric", month: "short" }).format(utc * 1000);
const date = (utc) => format({ day: "numeric", month: "short" }).format(utc * 1000);
// As short as it may be: the time of today, else the date with it.
export const recent = (utc) => (day(utc) === day(Date.now() / 1000) ? clock(utc) : `${date(utc)} ${clock(utc)}`);
export const both = (utc) => `${day(utc)} ${clock(utc)}`;

export function span(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

// What a `datetime-local` field holds, read as the site's time; seconds since the epoch. An hour that comes twice is the first.
export function instant(local) {
  const wanted = Date.parse(`${local}Z`) / 1000;
  const shown = (utc) => {
    const parts = Object.fromEntries(format({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" }).formatToParts(utc * 1000).map((part) => [part.type, part.value]));
    return Date.parse(`${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}Z`) / 1000;
  };
  let utc = wanted - (shown(wanted - 86_400) - (wanted - 86_400)); // the offset of the day before
  if (shown(utc) !== wanted) utc = wanted - (shown(wanted) - wanted);
  return utc;
}

// The other way: for a `datetime-local` field, to the minute.
export function local(utc) {
  const parts = Object.fromEntries(format({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" }).formatToParts(utc * 1000).map((part) => [part.type, part.value]));
  return `${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}`;
}
