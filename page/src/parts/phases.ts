/** Where the time of a batch goes: its phases, stacked and in figures. */
import { endsOf, type BatchLike, type Columns } from "./lines.ts";

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
