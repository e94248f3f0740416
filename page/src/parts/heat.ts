/** The heat map's figures: the mean of each hour of the week, and the steps of its colours. */

export const WEEKDAYS: readonly string[] = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
];

/** Colours of the scale; `heat-0` to `heat-5` in the style sheet. */
export const STEPS = 6;

export interface HeatCell {
  /** 0 is Monday. */
  readonly weekday: number;
  readonly hour: number;
  readonly calls: number;
  /** Such hours in the counted part of the span. */
  readonly hours: number;
  /** Null where the span has no such hour. */
  readonly mean: number | null;
}

/** 7 rows, Monday first, of 24 cells. */
export function heatCells(
  calls: readonly (readonly number[])[],
  hours: readonly (readonly number[])[],
): HeatCell[][] {
  return calls.map((row, weekday) =>
    row.map((count, hour) => {
      const known = hours[weekday]?.[hour] ?? 0;
      return { weekday, hour, calls: count, hours: known, mean: known > 0 ? count / known : null };
    }),
  );
}

/** The part of all hours that the scale has to reach: one storm must not make all else look alike. */
const REACHED = 0.98;

/**
 * The width of a colour's step: a round number, so that the legend can be read, and equal steps
 * from 0, so that twice the calls are twice as far along the scale. The last step is open.
 */
export function stepOf(cells: readonly (readonly HeatCell[])[]): number {
  const means = known(cells).sort((one, other) => one - other);
  const reached = means[Math.ceil(REACHED * means.length) - 1] ?? 0;
  const most = reached > 0 ? reached : (means.at(-1) ?? 0);
  if (most === 0) return 1;
  const least = most / STEPS;
  const unit = 10 ** Math.floor(Math.log10(least));
  // A little above: the highest mean may lie right on the end of the last step.
  const round = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8].find((each) => each * unit * STEPS >= most * 0.9999);
  return (round ?? 10) * unit;
}

function known(cells: readonly (readonly HeatCell[])[]): number[] {
  return cells.flat().flatMap(({ mean }) => (mean === null ? [] : [mean]));
}

/** Which colour a mean has; null where there is nothing to show. */
export function stepIndex(mean: number | null, step: number): number | null {
  return mean === null ? null : Math.min(STEPS - 1, Math.floor(mean / step + 1e-9));
}

export interface LegendStep {
  readonly index: number;
  readonly from: number;
  /** Null: this step takes in all that is above it too. */
  readonly to: number | null;
}

/** The steps that a legend names, from 0 up to the highest that occurs. */
export function legendSteps(
  cells: readonly (readonly HeatCell[])[],
  step: number,
): LegendStep[] {
  const most = Math.max(0, ...known(cells));
  return Array.from({ length: (stepIndex(most, step) ?? 0) + 1 }, (_, index) => ({
    index,
    from: rounded(index * step),
    to: index === STEPS - 1 && most > STEPS * step ? null : rounded((index + 1) * step),
  }));
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** 0 to 24, as a clock of the city's readers says it. */
export function hourName(hour: number): string {
  const half = hour % 24 < 12 ? "AM" : "PM";
  return hour % 24 === 0 ? "midnight" : hour === 12 ? "noon" : `${hour % 12} ${half}`;
}

/** The same in two or three characters, for the head of a column. */
export function shortHour(hour: number): string {
  return `${hour % 12 === 0 ? 12 : hour % 12}${hour < 12 ? "a" : "p"}`;
}

/** A mean as it stands in a cell: whole from 10 on. */
export function meanText(mean: number | null): string {
  if (mean === null) return "–";
  return mean >= 9.95 ? Math.round(mean).toLocaleString("en-US") : mean.toFixed(1);
}

/** All that a cell says, for whoever cannot see its colour. */
export function cellSentence(cell: HeatCell): string {
  const when = `${WEEKDAYS[cell.weekday]}, ${hourName(cell.hour)} to ${hourName(cell.hour + 1)}`;
  if (cell.mean === null) return `${when}: no such hour in this period`;
  const calls = cell.calls.toLocaleString("en-US");
  const hours = cell.hours.toLocaleString("en-US");
  return (
    `${when}: ${meanText(cell.mean)} calls an hour on average ` +
    `(${calls} ${cell.calls === 1 ? "call" : "calls"} in ${hours} such ` +
    `${cell.hours === 1 ? "hour" : "hours"})`
  );
}

/** The busiest and the quietest hour of the week; null where nothing is known. */
export function extremes(
  cells: readonly (readonly HeatCell[])[],
): { readonly most: HeatCell; readonly least: HeatCell } | null {
  const there = cells.flat().filter((cell) => cell.mean !== null);
  const ordered = there.sort((one, other) => (one.mean ?? 0) - (other.mean ?? 0));
  const [least, most] = [ordered[0], ordered.at(-1)];
  return least === undefined || most === undefined || most.calls === 0 ? null : { most, least };
}

/** Where a key leads in a table of so many rows and columns; null: it is not one of the grid's. */
export function gridMove(
  key: string,
  row: number,
  column: number,
  rows: number,
  columns: number,
): { readonly row: number; readonly column: number } | null {
  const kept = (value: number, size: number) => Math.max(0, Math.min(size - 1, value));
  switch (key) {
    case "ArrowUp":
      return { row: kept(row - 1, rows), column };
    case "ArrowDown":
      return { row: kept(row + 1, rows), column };
    case "ArrowLeft":
      return { row, column: kept(column - 1, columns) };
    case "ArrowRight":
      return { row, column: kept(column + 1, columns) };
    case "Home":
      return { row, column: 0 };
    case "End":
      return { row, column: columns - 1 };
    case "PageUp":
      return { row: 0, column };
    case "PageDown":
      return { row: rows - 1, column };
    default:
      return null;
  }
}
