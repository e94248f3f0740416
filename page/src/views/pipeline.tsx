/** The pipeline: how the stream is doing, for whoever learns from it or looks after it. */
import { useEffect } from "preact/hooks";

import type { LastAudit, SettingsInForce } from "../api/answers.ts";
import { useAnswer } from "../parts/answer.ts";
import { useBatches } from "../parts/batches.ts";
import { count, counted, instant, minute } from "../parts/formats.ts";
import { visibleText } from "../parts/label.tsx";
import { Panel } from "../parts/panel.tsx";
import { Prose } from "../parts/prose.tsx";
import { useOwnSight } from "../parts/sight.ts";
import { Table } from "../parts/table.tsx";
import { serverState, snapshot } from "../state/live.ts";
import { AccountsFigures, AsidePanel, RecordDialog } from "./pipeline-accounts.tsx";
import { BatchesChoice, LagPanel, NewestPanel, RatePanel, ReadingPanel, StoringPanel } from "./pipeline-charts.tsx";
import { Path, StatePanel, withLag, type OverviewProps } from "./pipeline-state.tsx";
import { EXPLAINED, verdictSentence } from "./pipeline-texts.ts";
import "./shared.css";
import "./pipeline.css";

/** As often as the server asks the topic for its ends. */
const BETWEEN_LAGS_MS = 5000;

export function PipelineView() {
  const followed = useBatches();
  const overview = useAnswer("/overview");
  // The lag changes without a batch: where nothing is counted it may even be known only later.
  useEffect(() => {
    const timer = setInterval(overview.again, BETWEEN_LAGS_MS);
    return () => {
      clearInterval(timer);
    };
  }, [overview]);
  return (
    <div class="view pipeline">
      <h1>The pipeline</h1>
      <p class="lead">
        Records come from a source, a producer publishes them to Kafka, one Spark Structured Streaming
        query reads and judges them batch by batch, and one transaction a batch writes everything that
        it came to.
      </p>
      <Path overview={overview} />
      <div class="grid">
        <StatePanel overview={overview} />
        <AccountsPanel overview={overview} />
        <AsidePanel />
        <BatchesChoice />
        <LagPanel {...followed} />
        <RatePanel {...followed} />
        <ReadingPanel {...followed} />
        <StoringPanel {...followed} />
        <NewestPanel {...followed} />
        <KeptPanel overview={overview} />
        <PartitionsPanel overview={overview} />
        <AuditPanel />
        <SettingsPanel />
      </div>
      <RecordDialog />
    </div>
  );
}

function AccountsPanel({ overview }: OverviewProps) {
  const shown = useOwnSight(overview);
  return (
    <Panel title="Accounts" shown={shown} says={EXPLAINED.accounts} method="accounts" class="half" room="middle">
      {(answer) => (
        <AccountsFigures
          accounts={snapshot.value?.accounts ?? answer.accounts}
          reasons={snapshot.value?.rejected_by_reason ?? answer.rejected_by_reason}
        />
      )}
    </Panel>
  );
}

function KeptPanel({ overview }: OverviewProps) {
  const shown = useOwnSight(overview);
  return (
    <Panel title="What is remembered" shown={shown} says={EXPLAINED.kept} method="accounts" class="third" room="middle">
      {(answer) => (
        <dl class="facts">
          <dt>State in Spark</dt>
          <dd>None: no rows, no shuffle, no watermark, and a checkpoint that each start throws away.</dd>
          <dt>Identities in the store</dt>
          <dd>
            {count((snapshot.value?.accounts ?? answer.accounts).counted)}: one for each counted call (its
            number, time and stage), for as long as this count lasts.
          </dd>
          <dt>Generation</dt>
          <dd>
            {count(answer.meta.generation)}: one count from the beginning; only <code>sfcrime rebuild</code> makes
            another one.
          </dd>
          <dt>Window of a cell</dt>
          <dd>{counted(answer.meta.window_minutes, "minute")}: counts are kept by window, raw call type and disposition.</dd>
          <dt>Newest call</dt>
          <dd>{answer.meta.as_of === null ? "none" : minute(answer.meta.as_of)}</dd>
          <dt>Memory</dt>
          <dd>
            Bounded, whatever the topic holds: one batch is read while one is stored. This server’s own
            use is at <a href="/metrics" target="_blank" rel="noopener">/metrics</a>.
          </dd>
        </dl>
      )}
    </Panel>
  );
}

function PartitionsPanel({ overview }: OverviewProps) {
  const shown = useOwnSight(overview);
  return (
    <Panel title="Partitions" shown={shown} says={EXPLAINED.partitions} method="accounts" class="third" room="middle">
      {(answer) => (
        <Table
          caption="What was read of each partition"
          rows={answer.partitions}
          keyOf={({ partition }) => partition}
          columns={[
            { title: "Partition", heads: true, cell: ({ partition }) => String(partition) },
            { title: "Offsets", number: true, cell: ({ start, end }) => `${count(start)} to ${count(end)}` },
            { title: "Counted", number: true, cell: (row) => count(row.counted) },
            { title: "Late", number: true, wide: true, cell: (row) => count(row.late) },
            { title: "Rejected", number: true, wide: true, cell: (row) => count(row.rejected) },
            {
              title: "Lag",
              number: true,
              cell: ({ partition }) => count(withLag(serverState.value, answer.state)?.lag_by_partition?.[partition]),
            },
          ]}
        />
      )}
    </Panel>
  );
}

function AuditPanel() {
  const shown = useAnswer("/audit");
  return (
    <Panel title="The last audit" shown={shown} says={EXPLAINED.audit} method="audit" class="third" room="middle">
      {(answer) => <AuditFigures answer={answer} />}
    </Panel>
  );
}

function AuditFigures({ answer }: { readonly answer: LastAudit }) {
  const { audit, batches_since: since } = answer;
  if (audit === null) {
    return (
      <p class="empty">
        No audit was made of this store yet. Make one: <code>sfcrime audit</code>
      </p>
    );
  }
  return (
    <>
      <p class={audit.equal ? "verdict verdict-equal" : "verdict verdict-different"}>
        {verdictSentence(audit.equal, audit.differing, since)}
      </p>
      <dl class="facts">
        <dt>Audited</dt>
        <dd>{instant(audit.audited_at)}</dd>
        <dt>Up to batch</dt>
        <dd>{audit.batch === null ? "none" : count(audit.batch)}</dd>
        <dt>Cells compared</dt>
        <dd>{count(audit.cells)}</dd>
        <dt>Recounted</dt>
        <dd>
          {count(audit.accounts.read)} read: {count(audit.accounts.counted)} counted,{" "}
          {count(audit.accounts.duplicate)} duplicate, {count(audit.accounts.late)} late,{" "}
          {count(audit.accounts.rejected)} rejected
        </dd>
      </dl>
    </>
  );
}

function SettingsPanel() {
  const shown = useAnswer("/settings", {}, false);
  return (
    <Panel title="Settings in force" shown={shown} says={EXPLAINED.settings} class="settings" room="large">
      {(answer) => <SettingsTable answer={answer} />}
    </Panel>
  );
}

type Setting = SettingsInForce["settings"][number];

function SettingsTable({ answer }: { readonly answer: SettingsInForce }) {
  const value = (setting: Setting): string => (setting.value === "" ? "empty" : visibleText(setting.value));
  return (
    <>
      <p class="note">
        {answer.from_job
          ? "As the newest job was started. Values other than the default are marked."
          : "As this server was started, because no job said with which settings it runs. Values other than the default are marked."}
      </p>
      <Table
        caption="Each setting and its value"
        rows={answer.settings}
        keyOf={({ name }) => name}
        rowClass={(setting) => (setting.value === setting.default ? undefined : "setting-changed")}
        columns={[
          { title: "Setting", heads: true, cell: ({ name }) => <code>{name}</code> },
          {
            title: "Value",
            cell: (setting) => (
              <>
                <bdi class="setting-value">{value(setting)}</bdi>
                {setting.value !== setting.default && (
                  <small> (default: {setting.default === "" ? "empty" : setting.default})</small>
                )}
              </>
            ),
          },
          { title: "What it does", class: "setting-text", cell: ({ description }) => <Prose text={description} /> },
          {
            title: "What the lab found",
            class: "setting-text",
            cell: ({ lab }) => (lab === null ? <span class="note">not tried</span> : <Prose text={lab} />),
          },
        ]}
      />
    </>
  );
}
