import { describe, expect, it } from "vitest";

import {
  cellSentence,
  extremes,
  gridMove,
  heatCells,
  hourName,
  legendSteps,
  meanText,
  shortHour,
  stepIndex,
  stepOf,
} from "./heat.ts";

const cells = heatCells(
  [
    [0, 104],
    [836, 12],
  ],
  [
    [0, 8],
    [8, 8],
  ],
);

describe("the heat map", () => {
  it("shows the mean of an hour, and nothing where the span has no such hour", () => {
    expect(cells.map((row) => row.map((cell) => cell.mean))).toEqual([
      [null, 13],
      [104.5, 1.5],
    ]);
  });

  it("has round steps that reach the highest mean", () => {
    expect(stepOf(cells)).toBe(20);
    expect(stepOf(heatCells([[6]], [[1]]))).toBe(1);
    expect(stepOf(heatCells([[3]], [[10]]))).toBe(0.05);
    expect(stepOf(heatCells([[159]], [[1]]))).toBe(30);
    expect(stepOf(heatCells([[0]], [[0]]))).toBe(1);
  });

  it("is not stretched by one hour out of a hundred; its last step is open then", () => {
    const calm = Array.from({ length: 99 }, () => 60);
    const stormy = heatCells([[...calm, 600]], [Array.from({ length: 100 }, () => 1)]);
    expect(stepOf(stormy)).toBe(10);
    expect(legendSteps(stormy, 10).at(-1)).toEqual({ index: 5, from: 50, to: null });
  });

  it("gives each mean the colour of its step", () => {
    expect(stepIndex(0, 20)).toBe(0);
    expect(stepIndex(19.9, 20)).toBe(0);
    expect(stepIndex(20, 20)).toBe(1);
    expect(stepIndex(140, 20)).toBe(5);
    expect(stepIndex(null, 20)).toBeNull();
  });

  it("has a legend up to the highest colour that occurs", () => {
    expect(legendSteps(cells, 20).map(({ from, to }) => [from, to])).toEqual([
      [0, 20],
      [20, 40],
      [40, 60],
      [60, 80],
      [80, 100],
      [100, 120],
    ]);
    expect(legendSteps(heatCells([[3]], [[10]]), 0.1)[3]).toEqual({ index: 3, from: 0.3, to: 0.4 });
  });

  it("says in words what a colour shows", () => {
    expect(cellSentence({ weekday: 1, hour: 0, calls: 836, hours: 8, mean: 104.5 })).toBe(
      "Tuesday, midnight to 1 AM: 105 calls an hour on average (836 calls in 8 such hours)",
    );
    expect(cellSentence({ weekday: 6, hour: 23, calls: 1, hours: 1, mean: 1 })).toBe(
      "Sunday, 11 PM to midnight: 1.0 calls an hour on average (1 call in 1 such hour)",
    );
    expect(cellSentence({ weekday: 0, hour: 0, calls: 0, hours: 0, mean: null })).toBe(
      "Monday, midnight to 1 AM: no such hour in this period",
    );
  });

  it("names hours as the city does", () => {
    expect([0, 1, 11, 12, 13, 23, 24].map(hourName)).toEqual([
      "midnight",
      "1 AM",
      "11 AM",
      "noon",
      "1 PM",
      "11 PM",
      "midnight",
    ]);
    expect([0, 9, 12, 23].map(shortHour)).toEqual(["12a", "9a", "12p", "11p"]);
  });

  it("rounds means from ten on", () => {
    expect([0, 1.25, 9.94, 9.95, 104.5, 1234, null].map(meanText)).toEqual([
      "0.0",
      "1.3",
      "9.9",
      "10",
      "105",
      "1,234",
      "–",
    ]);
  });

  it("knows the busiest and the quietest hour of those that there were", () => {
    expect(extremes(cells)?.most.calls).toBe(836);
    expect(extremes(cells)?.least.calls).toBe(12);
    expect(extremes(heatCells([[0]], [[3]]))).toBeNull();
  });

  it("is walked with the keys of a grid, and not left by them", () => {
    expect(gridMove("ArrowRight", 0, 0, 7, 24)).toEqual({ row: 0, column: 1 });
    expect(gridMove("ArrowUp", 0, 5, 7, 24)).toEqual({ row: 0, column: 5 });
    expect(gridMove("End", 3, 5, 7, 24)).toEqual({ row: 3, column: 23 });
    expect(gridMove("PageDown", 3, 5, 7, 24)).toEqual({ row: 6, column: 5 });
    expect(gridMove("Tab", 3, 5, 7, 24)).toBeNull();
  });
});
