import { expect, test } from "vitest";

import { shade } from "./matrix.tsx";

test("a cell is the darker the larger its part of the row", () => {
  expect([0, 1, 5, 15, 40, 60].map((calls) => shade(calls, 100))).toEqual([0, 1, 2, 3, 4, 5]);
});

test("an empty row has no shade", () => {
  expect(shade(0, 0)).toBe(0);
});
