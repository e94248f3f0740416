/** Two periods beside each other: all calls, categories, types. */
import type { Compared, Comparison } from "../api/answers.ts";
import { changeWords, perDay } from "../parts/change.ts";
import { count, decimal, span } from "../parts/formats.ts";
import { Label } from "../parts/label.tsx";
import { Panel } from "../parts/panel.tsx";
import { countedPart, overlaps, type Counted, type Period } from "../parts/period.ts";
import { useAnswer } from "../parts/answer.ts";
import { Table } from "../parts/table.tsx";
import { linkTo } from "../state/url.ts";
import { hourOnly } from "./history-place.ts";

export interface ComparisonProps {
  readonly period: Period;
  readonly other: Period;
  readonly counted: Counted;
}

export function ComparisonPanel({ period, other, counted }: ComparisonProps) {
  const shown = useAnswer("/comparison", {
    since: hourOnly(period.since),
    until: hourOnly(period.until),
    other_since: hourOnly(other.since),
    other_until: hourOnly(other.until),
  });
  return (
    <Panel
      title="Compared with the other period"
      shown={shown}
      method="comparison"
      csv
      class="history-compare"
      room="large"
      says="All calls, whatever is filtered above. Figures are per day, so periods of different length can be compared. A change says how often people called or officers went, not how safe the city is."
    >
      {(answer) => (
        <>
          <Summary answer={answer} notes={notesOf(period, other, counted)} />
          <div class="history-both">
            <CompareTable caption="Categories" rows={answer.categories} link="category" />
            <CompareTable caption="Types" rows={answer.types} link="type" />
          </div>
          <p class="says">
            The 25 types with the most calls in both periods together. Under 20 calls in either period
            no percentage is given: it would mostly show chance. The two counts are shown instead.
          </p>
        </>
      )}
    </Panel>
  );
}

/** What has to be said of the two periods; an answer itself names the counted part of what was asked. */
function notesOf(period: Period, other: Period, counted: Counted): readonly string[] {
  return [
    countedPart(other, counted) === "partly" &&
      "Only a part of the other period was counted; per day, that part stands for it.",
    countedPart(period, counted) === "partly" &&
      "Only a part of this period was counted; per day, that part stands for it.",
    overlaps(period, other) && "The two periods overlap: the same calls are in both.",
  ].filter((note) => note !== false);
}

function Summary({ answer, notes }: { readonly answer: Comparison; readonly notes: readonly string[] }) {
  const words = changeWords(answer.total);
  return (
    <>
      <dl class="figures">
        <div>
          <dt>This period</dt>
          <dd>
            <strong>{perDay(answer.total.per_day)}</strong> calls a day
            <small>
              {span(answer.since, answer.until)}: {count(answer.total.calls)} calls in {decimal(answer.days)} days
            </small>
          </dd>
        </div>
        <div>
          <dt>The other</dt>
          <dd>
            <strong>{perDay(answer.total.other_per_day)}</strong> calls a day
            <small>
              {span(answer.other_since, answer.other_until)}: {count(answer.total.other_calls)} calls in{" "}
              {decimal(answer.other_days)} days
            </small>
          </dd>
        </div>
        <div>
          <dt>Change</dt>
          <dd>
            <strong>{words.short}</strong>
            <small>{words.full}</small>
          </dd>
        </div>
      </dl>
      {notes.map((note) => (
        <p key={note} class="note">
          {note}
        </p>
      ))}
    </>
  );
}

function CompareTable({ caption, rows, link }: {
  readonly caption: string;
  readonly rows: readonly Compared[];
  readonly link: "category" | "type";
}) {
  const address = (name: string): string =>
    linkTo(link === "category" ? { category: name, type: null } : { category: null, type: name });
  return (
    <div>
      <h3>{caption}</h3>
      <Table
        caption={`${caption} in both periods`}
        rows={rows}
        keyOf={({ name }) => name}
        columns={[
          {
            title: link === "category" ? "Category" : "Type",
            heads: true,
            cell: ({ name }) => (
              <a href={address(name)}>
                <Label text={name} />
              </a>
            ),
          },
          { title: "Calls", number: true, cell: (row) => count(row.calls) },
          { title: "A day", number: true, wide: true, cell: (row) => perDay(row.per_day) },
          { title: "Other, a day", number: true, wide: true, cell: (row) => perDay(row.other_per_day) },
          { title: "Change", number: true, cell: (row) => <Change row={row} /> },
          { title: "As a bar", wide: true, class: "history-bars", cell: (row) => <Bar row={row} /> },
        ]}
      />
    </div>
  );
}

function Change({ row }: { readonly row: Compared }) {
  const words = changeWords(row);
  return (
    <span class={words.bar === null ? "history-few" : undefined} title={words.full}>
      {words.short}
      {words.bar === null && <span class="unseen"> ({words.full})</span>}
    </span>
  );
}

/** Left of the middle: fewer; right of it: more. The widths are attributes, not styles. */
function Bar({ row }: { readonly row: Compared }) {
  const { bar } = changeWords(row);
  const width = Math.abs(bar ?? 0) * 50;
  return (
    <svg class="change-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      {bar !== null && (
        <rect class={bar < 0 ? "fewer" : "more"} x={bar < 0 ? 50 - width : 50} y="1" width={width} height="8" />
      )}
      <line x1="50" x2="50" y1="0" y2="10" />
    </svg>
  );
}
