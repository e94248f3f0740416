import { expect, test } from "vitest";

import { addsUp } from "./records.tsx";

test("records that are none of the four outcomes are noticed", () => {
  const accounts = { read: 100, counted: 97, duplicate: 1, late: 1, rejected: 1, gaps: 5 };
  expect(addsUp(accounts)).toBe(true);
  expect(addsUp({ ...accounts, counted: 96 })).toBe(false);
});
