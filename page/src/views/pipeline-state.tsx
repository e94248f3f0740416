/** Whether the stream goes on, and the way of a record with a figure at each station. */
import type { Overview, Part, State } from "../api/answers.ts";
import type { Shown } from "../parts/answer.ts";
import { count, counted, duration, instant, instantClock } from "../parts/formats.ts";
import { visibleText } from "../parts/label.tsx";
import { Panel } from "../parts/panel.tsx";
import { useOwnSight } from "../parts/sight.ts";
import { Table } from "../parts/table.tsx";
import { serverState, snapshot } from "../state/live.ts";
import { EXPLAINED, lagSentence } from "./pipeline-texts.ts";

/** The way of a record, with a figure at each station. */
export function Path({ overview }: OverviewProps) {
  const answer = overview.answer.value;
  const now = snapshot.value ?? answer;
  const state = withLag(serverState.value, answer?.state ?? null);
  const last = now?.last_batch;
  const partitions = answer?.partitions.length ?? 0;
  const stations: readonly (readonly [string, string, ...string[]])[] = [
    ["Source", now === null ? "–" : visibleText(now.meta.source), "producer"],
    ["Kafka topic", `${counted(partitions, "partition")}; ${lagShort(state?.lag)}`, "broker"],
    ["Spark query", last ? `${counted(last.input_rows, "record")} in ${duration(last.duration_ms)}` : "no batch yet", "stream"],
    ["Store", `${count(now?.accounts.counted)} calls counted in ${counted(now?.batches ?? 0, "batch", "batches")}`],
    ["This page", now?.meta.committed_at ? `as of ${instantClock(now.meta.committed_at)}` : "nothing yet"],
  ];
  return (
    <ol class="path" aria-label="The way of a record">
      {stations.map(([name, figure, ...parts]) => (
        <li key={name}>
          <span>{name}</span>
          <bdi>{figure}</bdi>
          {downOf(state, parts).map((part) => (
            <strong key={part.name} class="status-stale">
              {stateOf(part)}
            </strong>
          ))}
        </li>
      ))}
    </ol>
  );
}

/** The parts of these names that are down. */
function downOf(state: State | null, names: readonly string[]): readonly Part[] {
  return state?.parts.filter((part) => part.state === "down" && names.includes(part.name)) ?? [];
}

/** "up since 9:14:05 AM", with the day: a part may be up for weeks. */
export function stateOf({ state, since }: Pick<Part, "state" | "since">): string {
  return since === null ? state : `${state} since ${instant(since)}`;
}

function lagShort(lag: number | null | undefined): string {
  return typeof lag === "number" ? `${counted(lag, "record")} not read yet` : "lag not known";
}

export interface OverviewProps {
  readonly overview: Shown<"/overview">;
}

export function StatePanel({ overview }: OverviewProps) {
  const shown = useOwnSight(overview);
  return (
    <Panel title="State" shown={shown} says={EXPLAINED.state} method="state" class="half" room="middle">
      {(answer) => <StateFigures overview={answer} />}
    </Panel>
  );
}

/** Of two states the one that knows the lag; of two that do not, the one that was asked for. */
export function withLag<S extends State | null>(streamed: S, asked: S): S {
  return streamed !== null && streamed.lag !== null ? streamed : (asked ?? streamed);
}

function StateFigures({ overview }: { readonly overview: Overview }) {
  const state = serverState.value ?? overview.state;
  const lag = withLag(state, overview.state);
  const last = snapshot.value?.last_batch ?? overview.last_batch;
  return (
    <>
      <p class={`state-word status-${state.state}`}>
        <span class="status-mark" aria-hidden="true" /> {state.state === "live" ? "Live" : "Stale"}
        {state.since !== null && <> since {instant(state.since)}</>}
      </p>
      <p>{visibleText(state.reason)}</p>
      <PartsTable state={state} />
      <dl class="facts">
        <dt>Lag now</dt>
        <dd>{lagSentence(lag.lag, lag.lag_reason)}</dd>
        <dt>Batches</dt>
        <dd>
          {count(snapshot.value?.batches ?? overview.batches)}
          {last !== null &&
            `; the newest read ${counted(last.input_rows, "record")} in ${duration(last.duration_ms)}`}
        </dd>
        <dt>Job started</dt>
        <dd>{state.job_started_at === null ? "not known" : instant(state.job_started_at)}</dd>
        <dt>Job last seen</dt>
        <dd>{state.job_seen_at === null ? "not known" : instant(state.job_seen_at)}</dd>
        <dt>Starts</dt>
        <dd>
          {count(state.starts)}. {EXPLAINED.starts}
        </dd>
        <dt>Spark’s own page</dt>
        <dd>
          <SparkLink address={overview.spark_ui} />
        </dd>
      </dl>
    </>
  );
}

/** The parts of the run, and how often each was started again. */
export function PartsTable({ state }: { readonly state: Pick<State, "parts" | "run_started_at"> }) {
  if (state.run_started_at === null) return <p class="note">{EXPLAINED.unsupervised}</p>;
  return (
    <>
      <Table
        caption="The parts of the run"
        rows={state.parts}
        keyOf={({ name }) => name}
        rowClass={(part) => (part.state === "down" ? "part-down" : undefined)}
        columns={[
          { title: "Part", heads: true, cell: ({ name }) => visibleText(name) },
          { title: "State", cell: stateOf },
          { title: "Restarts", number: true, cell: ({ restarts }) => count(restarts) },
          { title: "Why it was last down", cell: ({ reason }) => (reason === "" ? "it never was" : visibleText(reason)) },
        ]}
      />
      <p class="note">
        Restarts are counted since the run began, {instant(state.run_started_at)}. {EXPLAINED.parts}
      </p>
    </>
  );
}

/** Only an address of this machine becomes a link: it was written by the job, not by us. */
export function isLoopback(address: string): boolean {
  try {
    const { protocol, hostname } = new URL(address);
    return protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
  } catch {
    return false;
  }
}

function SparkLink({ address }: { readonly address: string | null }) {
  if (address === null) return <>not known; it is there only while a job runs</>;
  if (!isLoopback(address)) return <bdi>{visibleText(address)}</bdi>;
  return (
    <>
      <a href={address} target="_blank" rel="noopener noreferrer">
        Spark UI
      </a>{" "}
      (another port of this machine: jobs, stages and the query’s plan)
    </>
  );
}
