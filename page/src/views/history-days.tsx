/** Calls a day, with the days of the other period beside them. */
import uPlot from "uplot";

import type { Day, Days } from "../api/answers.ts";
import { DAY_MARKS, shortCount, wallMarks } from "../parts/axes.ts";
import { axis, Chart, type Colours } from "../parts/chart.tsx";
import { count, counted as countedText, day as dayText } from "../parts/formats.ts";
import { Panel } from "../parts/panel.tsx";
import { wallMs, type Period } from "../parts/period.ts";
import { useAnswer } from "../parts/answer.ts";
import { Table } from "../parts/table.tsx";
import { hourOnly, type Looked } from "./history-place.ts";

interface DayRow {
  readonly day: Day;
  /** A day that the period or the count holds only a part of. */
  readonly part: boolean;
  readonly other: Day | null;
}

export interface DaysProps {
  readonly looked: Looked;
  /** The other period, where it was counted. */
  readonly other: Period | null;
  readonly category: string | undefined;
  readonly type: string | undefined;
}

export function DaysPanel({ looked, other, category, type }: DaysProps) {
  const asked = (period: Period) => ({
    since: hourOnly(period.since),
    until: hourOnly(period.until),
    category: category ?? null,
    type: type ?? null,
  });
  const shown = useAnswer("/days", asked(looked.period));
  // Where nothing is compared the same question is asked: it is answered from what is known.
  const others = useAnswer("/days", asked(other ?? looked.period), false).answer.value;
  return (
    <Panel
      title="Calls a day"
      shown={shown}
      method="days"
      csv
      class="history-days"
      room="none"
      says="Each bar is a day of the period; one in the pale colour is a day of which the period or the count holds only a part."
      empty={({ days }) => (days.length === 0 ? "Nothing was counted in this period." : false)}
    >
      {(answer) => <DaysChart rows={dayRows(answer, other === null ? null : others)} compared={other !== null} />}
    </Panel>
  );
}

export function dayRows(days: Days, others: Days | null): DayRow[] {
  return days.days.map((day, index) => ({
    day,
    part: isPart(day, days),
    other: others?.days[index] ?? null,
  }));
}

function isPart(day: Day, { since, until }: Days): boolean {
  const begin = wallMs(day.day) ?? 0;
  return !day.complete || begin < (wallMs(since) ?? 0) || begin + 86_400_000 > (wallMs(until) ?? 0);
}

function DaysChart({ rows, compared }: { readonly rows: readonly DayRow[]; readonly compared: boolean }) {
  if (rows.every(({ part }) => part)) {
    return (
      <>
        <p class="empty">This period holds no whole day, so its days cannot be told from one another. Its hours are below.</p>
        <DaysTable rows={rows} compared={compared} />
      </>
    );
  }
  const x = rows.map(({ day }) => (wallMs(day.day) ?? 0) / 1000);
  const whole = rows.map(({ day, part }) => (part ? null : day.calls));
  const parts = rows.map(({ day, part }) => (part ? day.calls : null));
  const other = rows.map((row) => (compared ? (row.other?.calls ?? null) : null));
  return (
    <Chart
      label="Calls a day."
      data={[x, whole, parts, other]}
      options={options}
      optionsKey={x.length > 1 ? "days" : "day"}
      pointText={(index) => sentence(rows[index], compared)}
      legend={
        <>
          <span class="swatch swatch-bar">A day</span>
          <span class="swatch swatch-bar-part">Part of a day</span>
          {compared && <span class="swatch swatch-other">The other period, day by day</span>}
        </>
      }
      table={() => <DaysTable rows={rows} compared={compared} />}
    />
  );
}

const HALF_DAY_S = 43_200;

function sentence(row: DayRow | undefined, compared: boolean): string {
  if (row === undefined) return "";
  const part = row.part ? " (part of a day)" : "";
  const other = row.other === null || !compared ? "" : `; ${dayText(row.other.day)}: ${count(row.other.calls)}`;
  return `${dayText(row.day.day)}${part}: ${countedText(row.day.calls, "call")}${other}`;
}

function options(of: Colours): Omit<uPlot.Options, "width" | "height"> {
  const bars = uPlot.paths.bars?.({ size: [0.7, 40] });
  const drawn = bars === undefined ? {} : { paths: bars };
  return {
    scales: {
      // Half a day of room, so that the first and the last bar are whole.
      x: { time: false, range: (_, first, last) => [first - HALF_DAY_S, last + HALF_DAY_S] },
      y: { range: (_, __, high) => [0, Math.max(1, high * 1.08)] },
    },
    axes: [
      axis(of, { values: wallMarks, incrs: DAY_MARKS, size: 32 }),
      axis(of, { values: (_, marks) => marks.map(shortCount), size: 48 }),
    ],
    series: [
      {},
      { ...drawn, fill: of("--accent"), width: 0, points: { show: false } },
      { ...drawn, fill: of("--accent-pale"), stroke: of("--accent"), width: 1, points: { show: false } },
      { stroke: of("--ink"), width: 2, dash: [6, 4], points: { show: true, size: 6, fill: of("--panel") } },
    ],
  };
}

function DaysTable({ rows, compared }: { readonly rows: readonly DayRow[]; readonly compared: boolean }) {
  const other = [
    { title: "Other day", cell: (row: DayRow) => (row.other === null ? "–" : dayText(row.other.day)) },
    { title: "Its calls", number: true, cell: (row: DayRow) => count(row.other?.calls) },
  ];
  return (
    <Table
      caption="Calls of each day"
      rows={rows}
      keyOf={({ day }) => day.day}
      columns={[
        { title: "Day", heads: true, cell: (row) => `${dayText(row.day.day)}${row.part ? " (part)" : ""}` },
        { title: "Calls", number: true, cell: (row) => count(row.day.calls) },
        ...(compared ? other : []),
      ]}
    />
  );
}
