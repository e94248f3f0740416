import { describe, expect, it } from "vitest";

import {
  afterDay,
  countedPart,
  datesOf,
  lastDay,
  otherPeriod,
  overlaps,
  periodOf,
  required,
  wallMs,
  wallText,
  type PeriodChoice,
} from "./period.ts";

const counted = { first: "2018-08-01T00:00:00", last: "2018-10-02T09:00:00" };
const preset = (name: PeriodChoice["preset"]): PeriodChoice => ({
  preset: name,
  since: null,
  until: null,
  follow: true,
});

describe("wall times", () => {
  it("are read with and without a clock", () => {
    expect(wallText(required("2018-10-02"))).toBe("2018-10-02T00:00:00");
    expect(wallText(required("2018-10-02T09:00"))).toBe("2018-10-02T09:00:00");
    expect(() => required("soon")).toThrow("soon is no wall time");
  });

  it.each(["2018-02-30", "2018-10-02T24:00", "yesterday", "2018-10-02T09:00:00Z", ""])(
    "are not %s",
    (text) => {
      expect(wallMs(text)).toBeNull();
    },
  );

  it("do not jump in March or November", () => {
    expect(required("2018-11-04T03:00:00") - required("2018-11-04T00:00:00")).toBe(3 * 3_600_000);
  });
});

describe("a period", () => {
  it("of 24 hours ends before the hour of the newest call", () => {
    expect(periodOf(preset("24h"), counted)).toEqual({
      since: "2018-10-01T09:00:00",
      until: "2018-10-02T09:00:00",
    });
  });

  it("moves with the newest call", () => {
    const later = { ...counted, last: "2018-10-02T11:00:00" };
    expect(periodOf(preset("7d"), later).until).toBe("2018-10-02T11:00:00");
    expect(periodOf(preset("7d"), later).since).toBe("2018-09-25T11:00:00");
  });

  it("of all takes in the hour so far", () => {
    expect(periodOf(preset("all"), counted)).toEqual({
      since: "2018-08-01T00:00:00",
      until: "2018-10-02T10:00:00",
    });
  });

  it("does not begin before counting did", () => {
    const young = { first: "2018-10-01T22:00:00", last: "2018-10-02T09:00:00" };
    expect(periodOf(preset("28d"), young).since).toBe("2018-10-01T22:00:00");
  });

  it("is the first hour where there is only that", () => {
    const newborn = { first: "2018-10-01T22:00:00", last: "2018-10-01T22:00:00" };
    expect(periodOf(preset("7d"), newborn)).toEqual({
      since: "2018-10-01T22:00:00",
      until: "2018-10-01T23:00:00",
    });
  });

  it("of dates stands still, and keeps its length where it follows", () => {
    const dates = { preset: null, since: "2018-09-01", until: "2018-09-03", follow: false };
    expect(periodOf(dates, counted).until).toBe("2018-09-03T00:00:00");
    expect(periodOf({ ...dates, follow: true }, counted)).toEqual({
      since: "2018-09-30T09:00:00",
      until: "2018-10-02T09:00:00",
    });
  });

  it("of dates that are none is 7 days", () => {
    const dates = { preset: null, since: "2018-09-31", until: "2018-10-03", follow: false };
    expect(periodOf(dates, counted).since).toBe("2018-09-25T09:00:00");
    expect(datesOf("2018-10-03", "2018-10-03")).toBeNull();
  });

  it("is named by its last day, not by the first one left out", () => {
    expect(lastDay({ since: "2018-09-01T00:00:00", until: "2018-09-03T00:00:00" })).toBe("2018-09-02");
    expect(afterDay("2018-09-30")).toBe("2018-10-01T00:00:00");
  });
});

describe("the other period", () => {
  const week = { since: "2018-09-25T09:00:00", until: "2018-10-02T09:00:00" };

  it("is the equal one right before", () => {
    expect(otherPeriod(week, "previous", null, null)).toEqual({
      since: "2018-09-18T09:00:00",
      until: "2018-09-25T09:00:00",
    });
  });

  it("is the same weekdays 52 weeks before", () => {
    expect(otherPeriod(week, "year", null, null)).toEqual({
      since: "2017-09-26T09:00:00",
      until: "2017-10-03T09:00:00",
    });
  });

  it("is none where nothing is wanted or its dates are none", () => {
    expect(otherPeriod(week, "none", "2018-01-01", "2018-01-08")).toBeNull();
    expect(otherPeriod(week, "custom", "2018-01-08", "2018-01-01")).toBeNull();
  });

  it("says how much of it was counted", () => {
    expect(countedPart(week, counted)).toBe("whole");
    expect(countedPart({ ...week, since: "2018-07-31T23:00:00" }, counted)).toBe("partly");
    const year = { since: "2017-09-26T09:00:00", until: "2017-10-03T09:00:00" };
    expect(countedPart(year, counted)).toBe("outside");
  });

  it("of a long period a week before overlaps it", () => {
    const long = { since: "2018-09-04T09:00:00", until: "2018-10-02T09:00:00" };
    const before = { since: "2018-08-28T09:00:00", until: "2018-09-25T09:00:00" };
    expect(otherPeriod(long, "week", null, null)).toEqual(before);
    expect(overlaps(long, before)).toBe(true);
    expect(overlaps(week, { ...before, until: week.since })).toBe(false);
  });
});
