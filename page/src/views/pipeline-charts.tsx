/** The pipeline over time: lag, rates, durations by phase, the newest call against the clock. */
import type { ReadonlySignal } from "@preact/signals";
import type uPlot from "uplot";

import type { Batch } from "../api/answers.ts";
import type { Shown } from "../parts/answer.ts";
import { cityDate, clockMarks, eventMarks, TIME_MARKS } from "../parts/axes.ts";
import type { FollowedBatches } from "../parts/batches.ts";
import { axis, Chart } from "../parts/chart.tsx";
import { count, decimal, duration, minute } from "../parts/formats.ts";
import { lagLines, pace, rateLines, type Commit } from "../parts/lines.ts";
import { clockOf, LinesChart, TABLE_ROWS } from "../parts/lines-chart.tsx";
import {
  phaseShares,
  READING,
  readingPhases,
  stackedLines,
  STORING,
  storingPhases,
  type Phase,
} from "../parts/phases.ts";
import { Panel } from "../parts/panel.tsx";
import { wallText } from "../parts/period.ts";
import { useOwnSight } from "../parts/sight.ts";
import { Table } from "../parts/table.tsx";
import { linkTo, place } from "../state/url.ts";
import { EXPLAINED, paceSentence } from "./pipeline-texts.ts";

const NOTHING = "No batch was reported yet.";

/** How many of the newest batches the charts show. */
const CHOICES = [100, 300, 1000] as const;

function shownBatches(): number {
  return CHOICES.find((choice) => String(choice) === place.value.batches) ?? 300;
}

export function BatchesChoice() {
  return (
    <nav class="choices batches-choice" aria-label="Batches that the charts show">
      <span>Batches shown:</span>
      {CHOICES.map((choice) => (
        <a
          key={choice}
          class="choice"
          href={linkTo({ batches: String(choice) })}
          aria-current={choice === shownBatches() ? "true" : undefined}
        >
          {count(choice)}
        </a>
      ))}
    </nav>
  );
}

export function LagPanel({ shown, batches }: FollowedBatches) {
  return (
    <BatchPanel shown={shown} batches={batches} title="Lag by partition" says={EXPLAINED.lag} method="lag" name="lines-panel">
      {(known) => <LinesChart label="Records not read yet, by partition." columns={lagLines(known)} unit="records" format={count} />}
    </BatchPanel>
  );
}

export function RatePanel({ shown, batches }: FollowedBatches) {
  return (
    <BatchPanel shown={shown} batches={batches} title="Records a second" says={EXPLAINED.rates} method="rates" name="lines-panel">
      {(known) => <LinesChart label="Records a second, by batch." columns={rateLines(known)} unit="records/s" format={count} />}
    </BatchPanel>
  );
}

export function ReadingPanel({ shown, batches }: FollowedBatches) {
  return (
    <BatchPanel shown={shown} batches={batches} title="Duration of a batch" says={EXPLAINED.reading} method="batch" name="phases-panel">
      {(known) => <Phases batches={known} phases={READING} spentOf={readingPhases} label="Milliseconds of a batch by phase, stacked." />}
    </BatchPanel>
  );
}

export function StoringPanel({ shown, batches }: FollowedBatches) {
  return (
    <BatchPanel shown={shown} batches={batches} title="Proving, counting, committing" says={EXPLAINED.storing} method="batch" name="phases-panel">
      {(known) => <Phases batches={known} phases={STORING} spentOf={storingPhases} label="Milliseconds of storing by phase, stacked." />}
    </BatchPanel>
  );
}

interface BatchPanelProps {
  readonly shown: Shown<"/batches">;
  readonly batches: ReadonlySignal<readonly Batch[]>;
  readonly title: string;
  readonly says: string;
  readonly method: string;
  /** Of its room in the style sheet. */
  readonly name: string;
  readonly children: (batches: readonly Batch[]) => preact.ComponentChildren;
}

function BatchPanel({ shown, batches, title, says, method, name, children }: BatchPanelProps) {
  const mine = useOwnSight(shown);
  return (
    <Panel title={title} shown={mine} says={says} method={method} csv class={`half ${name}`} room="none">
      {() => {
        const known = batches.value.slice(-shownBatches());
        return known.length === 0 ? <p class="empty">{NOTHING}</p> : children(known);
      }}
    </Panel>
  );
}

function Phases({ batches, phases, spentOf, label }: {
  readonly batches: readonly Batch[];
  readonly phases: readonly Phase[];
  readonly spentOf: (batch: Batch) => Record<string, number>;
  readonly label: string;
}) {
  const shares = phaseShares(batches.slice(-100), phases, spentOf);
  const columns = stackedLines(batches, phases, spentOf);
  if (columns.lines.length === 0) {
    return <p class="empty">The reports of these batches do not say how long it took.</p>;
  }
  const ms = (value: number | null): string => decimal(value, 0);
  return (
    <>
      <LinesChart label={label} columns={columns} unit="ms" format={ms} filled />
      <details class="phases">
        <summary>What happens in each phase</summary>
        <Table
          caption="Phases of the newest 100 batches"
          rows={shares}
          keyOf={({ phase }) => phase.id}
          columns={[
            { title: "Phase", heads: true, cell: ({ phase }) => phase.name },
            { title: "Median", number: true, cell: ({ medianMs }) => `${ms(medianMs)} ms` },
            { title: "Share", number: true, cell: ({ share }) => `${decimal(share * 100, 0)}%` },
            { title: "What it is", class: "phase-sentence", cell: ({ phase }) => phase.sentence },
          ]}
        />
      </details>
    </>
  );
}

export function NewestPanel({ shown, commits }: FollowedBatches) {
  const mine = useOwnSight(shown);
  return (
    <Panel
      title="The newest call against the clock"
      shown={mine}
      says={EXPLAINED.newest}
      method="newest_call"
      class="newest-panel"
      room="none"
    >
      {() => (
        <div class="newest-both">
          <div>{commits.value.length > 1 ? <NewestChart commits={commits.value} /> : <p class="empty">The line begins with the next commit.</p>}</div>
          <div>
            <NewestFigures commits={commits.value} />
            <h3>Where is the watermark?</h3>
            <p class="says">{EXPLAINED.watermark}</p>
            <p class="says">{EXPLAINED.emptyWindow}</p>
          </div>
        </div>
      )}
    </Panel>
  );
}

function NewestFigures({ commits }: { readonly commits: readonly Commit[] }) {
  const last = commits.at(-1);
  return (
    <>
      <dl class="figures">
        <div>
          <dt>Newest call (event time)</dt>
          <dd>{last === undefined ? "–" : minute(wallText(last.newestMs))}</dd>
        </div>
        <div>
          <dt>Committed (processing time)</dt>
          <dd>{last === undefined ? "–" : clockOf(last.committedMs / 1000)}</dd>
        </div>
      </dl>
      <p class="pace">{paceSentence(pace(commits))}</p>
    </>
  );
}

function NewestChart({ commits }: { readonly commits: readonly Commit[] }) {
  const data: uPlot.AlignedData = [
    commits.map(({ committedMs }) => committedMs / 1000),
    commits.map(({ newestMs }) => newestMs / 1000),
  ];
  const first = commits[0]?.committedMs ?? 0;
  return (
    <Chart
      label="The newest call at each commit since this page was opened."
      data={data}
      options={(of) => ({
        tzDate: cityDate,
        axes: [axis(of, { values: clockMarks, size: 32 }), axis(of, { values: eventMarks, incrs: TIME_MARKS, size: 64 })],
        series: [{}, { stroke: of("--series-1"), width: 2, points: { show: false } }],
      })}
      pointText={(at) => {
        const commit = commits[at];
        if (commit === undefined) return "";
        return `Committed ${clockOf(commit.committedMs / 1000)}, ${duration(commit.committedMs - first)} after the first one shown: newest call ${minute(wallText(commit.newestMs))}`;
      }}
      table={() => (
        <Table
          caption="The newest call at each commit"
          rows={[...commits].slice(-TABLE_ROWS).reverse()}
          keyOf={({ committedMs }) => committedMs}
          columns={[
            { title: "Committed", heads: true, cell: ({ committedMs }) => clockOf(committedMs / 1000) },
            { title: "Newest call", cell: ({ newestMs }) => minute(wallText(newestMs)) },
          ]}
        />
      )}
    />
  );
}
