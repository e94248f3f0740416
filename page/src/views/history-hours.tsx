/** Hours against what is usual for them, as a chart and as a table. */
import uPlot from "uplot";

import type { Hour } from "../api/answers.ts";
import { shortCount, wallDate, wallMarks } from "../parts/axes.ts";
import { axis, Chart, type Colours } from "../parts/chart.tsx";
import { count, decimal, hour as hourText } from "../parts/formats.ts";
import { wallMs } from "../parts/period.ts";
import { Table } from "../parts/table.tsx";

export function HoursChart({ hours }: { readonly hours: readonly Hour[] }) {
  const x = hours.map(({ hour }) => (wallMs(hour) ?? 0) / 1000);
  const data: uPlot.AlignedData = [
    x,
    hours.map(({ usual }) => usual?.high ?? null),
    hours.map(({ usual }) => usual?.low ?? null),
    hours.map(({ usual }) => usual?.median ?? null),
    // The hour so far is no fall of the line: it is a point of its own.
    hours.map(({ calls, state }) => (state === "so_far" ? null : calls)),
    hours.map(({ calls, state }) => (state === "so_far" ? calls : null)),
    hours.map(({ calls, stands_out: out }) => (out === null ? null : calls)),
  ];
  return (
    <Chart
      label="Calls an hour, and what is usual."
      data={data}
      options={options}
      pointText={(index) => hourSentence(hours[index])}
      legend={
        <>
          <span class="swatch swatch-calls">Calls</span>
          <span class="swatch swatch-usual">Usual: median and middle half</span>
          <span class="swatch swatch-odd">Stands out</span>
          <span class="swatch swatch-so-far">Hour so far</span>
        </>
      }
      table={() => <HoursTable hours={hours} />}
    />
  );
}

function options(of: Colours): Omit<uPlot.Options, "width" | "height"> {
  return {
    tzDate: wallDate,
    scales: { y: { range: (_, __, high) => [0, Math.max(1, high * 1.08)] } },
    axes: [
      axis(of, { values: wallMarks, size: 32 }),
      axis(of, { values: (_, marks) => marks.map(shortCount), size: 48 }),
    ],
    bands: [{ series: [1, 2], fill: of("--usual-band") }],
    series: [
      {},
      { width: 0, points: { show: false } },
      { width: 0, points: { show: false } },
      { stroke: of("--ink"), width: 1.5, dash: [5, 4], points: { show: false } },
      { stroke: of("--accent"), width: 2.5, points: { show: true, size: 5, fill: of("--accent") } },
      { width: 0, points: { show: true, size: 8, width: 2, stroke: of("--accent"), fill: of("--panel") } },
      { width: 0, points: { show: true, size: 11, width: 2, stroke: of("--odd"), fill: "transparent" } },
    ],
  };
}

const STATES: Readonly<Record<Hour["state"], string>> = {
  complete: "",
  so_far: " (so far: the hour is not over)",
  repeated: " (the wall clock showed this hour twice)",
  missing: " (the wall clock skipped this hour)",
};

function hourSentence(hour: Hour | undefined): string {
  if (hour === undefined) return "";
  const calls = hour.calls === null ? "no figure" : `${count(hour.calls)} calls`;
  const usual =
    hour.usual === null
      ? "; too few weeks to say what is usual"
      : `; usual ${decimal(hour.usual.median)}, middle half ${decimal(hour.usual.low)} to ${decimal(hour.usual.high)}, n = ${hour.usual.n} weeks`;
  const out = hour.stands_out === null ? "" : hour.stands_out === "high" ? "; unusually many" : "; unusually few";
  return `${hourText(hour.hour)}${STATES[hour.state]}: ${calls}${usual}${out}`;
}

function HoursTable({ hours }: { readonly hours: readonly Hour[] }) {
  return (
    <Table
      caption="Calls of each hour, and what is usual"
      rows={[...hours].reverse()}
      keyOf={({ hour }) => hour}
      columns={[
        { title: "Hour", heads: true, cell: (hour) => `${hourText(hour.hour)}${STATES[hour.state]}` },
        { title: "Calls", number: true, cell: (hour) => count(hour.calls) },
        { title: "Usual", number: true, cell: (hour) => decimal(hour.usual?.median) },
        {
          title: "Middle half",
          number: true,
          wide: true,
          cell: (hour) => (hour.usual === null ? "–" : `${decimal(hour.usual.low)} to ${decimal(hour.usual.high)}`),
        },
        { title: "Weeks", number: true, wide: true, cell: (hour) => count(hour.usual?.n) },
        {
          title: "Stands out",
          cell: (hour) => (hour.stands_out === null ? "" : hour.stands_out === "high" ? "many" : "few"),
        },
      ]}
    />
  );
}
