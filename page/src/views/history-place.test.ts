import { describe, expect, it } from "vitest";

import { lookedAt } from "./history-place.ts";

const counted = { first: "2018-08-01T00:00:00", last: "2018-10-02T09:00:00" };

describe("an address of the history", () => {
  it("that says nothing shows the last 7 days against the 7 before", () => {
    expect(lookedAt({}, counted)).toEqual({
      period: { since: "2018-09-25T09:00:00", until: "2018-10-02T09:00:00" },
      preset: "7d",
      follows: true,
      compare: "previous",
      other: { since: "2018-09-18T09:00:00", until: "2018-09-25T09:00:00" },
    });
  });

  it("with dates shows these, and they stand still", () => {
    const looked = lookedAt({ since: "2018-09-01", until: "2018-09-08T00:00" }, counted);
    expect(looked.period).toEqual({ since: "2018-09-01T00:00:00", until: "2018-09-08T00:00:00" });
    expect(looked.follows).toBe(false);
    expect(looked.preset).toBeNull();
  });

  it("with dates that follow keeps their length", () => {
    const looked = lookedAt({ since: "2018-09-01", until: "2018-09-03", follow: "on" }, counted);
    expect(looked.period.since).toBe("2018-09-30T09:00:00");
    expect(looked.follows).toBe(true);
  });

  it("with words that mean nothing shows what it can", () => {
    const looked = lookedAt({ period: "forever", compare: "luck", since: "2018-09-01" }, counted);
    expect(looked.preset).toBe("7d");
    expect(looked.compare).toBe("previous");
  });

  it("compares with dates of one's own", () => {
    const looked = lookedAt(
      { compare: "custom", other_since: "2018-08-01", other_until: "2018-08-08" },
      counted,
    );
    expect(looked.other).toEqual({ since: "2018-08-01T00:00:00", until: "2018-08-08T00:00:00" });
  });
});
