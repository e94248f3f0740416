/** Lines over the time of batches, beside each other or stacked. */
import type uPlot from "uplot";

import { cityDate, clockMarks, shortCount } from "./axes.ts";
import { axis, Chart, type Colours } from "./chart.tsx";
import { instantClock } from "./formats.ts";
import type { Columns } from "./lines.ts";
import { Table } from "./table.tsx";

/** Rows of a chart's table: more than a screen of them is better had as CSV. */
export const TABLE_ROWS = 50;

const SERIES = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6"] as const;
/** Lines beyond the colours are told apart by their dashes. */
const DASHES = [[], [7, 4], [2, 3]] as const;

function colourOf(of: Colours, index: number): string {
  return of(SERIES[index % SERIES.length] ?? "--series-1");
}

interface LinesProps {
  readonly label: string;
  readonly columns: Columns;
  readonly unit: string;
  readonly format: (value: number | null) => string;
  readonly filled?: boolean;
}

export function LinesChart({ label, columns, unit, format, filled = false }: LinesProps) {
  const { x, lines } = columns;
  // The tallest of stacked lines is drawn first, so that the others lie upon it.
  const order = lines.map((_, index) => (filled ? lines.length - 1 - index : index));
  const data = [x, ...order.map((index) => lines[index]?.values ?? [])] as uPlot.AlignedData;
  const own = (line: number, at: number): number | null => {
    const value = lines[line]?.values[at] ?? null;
    if (!filled || value === null || line === 0) return value;
    return value - (lines[line - 1]?.values[at] ?? 0);
  };
  const sentence = (at: number): string => {
    const parts = lines.map(({ name }, line) => `${name} ${format(own(line, at))}`);
    const whole = filled ? `; in all ${format(lines.at(-1)?.values[at] ?? null)}` : "";
    return `${clockOf(x[at])}: ${parts.join(", ")}${whole} ${unit}`;
  };
  const names = lines.map(({ name }) => name).join("|");
  return (
    <Chart
      label={label}
      data={data}
      optionsKey={names}
      options={(of) => linesOptions(of, order, filled)}
      pointText={sentence}
      legend={lines.map(({ name }, index) => (
        <span key={name} class={`swatch ${filled ? "swatch-area" : "swatch-line"} series-${index % SERIES.length} dash-${Math.floor(index / SERIES.length)}`}>
          {name}
        </span>
      ))}
      table={() => <LinesTable label={label} columns={columns} own={own} format={format} unit={unit} />}
    />
  );
}

export function clockOf(seconds: number | undefined): string {
  return seconds === undefined ? "" : instantClock(new Date(seconds * 1000).toISOString());
}

function linesOptions(of: Colours, order: readonly number[], filled: boolean): Omit<uPlot.Options, "width" | "height"> {
  return {
    tzDate: cityDate,
    // At least 10: marks of a part of a record or of a millisecond mean nothing.
    scales: { y: { range: (_, __, high) => [0, Math.max(10, high * 1.1)] } },
    axes: [
      axis(of, { values: clockMarks, size: 32 }),
      axis(of, { values: (_, marks) => marks.map(shortCount), size: 52 }),
    ],
    series: [
      {},
      ...order.map((index) => ({
        stroke: colourOf(of, index),
        width: filled ? 1 : 2,
        dash: [...(DASHES[Math.floor(index / SERIES.length)] ?? [])],
        points: { show: false },
        ...(filled ? { fill: colourOf(of, index) } : {}),
      })),
    ],
  };
}

function LinesTable({ label, columns, own, format, unit }: {
  readonly label: string;
  readonly columns: Columns;
  readonly own: (line: number, at: number) => number | null;
  readonly format: (value: number | null) => string;
  readonly unit: string;
}) {
  const rows = columns.x.map((_, at) => at).slice(-TABLE_ROWS).reverse();
  return (
    <Table
      caption={`${label} The newest ${rows.length} batches, in ${unit}`}
      rows={rows}
      keyOf={(at) => at}
      columns={[
        { title: "End of the batch", heads: true, cell: (at) => clockOf(columns.x[at]) },
        ...columns.lines.map(({ name }, line) => ({
          title: name,
          number: true,
          cell: (at: number) => format(own(line, at)),
        })),
      ]}
    />
  );
}
