/** What became of the records, why some were set aside, and the bytes of each of these. */
import { useEffect, useRef } from "preact/hooks";

import type { Accounts, LatePage, RejectedPage } from "../api/answers.ts";
import { useAnswer } from "../parts/answer.ts";
import { count, duration, instant, minute, share } from "../parts/formats.ts";
import { Panel, Problem } from "../parts/panel.tsx";
import { Table } from "../parts/table.tsx";
import { go, linkTo, place } from "../state/url.ts";
import { EXPLAINED, OUTCOMES } from "./pipeline-texts.ts";

const PAGE_ROWS = 50;
/** In the address, in the place of a reason: the records that are late. */
const LATE = "late";

type Outcome = keyof typeof OUTCOMES;
const NAMES = Object.keys(OUTCOMES) as Outcome[];

export function AccountsFigures({ accounts, reasons }: {
  readonly accounts: Accounts;
  readonly reasons: Readonly<Record<string, number>>;
}) {
  const chosen = place.value.reason;
  return (
    <>
      <p class="equation" aria-label="The accounts as a sum">
        <span>
          <b>{count(accounts.read)}</b> read
        </span>
        {NAMES.map((name, index) => (
          <span key={name} class={`outcome outcome-${name}`}>
            {index === 0 ? "= " : "+ "}
            <b>{count(accounts[name])}</b> {name}
          </span>
        ))}
      </p>
      <Shares accounts={accounts} />
      <Table
        caption="What became of the records"
        rows={NAMES}
        keyOf={(name) => name}
        columns={[
          { title: "Outcome", heads: true, cell: (name) => <span class={`outcome outcome-${name}`}>{name}</span> },
          { title: "Records", number: true, cell: (name) => count(accounts[name]) },
          { title: "Share", number: true, cell: (name) => (accounts.read === 0 ? "–" : share(accounts[name] / accounts.read)) },
          { title: "What it means", wide: true, cell: (name) => OUTCOMES[name] },
        ]}
      />
      <p class="note">
        Gaps: {count(accounts.gaps)}. {EXPLAINED.gaps}
      </p>
      <h3>Set aside, by reason</h3>
      {accounts.rejected + accounts.late === 0 && <p class="empty">No record was set aside.</p>}
      <ul class="reasons">
        {Object.entries(reasons)
          .sort(([, one], [, other]) => other - one)
          .map(([reason, records]) => (
            <ReasonLink key={reason} reason={reason} records={records} chosen={chosen === reason} />
          ))}
        {accounts.late > 0 && <ReasonLink reason={LATE} records={accounts.late} chosen={chosen === LATE} />}
      </ul>
    </>
  );
}

function ReasonLink({ reason, records, chosen }: {
  readonly reason: string;
  readonly records: number;
  readonly chosen: boolean;
}) {
  return (
    <li>
      <a
        href={linkTo({ reason: chosen ? null : reason, after: null, record: null })}
        aria-current={chosen ? "true" : undefined}
      >
        {reason}
      </a>{" "}
      <b>{count(records)}</b>
    </li>
  );
}

/** The shares as one bar. Its figures stand in the table, so it is decoration. */
function Shares({ accounts }: { readonly accounts: Accounts }) {
  if (accounts.read === 0) return null;
  let from = 0;
  return (
    <svg class="shares" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      {NAMES.map((name) => {
        const width = (100 * accounts[name]) / accounts.read;
        const x = from;
        from += width;
        // What is there at all is seen, however little it is.
        return <rect key={name} class={`fill-${name}`} x={x} y="0" width={width > 0 ? Math.max(width, 0.4) : 0} height="6" />;
      })}
    </svg>
  );
}

/** The records of the reason that the address names. */
export function AsidePanel() {
  const reason = place.value.reason;
  if (reason === undefined) return null;
  return reason === LATE ? <LatePanel key={reason} /> : <RejectedPanel key={reason} reason={reason} />;
}

function RejectedPanel({ reason }: { readonly reason: string }) {
  const after = place.value.after ?? null;
  const shown = useAnswer("/rejected", { reason, after, limit: PAGE_ROWS }, false);
  return (
    <Panel title={`Rejected: ${reason}`} shown={shown} says={EXPLAINED.asideRejected} method="rejected" room="middle" empty={isEmpty} controls={<CloseLink />}>
      {(answer) => (
        <>
          <p class="note">{answer.records[0]?.rule}</p>
          <Table
            caption={`Rejected records: ${reason}`}
            rows={answer.records}
            keyOf={({ partition, offset }) => `${partition}:${offset}`}
            columns={[
              { title: "Record", heads: true, cell: (record) => <RecordLink {...record} /> },
              { title: "Partition", number: true, cell: ({ partition }) => count(partition) },
              { title: "Offset", number: true, cell: ({ offset }) => count(offset) },
              { title: "Reason", cell: (record) => record.reason },
            ]}
          />
          <Pages next={answer.next} />
        </>
      )}
    </Panel>
  );
}

function LatePanel() {
  const after = place.value.after ?? null;
  const shown = useAnswer("/late", { after, limit: PAGE_ROWS }, false);
  return (
    <Panel title="Late records" shown={shown} says={EXPLAINED.asideLate} method="late" room="middle" empty={isEmpty} controls={<CloseLink />}>
      {(answer) => (
        <>
          <Table
            caption="Late records, by place in the topic"
            rows={answer.records}
            keyOf={({ partition, offset }) => `${partition}:${offset}`}
            columns={[
              { title: "Record", heads: true, cell: (record) => <RecordLink {...record} /> },
              { title: "Call", cell: (record) => minute(record.call_time) },
              { title: "Published", wide: true, cell: (record) => moment(record.published_at) },
              { title: "Later than the call by", number: true, cell: (record) => duration(record.late_by_s * 1000) },
            ]}
          />
          <Pages next={answer.next} />
        </>
      )}
    </Panel>
  );
}

/** An instant has its zone at its end; a wall time has none and is not moved. */
function moment(text: string | null): string {
  if (text === null) return "no date";
  return text.endsWith("Z") ? instant(text) : minute(text);
}

function isEmpty({ records }: RejectedPage | LatePage): string | false {
  return records.length === 0 ? "No record was set aside for this reason." : false;
}

function CloseLink() {
  return (
    <a class="quiet" href={linkTo({ reason: null, after: null, record: null })}>
      Close
    </a>
  );
}

function RecordLink({ partition, offset }: { readonly partition: number; readonly offset: number }) {
  const record = `${partition}:${offset}`;
  return (
    <a href={linkTo({ record })} aria-label={`Bytes of the record at offset ${offset} of partition ${partition}`}>
      {record}
    </a>
  );
}

function Pages({ next }: { readonly next: string | null }) {
  const after = place.value.after;
  if (next === null && after === undefined) return null;
  return (
    <nav class="pages" aria-label="Pages of the records">
      {after !== undefined && <a href={linkTo({ after: null, record: null })}>First page</a>}
      {next !== null && <a href={linkTo({ after: next, record: null })}>Next page</a>}
    </nav>
  );
}

/** The bytes of the record that the address names, over the page. */
export function RecordDialog() {
  const record = place.value.record;
  if (record === undefined) return null;
  const [partition, offset] = record.split(":").map(Number);
  return partition === undefined || offset === undefined ? null : (
    <OpenRecord key={record} partition={partition} offset={offset} />
  );
}

function OpenRecord({ partition, offset }: { readonly partition: number; readonly offset: number }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = useAnswer(`/records/${partition}/${offset}`, {}, false);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const [answer, error] = [shown.answer.value, shown.error.value];
  return (
    <dialog
      ref={dialog}
      class="method"
      aria-labelledby="record-title"
      onClose={() => {
        go({ record: null });
      }}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div class="method-inside">
        <h2 id="record-title">
          Record {partition}:{offset}
        </h2>
        <p class="says">
          The bytes that the topic holds at offset {count(offset)} of partition {partition} now. Everything but
          printable ASCII is written as \x and two digits.
        </p>
        {answer === null && error === null && <p class="loading">Loading …</p>}
        {error !== null && <Problem error={error} again={shown.again} />}
        {answer?.found === false && <p class="empty">The topic holds this record no longer.</p>}
        {answer?.found === true && (
          <>
            <pre class="bytes" tabIndex={0} aria-label="Bytes of the record">
              {answer.escaped}
            </pre>
            <p class="note">
              {count(answer.size)} bytes{answer.cut ? "; only the first ones are shown" : ""}.
            </p>
          </>
        )}
        <p class="note">
          In a terminal: <code>sfcrime rejected --bytes</code>, <code>sfcrime late --bytes</code>
        </p>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </div>
    </dialog>
  );
}
