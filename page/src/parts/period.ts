/**
 * Spans of whole hours on the San Francisco wall clock, as the API takes and gives them.
 *
 * A wall time has no offset from UTC. It is calculated with as if the wall clock never jumped, as
 * the API does; `Date.UTC` serves as a calendar here, never as an instant.
 */

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;

/** Half open: `until` is the first hour left out. Both as `2018-10-02T09:00:00`. */
export interface Period {
  readonly since: string;
  readonly until: string;
}

/** What is counted: the first hour and the hour of the newest call, which is not over yet. */
export interface Counted {
  readonly first: string;
  readonly last: string;
}

export type PresetName = "24h" | "7d" | "28d" | "8w" | "all";

export interface Preset {
  readonly name: PresetName;
  readonly label: string;
  /** Null: all that is counted. */
  readonly lengthMs: number | null;
}

const WEEK: Preset = { name: "7d", label: "7 days", lengthMs: WEEK_MS };

export const PRESETS: readonly Preset[] = [
  { name: "24h", label: "24 hours", lengthMs: DAY_MS },
  WEEK,
  { name: "28d", label: "28 days", lengthMs: 4 * WEEK_MS },
  { name: "8w", label: "8 weeks", lengthMs: 8 * WEEK_MS },
  { name: "all", label: "All", lengthMs: null },
];

export type OtherName = "previous" | "week" | "year" | "custom" | "none";

export const OTHERS: readonly { readonly name: OtherName; readonly label: string }[] = [
  { name: "previous", label: "The equal period right before" },
  { name: "week", label: "The same period a week before" },
  { name: "year", label: "The same period 52 weeks before" },
  { name: "custom", label: "Dates of my own" },
  { name: "none", label: "Nothing" },
];

const WALL = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/;

/** Milliseconds of a wall time or a day; null where the calendar or the clock has no such time. */
export function wallMs(text: string): number | null {
  if (!WALL.test(text)) return null;
  const whole = text + "2000-01-01T00:00:00".slice(text.length);
  const ms = Date.parse(`${whole}Z`);
  // Date.parse takes 30 February for a day of March.
  return Number.isNaN(ms) || wallText(ms) !== whole ? null : ms;
}

/** The reverse of `wallMs`. */
export function wallText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}

/** A wall time moved by so many milliseconds. */
export function moved(wall: string, byMs: number): string {
  return wallText(required(wall) + byMs);
}

export function lengthMs(period: Period): number {
  return required(period.until) - required(period.since);
}

/** What a view's URL says of its period. */
export interface PeriodChoice {
  /** A preset's name, or null for the dates in `since` and `until`. */
  readonly preset: PresetName | null;
  readonly since: string | null;
  readonly until: string | null;
  /** With dates: whether their span keeps its length and ends with the newest whole hour. */
  readonly follow: boolean;
}

/**
 * The period that is looked at.
 *
 * Presets end before the hour of the newest call: that hour is not over, and a part of an hour
 * would make the period look quieter than it is. "All" alone takes it in, so that its calls are
 * those of the accounts.
 */
export function periodOf(choice: PeriodChoice, counted: Counted): Period {
  if (choice.preset === null) {
    const chosen = datesOf(choice.since, choice.until);
    if (chosen !== null) return choice.follow ? endingWith(lengthMs(chosen), counted) : chosen;
  }
  const preset = PRESETS.find((each) => each.name === choice.preset) ?? WEEK;
  if (preset.lengthMs === null) {
    return { since: counted.first, until: moved(counted.last, HOUR_MS) };
  }
  return endingWith(preset.lengthMs, counted);
}

/** A period of dates; null where one is no date or nothing lies between them. */
export function datesOf(since: string | null, until: string | null): Period | null {
  const from = since === null ? null : wallMs(since);
  const to = until === null ? null : wallMs(until);
  return from === null || to === null || from >= to
    ? null
    : { since: wallText(from), until: wallText(to) };
}

function endingWith(length: number, counted: Counted): Period {
  const first = required(counted.first);
  // Where counting has only begun, the hour of the newest call is all there is.
  const until = Math.max(required(counted.last), first + HOUR_MS);
  return { since: wallText(Math.max(until - length, first)), until: wallText(until) };
}

/** The period that is compared with; null where none is wanted or its dates are none. */
export function otherPeriod(
  period: Period,
  name: OtherName,
  since: string | null,
  until: string | null,
): Period | null {
  if (name === "none") return null;
  if (name === "custom") return datesOf(since, until);
  const by = { previous: lengthMs(period), week: WEEK_MS, year: 52 * WEEK_MS }[name];
  return { since: moved(period.since, -by), until: moved(period.until, -by) };
}

export type OtherState = "whole" | "partly" | "outside";

/** How much of a period is counted: a comparison with what was never counted says nothing. */
export function countedPart(period: Period, counted: Counted): OtherState {
  const first = required(counted.first);
  const end = required(counted.last) + HOUR_MS;
  const [since, until] = [required(period.since), required(period.until)];
  if (until <= first || since >= end) return "outside";
  return since < first || until > end ? "partly" : "whole";
}

export function overlaps(one: Period, other: Period): boolean {
  return required(one.since) < required(other.until) && required(other.since) < required(one.until);
}

/** The last day that a period takes in, as people name it: `until` itself is left out. */
export function lastDay(period: Period): string {
  return wallText(required(period.until) - 1).slice(0, 10);
}

/** The `until` of a period that ends with this day. */
export function afterDay(day: string): string | null {
  const ms = wallMs(day);
  return ms === null ? null : wallText(ms + DAY_MS);
}

/** The same as `wallMs`, of a text that is known to be a wall time. */
export function required(wall: string): number {
  const ms = wallMs(wall);
  if (ms === null) throw new RangeError(`${wall} is no wall time`);
  return ms;
}
