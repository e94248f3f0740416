import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Batch, Batches, Meta, Snapshot } from "../api/answers.ts";
import { batchFeed } from "./batches.ts";

const meta = (batch: number, generation = 1): Meta => ({
  generation,
  batch,
  as_of: `2018-10-02T09:00:${String(batch).padStart(2, "0")}`,
  committed_at: `2026-11-29T12:00:${String(batch).padStart(2, "0")}Z`,
  source: "a test",
  synthetic: true,
  window_minutes: 60,
});

const batchOf = (batch: number): Batch => ({
  batch,
  started_at: "2026-11-29T12:00:00Z",
  duration_ms: 100,
  input_rows: 10,
  input_rows_per_s: 50,
  processed_rows_per_s: 100,
  phases_ms: {},
  lag: 0,
  lag_by_partition: { "0": 0 },
});

const snapshotOf = (batch: number, generation = 1): Snapshot => ({
  meta: meta(batch, generation),
  state: {
    state: "live",
    since: null,
    reason: "A job counts.",
    job_started_at: null,
    job_seen_at: null,
    starts: 1,
    lag: 0,
    lag_by_partition: null,
    lag_reason: null,
    run_started_at: null,
    parts: [],
  },
  accounts: { read: 0, counted: 0, duplicate: 0, late: 0, rejected: 0, gaps: 0 },
  batches: batch,
  rejected_by_reason: {},
  last_batch: batchOf(batch),
  hours: [],
  changes: [],
  changes_left_out: 0,
});

const answerOf = (...batches: number[]): Batches => ({
  meta: meta(batches.at(-1) ?? 0),
  batches: batches.map(batchOf),
});

describe("the feed of batches", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const fed = () => {
    const ask = vi.fn();
    const page = { hidden: false };
    const feed = batchFeed(ask, () => page.hidden);
    let draws = 0;
    feed.batches.subscribe(() => {
      draws += 1;
    });
    const numbers = () => feed.batches.value.map(({ batch }) => batch);
    return { ask, page, feed, numbers, draws: () => draws };
  };

  it("shows what was asked for and adds what is streamed", () => {
    const { feed, numbers } = fed();
    feed.answered(answerOf(1, 2));
    feed.streamed(snapshotOf(3));
    vi.advanceTimersByTime(250);
    expect(numbers()).toEqual([1, 2, 3]);
    expect(feed.commits.value).toHaveLength(1);
  });

  it("is drawn at most four times a second", () => {
    const { feed, draws, numbers } = fed();
    for (let batch = 1; batch <= 40; batch += 1) {
      feed.streamed(snapshotOf(batch));
      vi.advanceTimersByTime(25);
    }
    // The empty one, then one at 0, 250, 500, 750 and 1,000 ms.
    expect(draws()).toBe(6);
    vi.advanceTimersByTime(250);
    expect(numbers()).toHaveLength(40);
  });

  it("is not drawn while nobody can see it, and loses nothing", () => {
    const { feed, page, draws, numbers } = fed();
    page.hidden = true;
    feed.streamed(snapshotOf(1));
    vi.advanceTimersByTime(5000);
    expect(draws()).toBe(1);
    page.hidden = false;
    feed.look();
    vi.advanceTimersByTime(250);
    expect(numbers()).toEqual([1]);
  });

  it("asks for what it missed, once in five seconds", () => {
    const { feed, ask } = fed();
    feed.streamed(snapshotOf(1));
    feed.streamed(snapshotOf(2));
    expect(ask).not.toHaveBeenCalled();
    feed.streamed(snapshotOf(9));
    feed.streamed(snapshotOf(20));
    expect(ask).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(5000);
    feed.streamed(snapshotOf(30));
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it("begins anew with another generation", () => {
    const { feed, numbers } = fed();
    feed.answered(answerOf(7, 8));
    feed.streamed(snapshotOf(0, 2));
    vi.advanceTimersByTime(250);
    expect(numbers()).toEqual([0]);
  });
});
