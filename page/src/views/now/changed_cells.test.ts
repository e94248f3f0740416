import { expect, test } from "vitest";

import { changeOf } from "../../../dev/examples.ts";
import { listed, matches } from "./changed_cells.ts";

test("changes of the stream stand above the answer, each once", () => {
  const rows = listed([changeOf(8), changeOf(7)], 8, [changeOf(9), changeOf(8)], "", 10);
  expect(rows.map((one) => one.batch)).toEqual([9, 8, 7]);
});

test("the filter reads type, label and disposition, and not letter case", () => {
  const change = changeOf(1, { type: "Burglary", label: "459 CASER", disposition: "GOA" });
  expect(matches(change, "burg")).toBe(true);
  expect(matches(change, " caser ")).toBe(true);
  expect(matches(change, "goa")).toBe(true);
  expect(matches(change, "theft")).toBe(false);
});

test("the list is no longer than it may be", () => {
  expect(listed([changeOf(2), changeOf(1)], 2, [changeOf(3)], "", 2)).toHaveLength(2);
});
