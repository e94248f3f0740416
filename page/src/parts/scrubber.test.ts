import { describe, expect, it } from "vitest";

import { afterTick, hourAt, indexOf, lastIndex, PACES, tickOf } from "./scrubber.ts";

const counted = { first: "2018-10-01T00:00:00", last: "2018-10-03T00:00:00" };

describe("scrubbing", () => {
  it("spans the counted hours", () => {
    expect(lastIndex(counted)).toBe(48);
    expect(hourAt(0, counted)).toBe("2018-10-01T00:00:00");
    expect(hourAt(33, counted)).toBe("2018-10-02T09:00:00");
  });

  it("looks at the newest hour unless another is chosen", () => {
    expect(indexOf(null, counted)).toBe(48);
    expect(indexOf("tomorrow", counted)).toBe(48);
    expect(indexOf("2018-10-02T09:30:00", counted)).toBe(33);
  });

  it("does not leave what is counted", () => {
    expect(indexOf("2017-01-01", counted)).toBe(0);
    expect(indexOf("2019-01-01", counted)).toBe(48);
    expect(hourAt(-5, counted)).toBe("2018-10-01T00:00:00");
    expect(hourAt(500, counted)).toBe("2018-10-03T00:00:00");
  });
});

describe("playing", () => {
  it("takes at most four steps a second, whatever the pace", () => {
    expect(PACES.map((pace) => tickOf(pace, false))).toEqual([
      { everyMs: 1000, hours: 1 },
      { everyMs: 250, hours: 1 },
      { everyMs: 250, hours: 6 },
      { everyMs: 250, hours: 42 },
    ]);
  });

  it("takes one step a second where less motion is asked for, at the same pace", () => {
    expect(PACES.map((pace) => tickOf(pace, true))).toEqual([
      { everyMs: 1000, hours: 1 },
      { everyMs: 1000, hours: 4 },
      { everyMs: 1000, hours: 24 },
      { everyMs: 1000, hours: 168 },
    ]);
  });

  it("ends at the newest hour", () => {
    const tick = { everyMs: 250, hours: 6 };
    expect(afterTick("2018-10-02T09:00:00", tick, counted)).toBe("2018-10-02T15:00:00");
    expect(afterTick("2018-10-02T18:00:00", tick, counted)).toBeNull();
    expect(afterTick(null, tick, counted)).toBeNull();
  });
});
