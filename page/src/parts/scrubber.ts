/** Walking through history: which hour is looked at, and where the next step leads. */

import { DAY_MS, HOUR_MS, required, wallMs, wallText, type Counted } from "./period.ts";

export interface Pace {
  readonly name: string;
  readonly label: string;
  /** Hours of history in a second. */
  readonly hoursPerS: number;
}

export const PACES: readonly Pace[] = [
  { name: "1", label: "1 hour a second", hoursPerS: 1 },
  { name: "4", label: "4 hours a second", hoursPerS: 4 },
  { name: "24", label: "1 day a second", hoursPerS: 24 },
  { name: "168", label: "1 week a second", hoursPerS: 168 },
];

export const STEPS_BACK: readonly { readonly label: string; readonly hours: number }[] = [
  { label: "1 day back", hours: -24 },
  { label: "1 hour back", hours: -1 },
];

export const STEPS_ON: readonly { readonly label: string; readonly hours: number }[] = [
  { label: "1 hour on", hours: 1 },
  { label: "1 day on", hours: 24 },
];

/** Hours from the first one counted to that of the newest call. */
export function lastIndex(counted: Counted): number {
  return Math.max(0, Math.round((required(counted.last) - required(counted.first)) / HOUR_MS));
}

/** The place of an hour on the slider; that of the newest call where none is chosen. */
export function indexOf(at: string | null, counted: Counted): number {
  const ms = at === null ? null : wallMs(at);
  if (ms === null) return lastIndex(counted);
  return kept(Math.floor((ms - required(counted.first)) / HOUR_MS), counted);
}

export function hourAt(index: number, counted: Counted): string {
  return wallText(required(counted.first) + kept(index, counted) * HOUR_MS);
}

function kept(index: number, counted: Counted): number {
  return Math.max(0, Math.min(lastIndex(counted), index));
}

export interface Tick {
  /** Between two steps. */
  readonly everyMs: number;
  readonly hours: number;
}

/**
 * How playing moves: at most 4 steps a second, and one a second for whoever asked for less
 * motion. A slower pace takes longer between single hours.
 */
export function tickOf(pace: Pace, reducedMotion: boolean): Tick {
  const stepsPerS = reducedMotion ? 1 : Math.min(4, pace.hoursPerS);
  return {
    everyMs: 1000 / stepsPerS,
    hours: Math.max(1, Math.round(pace.hoursPerS / stepsPerS)),
  };
}

/** The hour after a step of playing; null: the newest hour is reached, and playing ends. */
export function afterTick(at: string | null, tick: Tick, counted: Counted): string | null {
  const next = indexOf(at, counted) + tick.hours;
  return next >= lastIndex(counted) ? null : hourAt(next, counted);
}

/** The hours that a step of the Page Up and Page Down keys passes. */
export const PAGE_HOURS = DAY_MS / HOUR_MS;
