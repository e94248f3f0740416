/** What a comparison of two periods may say. */
import { count, decimal } from "./formats.ts";

export interface ComparedLike {
  readonly calls: number;
  readonly per_day: number;
  readonly other_calls: number;
  readonly other_per_day: number;
  readonly change: number | null;
}

export interface ChangeWords {
  /** For a cell of a table: "+12%", or the counts where no percentage may be given. */
  readonly short: string;
  /** The same as a sentence, with the reason where there is none. */
  readonly full: string;
  /** Part of the widest bar, from -1 to 1; null: no bar. */
  readonly bar: number | null;
}

/** Under so many calls in either period a percentage would mostly show chance. */
export const FEWEST_CALLS = 20;

/** A bar is as wide as can be from this change on. */
const WIDEST = 1;

/** Calls a day: with a decimal where there are few. */
export function perDay(calls: number): string {
  return calls >= 100 ? count(calls) : decimal(calls);
}

export function changeWords(row: ComparedLike): ChangeWords {
  if (row.change === null) {
    const few = Math.min(row.calls, row.other_calls) < FEWEST_CALLS;
    const reason = few
      ? `no percentage under ${FEWEST_CALLS} calls`
      : "no percentage: the other period was not counted";
    return {
      short: `${count(row.other_calls)} → ${count(row.calls)}`,
      full: `${count(row.other_calls)} calls, then ${count(row.calls)}; ${reason}`,
      bar: null,
    };
  }
  const percent = Math.round(row.change * 100);
  const both = `${perDay(row.per_day)} calls a day, ${perDay(row.other_per_day)} in the other period`;
  const bar = Math.max(-1, Math.min(1, row.change / WIDEST));
  if (percent === 0) return { short: "0%", full: `About as many: ${both}`, bar };
  const size = Math.abs(percent).toLocaleString("en-US");
  return percent > 0
    ? { short: `+${size}%`, full: `${size}% more: ${both}`, bar }
    : { short: `−${size}%`, full: `${size}% fewer: ${both}`, bar };
}
