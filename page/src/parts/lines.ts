/**
 * The lines of the pipeline's charts: batches that were asked for once, and those that the event
 * stream adds, bounded, and turned into columns of figures.
 */

/** A batch, as the API reports it. */
export interface BatchLike {
  readonly batch: number;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly input_rows: number;
  readonly input_rows_per_s: number;
  readonly processed_rows_per_s: number;
  readonly phases_ms: Readonly<Record<string, number>>;
  readonly lag: number;
  readonly lag_by_partition: Readonly<Record<string, number>>;
}

export const MOST_POINTS = 1000;

/**
 * Batches put together, oldest first, each once, the newest at most.
 *
 * A list that ends before the other one begins with a number that is smaller belongs to a count
 * that is over (a rebuild numbers from 0 again); the caller starts afresh with each generation.
 */
export function withBatches<B extends BatchLike>(
  known: readonly B[],
  more: readonly B[],
  most: number = MOST_POINTS,
): readonly B[] {
  const [last, first] = [known.at(-1), more[0]];
  if (first === undefined) return known;
  if (last !== undefined && more.length === 1 && first.batch > last.batch) {
    return [...known, first].slice(-most);
  }
  const byNumber = new Map([...known, ...more].map((each) => [each.batch, each]));
  return [...byNumber.values()].sort((one, other) => one.batch - other.batch).slice(-most);
}

/** Whether batches lie between the newest known one and this one: then they are asked for. */
export function leavesHole(known: readonly BatchLike[], next: BatchLike): boolean {
  const last = known.at(-1);
  return last !== undefined && next.batch > last.batch + 1;
}

/** Columns of a chart: x is seconds since 1970 UTC, as uPlot takes it. */
export interface Columns {
  readonly x: readonly number[];
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

/** When each batch ended, in seconds. */
export function endsOf(batches: readonly BatchLike[]): number[] {
  return batches.map((each) => (Date.parse(each.started_at) + each.duration_ms) / 1000);
}

/** Partitions that get a line of their own: more would be a tangle. */
export const MOST_PARTITIONS = 8;

/**
 * The lag behind each batch, by partition, with their sum where there are several; where they are
 * too many, those with the highest lag in the newest batch and the sum of the rest.
 */
export function lagLines(batches: readonly BatchLike[]): Columns {
  const newest = batches.at(-1)?.lag_by_partition ?? {};
  const partitions = [...new Set(batches.flatMap((each) => Object.keys(each.lag_by_partition)))]
    .map(Number)
    .sort((one, other) => one - other);
  const shown =
    partitions.length <= MOST_PARTITIONS
      ? partitions
      : [...partitions]
          .sort((one, other) => (newest[other] ?? 0) - (newest[one] ?? 0) || one - other)
          .slice(0, MOST_PARTITIONS - 1)
          .sort((one, other) => one - other);
  const lines = shown.map((partition) => ({
    name: `Partition ${partition}`,
    values: batches.map((each) => each.lag_by_partition[partition] ?? null),
  }));
  if (shown.length < partitions.length) {
    const rest = partitions.filter((partition) => !shown.includes(partition));
    lines.push({
      name: `${rest.length} others together`,
      values: batches.map((each) =>
        rest.reduce((sum, partition) => sum + (each.lag_by_partition[partition] ?? 0), 0),
      ),
    });
  }
  if (partitions.length !== 1) {
    lines.unshift({ name: "All partitions", values: batches.map((each) => each.lag) });
  }
  return { x: endsOf(batches), lines };
}

/** Records a second that came in, and that were worked through. */
export function rateLines(batches: readonly BatchLike[]): Columns {
  return {
    x: endsOf(batches),
    lines: [
      { name: "Coming in", values: batches.map((each) => each.input_rows_per_s) },
      { name: "Worked through", values: batches.map((each) => each.processed_rows_per_s) },
    ],
  };
}

/** A commit: when it was, and the newest call that the numbers held then. */
export interface Commit {
  readonly committedMs: number;
  /** Wall clock. */
  readonly newestMs: number;
}

/** Commits put together; a commit that is known already, or older, adds nothing. */
export function withCommit(
  known: readonly Commit[],
  next: Commit,
  most: number = MOST_POINTS,
): readonly Commit[] {
  const last = known.at(-1);
  if (last !== undefined && next.committedMs <= last.committedMs) return known;
  return [...known, next].slice(-most);
}

/**
 * How many times as fast as a clock the newest call moves, over the last minute of commits; null
 * where less than two seconds are known.
 */
export function pace(commits: readonly Commit[]): number | null {
  const last = commits.at(-1);
  const first = commits.find((each) => each.committedMs >= (last?.committedMs ?? 0) - 60_000);
  if (last === undefined || first === undefined) return null;
  const passed = last.committedMs - first.committedMs;
  return passed < 2000 ? null : (last.newestMs - first.newestMs) / passed;
}
