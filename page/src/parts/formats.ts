/**
 * Numbers and times as San Francisco's readers write them.
 *
 * Times without a zone are the city's wall clock and are never moved to the reader's own zone.
 */
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;
const MONTHS = [
  "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
] as const;
const NO_VALUE = "–";
const WALL = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d))?)?/;

/** 12,345; a dash where there is no number. */
export function count(value: number | null | undefined): string {
  return typeof value === "number" ? Math.round(value).toLocaleString("en-US") : NO_VALUE;
}

/** With at most `digits` decimals: 1,234.5. */
export function decimal(value: number | null | undefined, digits = 1): string {
  if (typeof value !== "number") return NO_VALUE;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** A part of a whole: 17.4%. */
export function share(value: number): string {
  return `${(value * 100).toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 })}%`;
}

/** "1 call", "2 calls". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export interface ChangeText {
  /** Short, for a table: "+12%", "−3%", "0%", or a dash. */
  readonly short: string;
  /** A sentence that says the same, or why there is none. */
  readonly full: string;
  readonly direction: "up" | "down" | "same" | "none";
}

/**
 * A change in percent, or why none is shown: both sides need 20 calls at least.
 *
 * @param change the part by which there are more, e.g. 0.12; null where none may be said
 * @param before the number compared with; null where it is not known
 */
export function changeText(change: number | null, before: number | null): ChangeText {
  if (before === null)
    return { short: NO_VALUE, full: "Nothing to compare with: counting began later.", direction: "none" };
  if (change === null)
    return {
      short: NO_VALUE,
      full: `Before: ${counted(before, "call")}. No percentage is given where either has under 20.`,
      direction: "none",
    };
  const percent = Math.round(change * 100);
  if (percent === 0)
    return { short: "0%", full: `As many as before (${count(before)}).`, direction: "same" };
  const direction = percent > 0 ? "up" : "down";
  const size = Math.abs(percent).toLocaleString("en-US");
  return {
    short: `${percent > 0 ? "+" : "−"}${size}%`,
    full: `${size}% ${percent > 0 ? "more" : "fewer"} than before (${count(before)}).`,
    direction,
  };
}

/** The parts of a wall time as a moment that has no zone: UTC is only the way to do the sums. */
export function wallTime(text: string): Date | null {
  const found = WALL.exec(text);
  if (!found) return null;
  const [year, month, day, hour, minute, second] = found.slice(1).map((part) => Number(part || 0));
  const time = new Date(
    Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0),
  );
  return Number.isNaN(time.getTime()) ? null : time;
}

/** A moment as the API writes wall time: 2018-10-02T09:00:00. */
export function wallText(time: Date): string {
  return time.toISOString().slice(0, 19);
}

/** "2018-10-02T09:00", as parameters of the API and of addresses are written. */
export function hourParameter(text: string): string {
  return text.slice(0, 16);
}

function clock(time: Date, minutes: boolean): string {
  const hour = time.getUTCHours();
  const half = hour < 12 ? "AM" : "PM";
  const twelve = hour % 12 === 0 ? 12 : hour % 12;
  return minutes
    ? `${twelve}:${String(time.getUTCMinutes()).padStart(2, "0")} ${half}`
    : `${twelve} ${half}`;
}

function dayOf(time: Date, year: boolean): string {
  const name = `${DAYS[time.getUTCDay()] ?? ""}, ${MONTHS[time.getUTCMonth()] ?? ""} ${time.getUTCDate()}`;
  return year ? `${name}, ${time.getUTCFullYear()}` : name;
}

/** "Tue, Oct 2, 2018". */
export function day(text: string, year = true): string {
  const time = wallTime(text);
  return time ? dayOf(time, year) : text;
}

/** "9 AM". */
export function hourOfDay(text: string): string {
  const time = wallTime(text);
  return time ? clock(time, false) : text;
}

/** "Tue, Oct 2, 2018, 9 AM". */
export function hour(text: string, year = true): string {
  const time = wallTime(text);
  return time ? `${dayOf(time, year)}, ${clock(time, false)}` : text;
}

/** "Tue, Oct 2, 2018, 9:14 AM". */
export function minute(text: string, year = true): string {
  const time = wallTime(text);
  return time ? `${dayOf(time, year)}, ${clock(time, true)}` : text;
}

/** "Tue, Oct 2, 2018, 9 AM to 3 PM", or with both days: a span whose end is left out. */
export function span(since: string, until: string): string {
  const from = wallTime(since);
  const to = wallTime(until);
  if (!from || !to) return `${since} to ${until}`;
  const midnight = (time: Date): boolean => time.getUTCHours() === 0 && time.getUTCMinutes() === 0;
  if (midnight(from) && midnight(to)) {
    const last = new Date(to.getTime() - 1);
    const first = dayOf(from, true);
    return first === dayOf(last, true) ? first : `${first} to ${dayOf(last, true)}`;
  }
  if (dayOf(from, true) === dayOf(to, true))
    return `${dayOf(from, true)}, ${clock(from, false)} to ${clock(to, false)}`;
  return `${dayOf(from, true)}, ${clock(from, false)} to ${dayOf(to, true)}, ${clock(to, false)}`;
}

const CITY = new Intl.DateTimeFormat("en-US", {
  timeZone: "America/Los_Angeles",
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "numeric",
  minute: "2-digit",
  second: "2-digit",
});

/** An instant (UTC, ends in Z) on San Francisco's clock: "Tue, Oct 2, 2018, 9:14:05 AM". */
export function instant(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return text;
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of CITY.formatToParts(time)) part[type] = value;
  const clockText = `${part.hour ?? ""}:${part.minute ?? ""}:${part.second ?? ""} ${part.dayPeriod ?? ""}`;
  return `${part.weekday ?? ""}, ${part.month ?? ""} ${part.day ?? ""}, ${part.year ?? ""}, ${clockText}`;
}

/** The time of day of an instant on San Francisco's clock: "9:14:05 AM". */
export function instantClock(text: string): string {
  return instant(text).split(", ").at(-1) ?? text;
}

/** How long, in words of two units at most: "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "4 days". */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${decimal(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  const minutes = Math.round(whole / 60);
  if (minutes < 48 * 60)
    return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
  return `${count(minutes / 1440)} days`;
}
