import { describe, expect, it } from "vitest";

import { changeWords } from "./change.ts";

const row = (calls: number, other: number, change: number | null) => ({
  calls,
  per_day: calls / 7,
  other_calls: other,
  other_per_day: other / 7,
  change,
});

describe("a change between two periods", () => {
  it("is a percentage where both have enough calls", () => {
    expect(changeWords(row(112, 100, 0.12))).toEqual({
      short: "+12%",
      full: "12% more: 16 calls a day, 14.3 in the other period",
      bar: 0.12,
    });
    expect(changeWords(row(50, 100, -0.5)).short).toBe("−50%");
    expect(changeWords(row(100, 100, 0.001)).short).toBe("0%");
  });

  it("is two counts and the reason where either has under 20 calls", () => {
    expect(changeWords(row(12, 40, null))).toEqual({
      short: "40 → 12",
      full: "40 calls, then 12; no percentage under 20 calls",
      bar: null,
    });
  });

  it("has a bar that ends at twice as many", () => {
    expect(changeWords(row(900, 100, 8)).bar).toBe(1);
  });
});
