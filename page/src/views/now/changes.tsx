/** The last changes of the count, as they come. */
import { useState } from "preact/hooks";

import type { Change } from "../../api/answers.ts";
import { useAnswer } from "../../parts/answer.ts";
import { count, day, hourOfDay, instantClock } from "../../parts/formats.ts";
import { Label } from "../../parts/label.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Table } from "../../parts/table.tsx";
import { changes, paused, setPaused, snapshot } from "../../state/live.ts";
import { go, place } from "../../state/url.ts";
import { keyOf, listed } from "./changed_cells.ts";

const LISTED = 100;

function Controls() {
  const on = paused.value;
  return (
    <div class="controls">
      <label>
        <span class="unseen">Only changes with this text</span>
        <input
          type="search"
          placeholder="Filter by text"
          value={place.value.q ?? ""}
          maxLength={100}
          onInput={(event) => {
            go({ q: event.currentTarget.value }, "replace");
          }}
        />
      </label>
      <button
        type="button"
        aria-pressed={on}
        onClick={() => {
          setPaused(!on);
        }}
      >
        {on ? "Paused" : "Pause"}
      </button>
    </div>
  );
}

function When({ window }: { readonly window: string }) {
  return (
    <>
      <span class="wide">{day(window, false)}, </span>
      {hourOfDay(window)}
    </>
  );
}

function ChangesTable({ rows, raw }: { rows: readonly Change[]; raw: boolean }) {
  return (
    <Table
      caption="The last changes, newest first"
      rows={rows}
      keyOf={keyOf}
      columns={[
        {
          title: "Committed",
          wide: true,
          class: "clock",
          cell: (one) => instantClock(one.committed_at),
        },
        { title: "Hour", class: "when", cell: (one) => <When window={one.window} /> },
        {
          title: raw ? "Raw label" : "Type",
          heads: true,
          class: "fills",
          cell: (one) => <Label text={raw ? one.label : one.type} />,
        },
        { title: "Ended", class: "code", cell: (one) => <Label text={one.disposition} /> },
        { title: "New", number: true, cell: (one) => `+${count(one.added)}` },
        {
          title: "In all",
          number: true,
          wide: true,
          class: "total",
          cell: (one) => count(one.calls),
        },
      ]}
    />
  );
}

export function ChangesPanel() {
  const text = place.value.q ?? "";
  const [raw, setRaw] = useState(false);
  const shown = useAnswer("/changes", { limit: LISTED, q: text });
  return (
    <Panel
      title="Just counted"
      shown={shown}
      says="What each batch added: calls of one hour, one type and one disposition."
      method="changes"
      csv
      room="large"
      class="half changes"
      controls={<Controls />}
    >
      {(answer) => {
        const isSame = answer.meta.generation === snapshot.value?.meta.generation;
        const since = isSame ? changes.value : [];
        const rows = listed(answer.changes, answer.meta.batch ?? -1, since, text, LISTED);
        return (
          <>
            {rows.length === 0 ? (
              <p class="empty">
                {text === "" ? "No batch has been counted since this server was started." : "No change has this text."}
              </p>
            ) : (
              <ChangesTable rows={rows} raw={raw} />
            )}
            <label class="note">
              <input
                type="checkbox"
                checked={raw}
                onChange={(event) => {
                  setRaw(event.currentTarget.checked);
                }}
              />{" "}
              Labels as the dispatcher typed them
            </label>
          </>
        );
      }}
    </Panel>
  );
}
