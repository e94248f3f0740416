import { expect, test } from "vitest";

import { pauseAfter } from "./answer.ts";

test("a panel asks once a second, and less often of a server that is busy", () => {
  expect([5, 40, 80, 120].map(pauseAfter)).toEqual([1000, 1000, 2000, 3000]);
  expect(pauseAfter(60_000)).toBe(5000);
});
