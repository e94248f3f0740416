import { expect, it } from "vitest";

import { shortCount, wallMark } from "./axes.ts";

const at = (text: string) => Date.parse(`${text}Z`) / 1000;

it("marks hours by the clock and midnight by its day", () => {
  expect(wallMark(at("2018-10-02T09:00:00"), 3600)).toBe("9 AM");
  expect(wallMark(at("2018-10-02T12:00:00"), 3600)).toBe("12 PM");
  expect(wallMark(at("2018-10-02T00:00:00"), 3600)).toBe("Oct 2");
  expect(wallMark(at("2018-10-02T09:00:00"), 86_400)).toBe("Oct 2");
  expect(wallMark(at("2018-10-02T00:00:00"), 182 * 86_400)).toBe("Oct 2018");
});

it("shortens counts that an axis has no room for", () => {
  expect([0, 500, 1200, 250_000, 3_000_000].map(shortCount)).toEqual(["0", "500", "1.2K", "250K", "3M"]);
});
