import { beforeEach, expect, test } from "vitest";

import { changeOf, snapshotOf } from "../../dev/examples.ts";
import {
  changes,
  connection,
  paused,
  serverState,
  setPaused,
  snapshot,
  status,
  take,
  waiting,
} from "./live.ts";

beforeEach(() => {
  setPaused(false);
  snapshot.value = null;
  changes.value = [];
  serverState.value = null;
  connection.value = "open";
});

const listed = (): number[] => changes.value.map((one) => one.batch);

test("changes of all snapshots are kept, newest first, and the numbers are the newest's", () => {
  take([
    snapshotOf(7, { changes: [changeOf(7)] }),
    snapshotOf(8, { changes: [changeOf(8), changeOf(8)] }),
  ]);
  expect(listed()).toEqual([8, 8, 7]);
  expect(snapshot.value?.meta.batch).toBe(8);
});

test("a snapshot that comes again after a reconnection adds no changes", () => {
  take([snapshotOf(7, { changes: [changeOf(7)] })]);
  take([snapshotOf(7, { changes: [changeOf(7)] })]);
  expect(listed()).toEqual([7]);
});

test("another generation starts the list anew", () => {
  take([snapshotOf(7, { changes: [changeOf(7)] })]);
  const other = snapshotOf(2, { changes: [changeOf(2)] });
  take([{ ...other, meta: { ...other.meta, generation: 2 } }]);
  expect(listed()).toEqual([2]);
});

test("a paused page shows nothing new and says how many batches wait", () => {
  take([snapshotOf(7, { changes: [changeOf(7)] })]);
  setPaused(true);
  take([snapshotOf(8, { changes: [changeOf(8)] }), snapshotOf(9, { changes: [changeOf(9)] })]);
  expect(paused.value).toBe(true);
  expect(waiting.value).toBe(2);
  expect(snapshot.value?.meta.batch).toBe(7);
  setPaused(false);
  expect(snapshot.value?.meta.batch).toBe(9);
  expect(listed()).toEqual([9, 8, 7]);
  expect(waiting.value).toBe(0);
});

test("a page that was paused says that it has become stale, also once it goes on", () => {
  setPaused(true);
  take([snapshotOf(7)]);
  serverState.value = { ...snapshotOf(7).state, state: "stale", reason: "No job writes." };
  expect(status.value).toBe("stale");
  setPaused(false);
  expect(snapshot.value?.meta.batch).toBe(7);
  expect(status.value).toBe("stale");
  connection.value = "offline";
  expect(status.value).toBe("offline");
});
