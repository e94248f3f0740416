import { expect, test } from "vitest";

import { changeText, count, duration, hour, instant, share, span } from "./formats.ts";

test("numbers are grouped by thousands", () => {
  expect(count(12_345)).toBe("12,345");
  expect(count(null)).toBe("–");
  expect(share(0.1742)).toBe("17.4%");
});

test("a wall time is shown as it stands, with its weekday", () => {
  expect(hour("2018-10-02T09:00:00")).toBe("Tue, Oct 2, 2018, 9 AM");
  expect(hour("2018-10-02T00:00:00")).toBe("Tue, Oct 2, 2018, 12 AM");
  expect(hour("2018-10-02T12:00:00")).toBe("Tue, Oct 2, 2018, 12 PM");
});

test("a text that is no time is shown as it is", () => {
  expect(hour("soon")).toBe("soon");
});

test("an instant is shown on San Francisco's clock", () => {
  expect(instant("2018-10-02T16:14:05Z")).toBe("Tue, Oct 2, 2018, 9:14:05 AM");
  expect(instant("2018-12-02T16:14:05.123Z")).toBe("Sun, Dec 2, 2018, 8:14:05 AM");
});

test("a span of whole days names its last day, which its end leaves out", () => {
  expect(span("2018-10-02T00:00", "2018-10-03T00:00")).toBe("Tue, Oct 2, 2018");
  expect(span("2018-10-02", "2018-10-09")).toBe("Tue, Oct 2, 2018 to Mon, Oct 8, 2018");
  expect(span("2018-10-02T09:00", "2018-10-02T15:00")).toBe("Tue, Oct 2, 2018, 9 AM to 3 PM");
});

test("durations have two units at most", () => {
  expect(duration(412)).toBe("0.4 s");
  expect(duration(185_000)).toBe("3 min 5 s");
  expect(duration(7_800_000)).toBe("2 h 10 min");
});

test("a change under 20 calls is no percentage", () => {
  expect(changeText(null, 19).short).toBe("–");
  expect(changeText(null, 19).full).toBe(
    "Before: 19 calls. No percentage is given where either has under 20.",
  );
});

test("a change that cannot be compared says so", () => {
  expect(changeText(null, null).full).toBe("Nothing to compare with: counting began later.");
});

test("a change says its direction by sign and word", () => {
  expect(changeText(0.125, 200)).toEqual({
    short: "+13%",
    full: "13% more than before (200).",
    direction: "up",
  });
  expect(changeText(-0.5, 1200).short).toBe("−50%");
  expect(changeText(0.001, 1200).direction).toBe("same");
});
