/** Which of the last changes are listed. */
import type { Change } from "../../api/answers.ts";

/** A name of a change that no other one listed has. */
export function keyOf(change: Change): string {
  return [change.batch, change.window, change.label, change.disposition].join("\u0000");
}

/** Whether a change has the text in what it is about; letter case does not matter. */
export function matches(change: Change, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return [change.type, change.label, change.disposition].some((part) =>
    part.toLowerCase().includes(wanted),
  );
}

/**
 * The changes of the answer with those on top that came by the stream since.
 *
 * @param answered newest first, as the API listed them
 * @param answeredBatch the newest batch that the API knew
 * @param streamed newest first
 */
export function listed(
  answered: readonly Change[],
  answeredBatch: number,
  streamed: readonly Change[],
  text: string,
  most: number,
): readonly Change[] {
  const since = streamed.filter((one) => one.batch > answeredBatch);
  return [...since, ...answered].filter((one) => matches(one, text)).slice(0, most);
}
