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

function endsOf(batches: readonly BatchLike[]): number[] {
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

export interface Phase {
  readonly id: string;
  readonly name: string;
  /** What happens in it, in one sentence. */
  readonly sentence: string;
}

/** Phases of Spark's side of a batch, one after the other: they make up its duration. */
export const READING: readonly Phase[] = [
  {
    id: "latestOffset",
    name: "Ask for the newest offsets",
    sentence: "Spark asks the broker how far each partition reaches, and bounds the batch by it.",
  },
  {
    id: "walCommit",
    name: "Write down the plan",
    sentence: "Spark writes into its checkpoint which offsets the batch reads.",
  },
  {
    id: "getBatch",
    name: "Hand out the offsets",
    sentence: "The source turns the planned offsets into something that Spark can read.",
  },
  {
    id: "queryPlanning",
    name: "Plan the query",
    sentence: "Spark works out how to run the query for this batch.",
  },
  {
    id: "action",
    name: "Read and judge",
    sentence:
      "Executors read the records, Python workers judge them by the rules, and the driver takes the results.",
  },
  {
    id: "proof",
    name: "Read the executed plan",
    sentence:
      "The executed plan says which offsets were scanned, and how many records; the proof needs both.",
  },
  {
    id: "handover",
    name: "Wait for the batch before",
    sentence:
      "A batch that was read waits until the one before it is committed, so at most one is stored while one is read.",
  },
  {
    id: "addBatchRest",
    name: "Around reading",
    sentence: "What Spark does around the reading itself: setting up the action and ending it.",
  },
  {
    id: "commitOffsets",
    name: "Write down the end",
    sentence: "Spark writes into its checkpoint that the batch is done; nobody relies on it.",
  },
  {
    id: "other",
    name: "Everything else",
    sentence: "What is left of the batch's duration after the phases that Spark names.",
  },
];

/** Phases of storing, in the writer's thread, while the next batch is read already. */
export const STORING: readonly Phase[] = [
  {
    id: "arrival",
    name: "Prove the arrival",
    sentence: "The results are put together; each scanned record must have arrived exactly once.",
  },
  {
    id: "repeats",
    name: "Look for repeats",
    sentence: "The identity of each valid record is looked up among all that were counted before.",
  },
  {
    id: "counting",
    name: "Count the cells",
    sentence: "Calls are grouped by window, raw call type and disposition.",
  },
  {
    id: "topicCheck",
    name: "Check the topic",
    sentence: "The topic must be the same one, and must still hold what was read.",
  },
  {
    id: "storing",
    name: "Commit",
    sentence:
      "Cells, identities, records set aside and the ledger row are written in one transaction and made safe on disk.",
  },
];

const WITHIN_ADD_BATCH: readonly string[] = ["action", "proof", "handover"];

/** The phases that a batch names itself; the other two are what is left. */
const NAMED = READING.filter(({ id }) => id !== "addBatchRest" && id !== "other");

/**
 * A batch's duration by phase, without counting anything twice.
 *
 * Spark's `addBatch` holds our `action`, `proof` and `handover`; `triggerExecution` is the whole.
 */
export function readingPhases(batch: BatchLike): Record<string, number> {
  const spent = batch.phases_ms;
  const within = WITHIN_ADD_BATCH.reduce((sum, id) => sum + (spent[id] ?? 0), 0);
  const named = Object.fromEntries(NAMED.map(({ id }) => [id, spent[id] ?? 0]));
  const addBatchRest = Math.max(0, (spent.addBatch ?? within) - within);
  const all = Object.values(named).reduce((sum, ms) => sum + ms, addBatchRest);
  const whole = spent.triggerExecution ?? batch.duration_ms;
  return { ...named, addBatchRest, other: Math.max(0, whole - all) };
}

export function storingPhases(batch: BatchLike): Record<string, number> {
  return Object.fromEntries(STORING.map(({ id }) => [id, batch.phases_ms[id] ?? 0]));
}

/** Phases under this share of all time are put together: a layer of a pixel says nothing. */
const LEAST_SHARE = 0.02;
/** And so are those beyond the longest five: there are six colours that can be told apart. */
const MOST_LAYERS = 5;

/**
 * The durations stacked: each line holds the sum of its phase and of those below it, so the
 * highest one is the whole. Phases that take little are summed up as the last one.
 */
export function stackedLines(
  batches: readonly BatchLike[],
  phases: readonly Phase[],
  spentOf: (batch: BatchLike) => Record<string, number>,
): Columns {
  const spent = batches.map(spentOf);
  const totals = phases.map((phase) => ({ phase, ms: totalOf(spent, phase) }));
  const all = totals.reduce((sum, { ms }) => sum + ms, 0);
  const least = Math.max(
    LEAST_SHARE * all,
    [...totals].sort((one, other) => other.ms - one.ms)[MOST_LAYERS - 1]?.ms ?? 0,
  );
  const large = totals.filter(({ ms }) => ms > 0 && ms >= least).slice(0, MOST_LAYERS);
  const small = totals.filter((each) => !large.includes(each));
  const groups = large.map(({ phase }) => ({ name: phase.name, ids: [phase.id] }));
  if (small.some(({ ms }) => ms > 0)) {
    groups.push({ name: "The other phases", ids: small.map(({ phase }) => phase.id) });
  }
  let below = batches.map(() => 0);
  const lines = groups.map(({ name, ids }) => {
    below = spent.map((each, at) => ids.reduce((sum, id) => sum + (each[id] ?? 0), below[at] ?? 0));
    return { name, values: below };
  });
  return { x: endsOf(batches), lines };
}

function totalOf(spent: readonly Readonly<Record<string, number>>[], phase: Phase): number {
  return spent.reduce((sum, each) => sum + (each[phase.id] ?? 0), 0);
}

export interface PhaseShare {
  readonly phase: Phase;
  readonly medianMs: number;
  /** Of the time of all phases together. */
  readonly share: number;
}

/** What each phase took, over the newest batches: for the table beside the chart. */
export function phaseShares(
  batches: readonly BatchLike[],
  phases: readonly Phase[],
  spentOf: (batch: BatchLike) => Record<string, number>,
): PhaseShare[] {
  const spent = batches.map(spentOf);
  const all = phases.reduce((sum, phase) => sum + totalOf(spent, phase), 0);
  return phases.map((phase) => ({
    phase,
    medianMs: median(spent.map((each) => each[phase.id] ?? 0)) ?? 0,
    share: all === 0 ? 0 : totalOf(spent, phase) / all,
  }));
}

export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const ordered = [...values].sort((one, other) => one - other);
  const [low, high] = [ordered[(ordered.length - 1) >> 1], ordered[ordered.length >> 1]];
  return ((low ?? 0) + (high ?? 0)) / 2;
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
