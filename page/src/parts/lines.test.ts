import { describe, expect, it } from "vitest";

import {
  lagLines,
  leavesHole,
  pace,
  rateLines,
  withBatches,
  withCommit,
  type BatchLike,
} from "./lines.ts";
import {
  median,
  phaseShares,
  READING,
  readingPhases,
  stackedLines,
  STORING,
  storingPhases,
} from "./phases.ts";

const batch = (number: number, more: Partial<BatchLike> = {}): BatchLike => ({
  batch: number,
  started_at: `2026-11-29T12:00:${String(number % 60).padStart(2, "0")}Z`,
  duration_ms: 500,
  input_rows: 10,
  input_rows_per_s: 50,
  processed_rows_per_s: 400,
  phases_ms: {},
  lag: 0,
  lag_by_partition: {},
  ...more,
});

describe("batches", () => {
  it("are appended once each, and the oldest are let go", () => {
    const known = [batch(1), batch(2)];
    expect(withBatches(known, [batch(3)]).map((each) => each.batch)).toEqual([1, 2, 3]);
    expect(withBatches(known, [batch(2)]).map((each) => each.batch)).toEqual([1, 2]);
    expect(withBatches(known, [batch(3), batch(4)], 3).map((each) => each.batch)).toEqual([2, 3, 4]);
    expect(withBatches(known, [])).toBe(known);
  });

  it("that came late are put where they belong", () => {
    const holed = [batch(1), batch(4)];
    expect(leavesHole([batch(1)], batch(4))).toBe(true);
    expect(leavesHole([batch(1)], batch(2))).toBe(false);
    expect(leavesHole([], batch(4))).toBe(false);
    expect(withBatches(holed, [batch(2), batch(3)]).map((each) => each.batch)).toEqual([1, 2, 3, 4]);
  });

  it("stand at the time of their end", () => {
    expect(rateLines([batch(1)]).x).toEqual([Date.UTC(2026, 10, 29, 12, 0, 1, 500) / 1000]);
  });
});

describe("the lag", () => {
  it("of one partition is one line", () => {
    const lines = lagLines([batch(1, { lag: 7, lag_by_partition: { "0": 7 } })]).lines;
    expect(lines).toEqual([{ name: "Partition 0", values: [7] }]);
  });

  it("of several partitions has their sum first; a partition that was not there yet has no value", () => {
    const lines = lagLines([
      batch(1, { lag: 7, lag_by_partition: { "0": 7 } }),
      batch(2, { lag: 5, lag_by_partition: { "0": 3, "1": 2 } }),
    ]).lines;
    expect(lines).toEqual([
      { name: "All partitions", values: [7, 5] },
      { name: "Partition 0", values: [7, 3] },
      { name: "Partition 1", values: [null, 2] },
    ]);
  });

  it("of many partitions shows the highest, and the others together", () => {
    const by = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [String(at), at]));
    const lines = lagLines([batch(1, { lag: 66, lag_by_partition: by })]).lines;
    expect(lines.map((line) => [line.name, line.values[0]])).toEqual([
      ["All partitions", 66],
      ["Partition 5", 5],
      ["Partition 6", 6],
      ["Partition 7", 7],
      ["Partition 8", 8],
      ["Partition 9", 9],
      ["Partition 10", 10],
      ["Partition 11", 11],
      ["5 others together", 10],
    ]);
  });
});

const warm = batch(1, {
  duration_ms: 1020,
  phases_ms: {
    triggerExecution: 1020,
    addBatch: 974,
    action: 941,
    proof: 4,
    handover: 0,
    queryPlanning: 13,
    walCommit: 12,
    commitOffsets: 12,
    latestOffset: 7,
    getBatch: 0,
    arrival: 12,
    repeats: 11,
    counting: 32,
    topicCheck: 1,
    storing: 136,
  },
});

describe("the phases of a batch", () => {
  it("add up to its duration, with nothing counted twice", () => {
    const spent = readingPhases(warm);
    expect(spent).toEqual({
      latestOffset: 7,
      walCommit: 12,
      getBatch: 0,
      queryPlanning: 13,
      action: 941,
      proof: 4,
      handover: 0,
      addBatchRest: 29,
      commitOffsets: 12,
      other: 2,
    });
    expect(Object.values(spent).reduce((sum, ms) => sum + ms)).toBe(1020);
  });

  it("of storing are the writer's", () => {
    expect(storingPhases(warm)).toEqual({
      arrival: 12,
      repeats: 11,
      counting: 32,
      topicCheck: 1,
      storing: 136,
    });
  });

  it("of a batch read without Spark are what its duration holds", () => {
    const spent = readingPhases(batch(1, { duration_ms: 300, phases_ms: { storing: 100 } }));
    expect(spent).toMatchObject({ other: 300, addBatchRest: 0, action: 0 });
  });

  it("are stacked, the small ones together at the top", () => {
    const { lines } = stackedLines([warm], READING, readingPhases);
    expect(lines).toEqual([
      { name: "Read and judge", values: [941] },
      { name: "Around reading", values: [970] },
      { name: "The other phases", values: [1020] },
    ]);
    const even = batch(1, { phases_ms: Object.fromEntries(READING.map(({ id }) => [id, 10])) });
    expect(stackedLines([even], READING, (each) => each.phases_ms).lines).toHaveLength(6);
    expect(stackedLines([warm], STORING, storingPhases).lines.map((each) => each.values[0])).toEqual([
      12, 23, 55, 191, 192,
    ]);
  });

  it("are told as medians and shares", () => {
    const shares = phaseShares([warm], READING, readingPhases);
    const action = shares.find((each) => each.phase.id === "action");
    expect(action?.medianMs).toBe(941);
    expect(action?.share).toBeCloseTo(0.9225, 4);
    expect(phaseShares([], READING, readingPhases)[0]?.share).toBe(0);
  });
});

describe("the pace of the newest call", () => {
  const at = (s: number, minutes: number) => ({ committedMs: s * 1000, newestMs: minutes * 60_000 });

  it("is event time over the clock's time", () => {
    expect(pace([at(0, 0), at(10, 300)])).toBe(1800);
    expect(pace([at(0, 0), at(100, 60), at(110, 360)])).toBe(1800);
    expect(pace([at(0, 0), at(1, 30)])).toBeNull();
    expect(pace([])).toBeNull();
  });

  it("takes each commit once", () => {
    const known = [at(0, 0)];
    expect(withCommit(known, at(0, 5))).toBe(known);
    expect(withCommit([at(0, 0), at(1, 1)], at(2, 2), 2)).toEqual([at(1, 1), at(2, 2)]);
  });
});

it("the median of an even number is the middle of the middle two", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([3, 1, 2])).toBe(2);
  expect(median([])).toBeNull();
});
