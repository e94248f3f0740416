import { expect, it } from "vitest";

import type { Days } from "../api/answers.ts";
import { dayRows } from "./history-days.tsx";

const meta: Days["meta"] = {
  generation: 1,
  batch: 1,
  as_of: "2018-10-04T09:00:00",
  committed_at: "2026-11-29T12:00:00Z",
  source: "a test",
  synthetic: true,
  window_minutes: 60,
};

const days = (since: string, until: string, ...calls: readonly (readonly [string, number, boolean])[]): Days => ({
  meta,
  since,
  until,
  category: null,
  type: null,
  days: calls.map(([day, count, complete]) => ({ day, calls: count, complete })),
});

it("marks the days that the period or the count cuts", () => {
  const rows = dayRows(
    days("2018-10-01T09:00:00", "2018-10-04T00:00:00", ["2018-10-01", 5, true], ["2018-10-02", 9, true], ["2018-10-03", 7, false]),
    null,
  );
  expect(rows.map(({ part }) => part)).toEqual([true, false, true]);
  expect(rows.map(({ other }) => other)).toEqual([null, null, null]);
});

it("puts the days of the other period beside them by their place, and none where it is shorter", () => {
  const rows = dayRows(
    days("2018-10-01", "2018-10-03", ["2018-10-01", 5, true], ["2018-10-02", 9, true]),
    days("2018-09-01", "2018-09-02", ["2018-09-01", 3, true]),
  );
  expect(rows.map(({ other }) => other?.calls ?? null)).toEqual([3, null]);
});
