import { expect, test } from "vitest";

import { hourOf } from "../../../dev/examples.ts";
import type { Hour } from "../../api/answers.ts";
import { hourSentence, lastDay, withNewest } from "./hours.ts";

const names = (hours: readonly Hour[]): string[] => hours.map((one) => one.hour.slice(11, 13));
const at = (hour: number, more: Partial<Hour> = {}): Hour =>
  hourOf(`2018-10-02T${String(hour).padStart(2, "0")}:00:00`, more);

test("the newest hours take the places of what was known of them", () => {
  const merged = withNewest([at(6), at(7), at(8)], [at(7), at(8, { calls: 99 }), at(9)], 10);
  expect(names(merged)).toEqual(["06", "07", "08", "09"]);
  expect(merged[2]?.calls).toBe(99);
});

test("only as many hours are kept as are shown", () => {
  expect(names(withNewest([at(6), at(7)], [at(7), at(8)], 2))).toEqual(["07", "08"]);
});

test("newest hours that leave a hole are not shown before the hole is filled", () => {
  const hours = [at(6), at(7)];
  expect(withNewest(hours, [at(9), at(10)], 10)).toBe(hours);
});

test("an hour that was running is not kept beside a newer one with the calls it had then", () => {
  const hours = [at(6), at(7, { state: "so_far", calls: 3 })];
  expect(withNewest(hours, [at(8), at(9, { state: "so_far" })], 10)).toBe(hours);
});

test("an older snapshot takes nothing away", () => {
  const hours = [at(6), at(7), at(8)];
  expect(withNewest(hours, [at(5), at(6)], 10)).toBe(hours);
});

test("an hour is told in one sentence, with what it is compared with", () => {
  expect(hourSentence(at(9, { stands_out: "high", calls: 1432 }))).toBe(
    "Tue, Oct 2, 2018, 9 AM: 1,432 calls; usually 82 (middle half 75.5 to 90, 8 weeks). Stands out: unusually many.",
  );
  expect(hourSentence(at(9, { state: "so_far", usual: null, calls: 1 }))).toBe(
    "Tue, Oct 2, 2018, 9 AM: 1 call so far; no usual value: fewer than 3 weeks are known.",
  );
  expect(hourSentence(at(2, { state: "missing", calls: null }))).toBe(
    "Tue, Oct 2, 2018, 2 AM: the clocks left this hour out.",
  );
});

test("the running hour is in no sum of full hours", () => {
  const day = Array.from({ length: 24 }, (_, hour) => at(hour, { calls: 2 }));
  const running = hourOf("2018-10-03T00:00:00", { state: "so_far", calls: 500 });
  expect(lastDay([...day, running])).toEqual({ calls: 48, before: null, change: null });
});

test("a day before of under 20 calls gives no percentage", () => {
  const day = (calls: number): Hour[] =>
    Array.from({ length: 24 }, (_, hour) => at(hour, { calls: hour === 0 ? calls : 0 }));
  expect(lastDay([...day(19), ...day(38)])).toEqual({ calls: 38, before: 19, change: null });
  expect(lastDay([...day(38), ...day(19)])?.change).toBe(null);
  expect(lastDay([...day(20), ...day(30)])).toEqual({ calls: 30, before: 20, change: 0.5 });
});
