/** What the address says of the period looked at, and the addresses of other ones. */
import {
  datesOf,
  OTHERS,
  otherPeriod,
  periodOf,
  PRESETS,
  type Counted,
  type OtherName,
  type Period,
  type PeriodChoice,
  type PresetName,
} from "../parts/period.ts";

export interface HistoryPlace {
  readonly period?: string;
  readonly since?: string;
  readonly until?: string;
  readonly follow?: string;
  readonly compare?: string;
  readonly other_since?: string;
  readonly other_until?: string;
}

export interface Looked {
  readonly period: Period;
  /** The preset in force, or null for dates. */
  readonly preset: PresetName | null;
  /** Whether the end moves with the newest call. */
  readonly follows: boolean;
  readonly compare: OtherName;
  readonly other: Period | null;
}

/** What an address shows. One that says nothing shows the last 7 days and those before. */
export function lookedAt(place: HistoryPlace, counted: Counted): Looked {
  const choice = choiceOf(place);
  const period = periodOf(choice, counted);
  const compare = OTHERS.find(({ name }) => name === place.compare)?.name ?? "previous";
  return {
    period,
    preset: choice.preset,
    follows: choice.preset !== null || choice.follow,
    compare,
    other: otherPeriod(period, compare, place.other_since ?? null, place.other_until ?? null),
  };
}

function choiceOf(place: HistoryPlace): PeriodChoice {
  const preset = PRESETS.find(({ name }) => name === place.period)?.name ?? null;
  const dates = datesOf(place.since ?? null, place.until ?? null);
  return {
    preset: preset ?? (dates === null ? "7d" : null),
    since: place.since ?? null,
    until: place.until ?? null,
    follow: place.follow === "on",
  };
}

/** A wall time as addresses carry it: the hour is enough. */
export function hourOnly(wall: string): string {
  return wall.slice(0, 16);
}
