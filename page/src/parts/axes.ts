/** Axes of time: the wall clock for calls, San Francisco's clock for what the machine did. */
import uPlot from "uplot";

import { instantClock } from "./formats.ts";

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const DAY_S = 86_400;

/** A wall time as a chart's x: seconds, as if the wall clock were UTC. */
export const wallDate = (seconds: number): Date => uPlot.tzDate(new Date(seconds * 1000), "UTC");

/** "9 AM", the day at midnight and where marks are days apart, the month where they are months apart. */
export function wallMark(seconds: number, apart: number): string {
  const time = new Date(seconds * 1000);
  const day = `${MONTHS[time.getUTCMonth()] ?? ""} ${time.getUTCDate()}`;
  const hour = time.getUTCHours();
  if (apart >= 60 * DAY_S) return `${MONTHS[time.getUTCMonth()] ?? ""} ${time.getUTCFullYear()}`;
  if (apart >= DAY_S || hour === 0) return day;
  return `${hour % 12 === 0 ? 12 : hour % 12} ${hour < 12 ? "AM" : "PM"}`;
}

export function wallMarks(_: uPlot, marks: number[]): string[] {
  const apart = (marks[1] ?? 0) - (marks[0] ?? 0);
  return marks.map((mark) => wallMark(mark, apart));
}

/** Marks that are whole days apart, in seconds. */
export const DAY_MARKS = [1, 2, 7, 14, 28, 56, 91, 182, 364].map((days) => days * DAY_S);

/** Marks of a time axis that stands upright: whole seconds, minutes, hours or days apart. */
export const TIME_MARKS = [
  1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, DAY_S, 2 * DAY_S, 7 * DAY_S,
  28 * DAY_S,
];

export const cityDate = (seconds: number): Date =>
  uPlot.tzDate(new Date(seconds * 1000), "America/Los_Angeles");

/** "9:14:05", without the half of the day where there is no room for it. */
export function clockMarks(_: uPlot, marks: number[]): string[] {
  const apart = (marks[1] ?? 0) - (marks[0] ?? 0);
  return marks.map((mark) => {
    const clock = instantClock(new Date(mark * 1000).toISOString());
    return apart >= 60 ? clock.replace(/:\d\d /, " ") : clock.replace(/ [AP]M$/, "");
  });
}

/** Event time upright: "1:20 PM", or as `wallMark` where marks are hours apart. */
export function eventMarks(_: uPlot, marks: number[]): string[] {
  const apart = (marks[1] ?? 0) - (marks[0] ?? 0);
  return marks.map((mark) => (apart >= 3600 ? wallMark(mark, apart) : wallMinute(mark)));
}

function wallMinute(seconds: number): string {
  const time = new Date(seconds * 1000);
  const hour = time.getUTCHours();
  const minutes = String(time.getUTCMinutes()).padStart(2, "0");
  return `${hour % 12 === 0 ? 12 : hour % 12}:${minutes} ${hour < 12 ? "AM" : "PM"}`;
}

/** 12,000 as "12K": marks of an axis have little room. */
export function shortCount(value: number): string {
  return value.toLocaleString("en-US", { notation: "compact", maximumFractionDigits: 1 });
}
