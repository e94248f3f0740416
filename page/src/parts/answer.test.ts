import { expect, test } from "vitest";

import { pauseAfter } from "./answer.ts";

test("a panel asks every 1.5 s, and less often of a server that is busy", () => {
  expect([5, 40, 80, 120].map(pauseAfter)).toEqual([1500, 1500, 2000, 3000]);
  expect(pauseAfter(60_000)).toBe(5000);
});
