import { expect, test } from "vitest";

import { hourOf, snapshotOf } from "../../../dev/examples.ts";
import type { Hour } from "../../api/answers.ts";
import { hourSentence, lastDay, withNewest } from "./hours.ts";

const names = (hours: readonly Hour[]): string[] => hours.map((one) => one.hour.slice(11, 13));
const at = (hour: number, more: Partial<Hour> = {}): Hour =>
  hourOf(`2018-10-02T${String(hour).padStart(2, "0")}:00:00`, more);

const of = (hours: Hour[], generation = 1): Parameters<typeof withNewest>[0] => {
  const { meta } = snapshotOf(1);
  return { meta: { ...meta, generation }, hours };
};

test("the newest hours take the places of what was known of them", () => {
  const merged = withNewest(of([at(6), at(7), at(8)]), of([at(7), at(8, { calls: 99 }), at(9)]), 10);
  expect(names(merged)).toEqual(["06", "07", "08", "09"]);
  expect(merged[2]?.calls).toBe(99);
});

test("only as many hours are kept as are shown", () => {
  expect(names(withNewest(of([at(6), at(7)]), of([at(7), at(8)]), 2))).toEqual(["07", "08"]);
});

test("newest hours that leave a hole are not shown before the hole is filled", () => {
  const hours = [at(6), at(7)];
  expect(withNewest(of(hours), of([at(9), at(10)]), 10)).toBe(hours);
});

test("an hour that was running is not kept beside a newer one with the calls it had then", () => {
  const hours = [at(6), at(7, { state: "so_far", calls: 3 })];
  expect(withNewest(of(hours), of([at(8), at(9, { state: "so_far" })]), 10)).toBe(hours);
});

test("hours of two generations are not put together", () => {
  const hours = [at(6), at(7)];
  expect(withNewest(of(hours), of([at(7), at(8)], 2), 10)).toBe(hours);
  expect(withNewest(of(hours), null, 10)).toBe(hours);
});

test("an older snapshot takes nothing away", () => {
  const hours = [at(6), at(7), at(8)];
  expect(withNewest(of(hours), of([at(5), at(6)]), 10)).toBe(hours);
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

test("a running hour that the clocks show twice is in no sum of full hours either", () => {
  const day = Array.from({ length: 24 }, (_, hour) => at(hour, { calls: 2 }));
  const running = hourOf("2018-10-03T01:00:00", { state: "repeated", calls: 500 });
  expect(lastDay([...day, running])?.calls).toBe(48);
});

test("an hour that the clocks left out is none of the 24", () => {
  const hours = Array.from({ length: 25 }, (_, hour) =>
    hourOf(`2019-03-${hour < 22 ? "09" : "10"}T${String((hour + 2) % 24).padStart(2, "0")}:00:00`, {
      calls: hour === 24 ? null : 2,
      state: hour === 24 ? "missing" : "complete",
    }),
  );
  const running = hourOf("2019-03-10T03:00:00", { state: "so_far", calls: 500 });
  expect(lastDay([...hours, running])?.calls).toBe(48);
});

test("a day before of under 20 calls gives no percentage", () => {
  const day = (calls: number): Hour[] =>
    Array.from({ length: 24 }, (_, hour) => at(hour, { calls: hour === 0 ? calls : 0 }));
  const running = hourOf("2018-10-03T00:00:00", { state: "so_far", calls: 500 });
  const of48 = (before: number, last: number) => lastDay([...day(before), ...day(last), running]);
  expect(of48(19, 38)).toEqual({ calls: 38, before: 19, change: null });
  expect(of48(38, 19)?.change).toBe(null);
  expect(of48(20, 30)).toEqual({ calls: 30, before: 20, change: 0.5 });
});
