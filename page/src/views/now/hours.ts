/** Sums and sentences about hours: what the chart, the counters and the lists say. */
import type { Hour, Snapshot } from "../../api/answers.ts";
import { counted, decimal, hour as hourText } from "../../parts/formats.ts";

type Counted = Pick<Snapshot, "meta" | "hours">;

/**
 * Hours with the newest ones put in their places.
 *
 * @param known oldest first, without holes
 * @param newest oldest first, as the stream brings them
 * @param most how many to keep, counted from the newest
 * @returns the known hours themselves where the newest are of another generation, or begin after
 *   them: the last of them, which was running, may have got calls since, and hours between may be
 *   missing. They are asked for again then.
 */
export function withNewest(known: Counted, newest: Counted | null, most: number): readonly Hour[] {
  const last = known.hours.at(-1);
  const first = newest?.hours[0];
  if (!newest || !last || !first || newest.meta.generation !== known.meta.generation)
    return known.hours;
  const end = newest.hours.at(-1);
  if (first.hour > last.hour || (end && end.hour < last.hour)) return known.hours;
  const before = known.hours.filter((one) => one.hour < first.hour);
  return [...before, ...newest.hours].slice(-most);
}

/** The usual value in words: "usually 80 (middle half 74 to 92, 8 weeks)". */
export function usualText(hour: Hour): string {
  const usual = hour.usual;
  if (usual === null) return "no usual value: fewer than 3 weeks are known";
  const { median, low, high, n } = usual;
  return `usually ${decimal(median)} (middle half ${decimal(low)} to ${decimal(high)}, ${n} weeks)`;
}

/** A whole sentence about an hour. */
export function hourSentence(hour: Hour): string {
  const name = hourText(hour.hour);
  if (hour.calls === null) return `${name}: the clocks left this hour out.`;
  const calls = counted(hour.calls, "call");
  switch (hour.state) {
    case "so_far":
      return `${name}: ${calls} so far; ${usualText(hour)}.`;
    case "repeated":
      return `${name}: ${calls}. The clocks showed this hour twice, so it is not compared.`;
    case "missing":
      return `${name}: ${calls}. The clocks left this hour out, and yet calls claim it.`;
    case "complete": {
      const odd = hour.stands_out === null ? "" : ` Stands out: ${oddText(hour.stands_out)}.`;
      return `${name}: ${calls}; ${usualText(hour)}.${odd}`;
    }
  }
}

export function oddText(odd: "high" | "low"): string {
  return odd === "high" ? "unusually many" : "unusually few";
}

/** The shape that stands for an hour that stands out: never the colour alone. */
export const ODD_MARKS = { high: "▲", low: "▼" } as const;

/** Calls that both sides of a percentage must have. */
const LEAST_FOR_CHANGE = 20;

export interface DayCount {
  readonly calls: number;
  /** Of the equally long time before; null where it is not known in full. */
  readonly before: number | null;
  /** calls / before - 1; null where either is under 20. */
  readonly change: number | null;
}

/**
 * The last 24 full hours and the 24 before them; null while there are fewer than 24.
 *
 * @param hours oldest first; the last is the one that is running
 */
export function lastDay(hours: readonly Hour[]): DayCount | null {
  // An hour that the clocks left out is none.
  const full = hours.slice(0, -1).filter((one) => one.calls !== null);
  if (full.length < 24) return null;
  const sum = (some: readonly Hour[]): number =>
    some.reduce((total, one) => total + (one.calls ?? 0), 0);
  const calls = sum(full.slice(-24));
  if (full.length < 48) return { calls, before: null, change: null };
  const before = sum(full.slice(-48, -24));
  return { calls, before, change: before < LEAST_FOR_CHANGE || calls < LEAST_FOR_CHANGE ? null : calls / before - 1 };
}
