/** Invented answers with the fields that a test wants, and plain ones beside. */
import type { Change, Hour, Snapshot } from "../src/api/answers.ts";

export function changeOf(batch: number, more: Partial<Change> = {}): Change {
  return {
    batch,
    committed_at: "2026-10-02T16:14:05.000Z",
    window: "2018-10-02T09:00:00",
    type: "Passing Call",
    label: "Passing Call",
    disposition: "HAN",
    added: 1,
    calls: 5,
    ...more,
  };
}

export function hourOf(hour: string, more: Partial<Hour> = {}): Hour {
  return {
    hour,
    calls: 80,
    state: "complete",
    usual: { median: 82, low: 75.5, high: 90, n: 8 },
    stands_out: null,
    ...more,
  };
}

export function snapshotOf(batch: number, more: Partial<Snapshot> = {}): Snapshot {
  return {
    meta: {
      generation: 1,
      batch,
      as_of: "2018-10-02T09:14:00",
      committed_at: "2026-10-02T16:14:05.000Z",
      source: "calls.json",
      synthetic: false,
      window_minutes: 60,
    },
    state: {
      state: "live",
      since: null,
      reason: "",
      job_started_at: null,
      job_seen_at: null,
      starts: 1,
      lag: 0,
      lag_by_partition: null,
      lag_reason: null,
      run_started_at: null,
      parts: [],
    },
    accounts: { read: 100, counted: 97, duplicate: 1, late: 1, rejected: 1, gaps: 0 },
    batches: batch,
    rejected_by_reason: {},
    last_batch: null,
    hours: [],
    changes: [],
    changes_left_out: 0,
    ...more,
  };
}
