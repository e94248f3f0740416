/** How calls of each type ended: types by disposition, with the codes that nobody explains. */
import { useState } from "preact/hooks";

import type { Disposition, Matrix } from "../../api/answers.ts";
import { useAnswer } from "../../parts/answer.ts";
import { count, share, span } from "../../parts/formats.ts";
import { Label, visibleText } from "../../parts/label.tsx";
import { Panel } from "../../parts/panel.tsx";
import { go, place } from "../../state/url.ts";

/** The step of the colour scale for a part of a row: 0 for nothing, 5 for half of it or more. */
export function shade(calls: number, ofRow: number): number {
  if (calls === 0 || ofRow === 0) return 0;
  const part = calls / ofRow;
  return part < 0.02 ? 1 : part < 0.1 ? 2 : part < 0.25 ? 3 : part < 0.5 ? 4 : 5;
}

function codeText(one: Disposition, all: number): string {
  const known = one.official ? "" : " Not in the city’s table of codes.";
  const part = all === 0 ? "" : `, ${share(one.calls / all)}`;
  return `${visibleText(one.code)}: ${visibleText(one.meaning)} (${count(one.calls)}${part}).${known}`;
}

interface CodesProps {
  readonly answer: Matrix;
  readonly onLook: (code: Disposition | null) => void;
}

function Codes({ answer, onLook }: CodesProps) {
  return (
    <tr>
      <th scope="col">Type</th>
      <th scope="col" class="number">
        Calls
      </th>
      {answer.dispositions.map((one) => (
        <th
          key={one.code}
          scope="col"
          class={one.official ? "number" : "number unofficial"}
          onMouseEnter={() => {
            onLook(one);
          }}
        >
          <button
            type="button"
            class="code-button"
            onFocus={() => {
              onLook(one);
            }}
          >
            <Label text={one.code} />
            {!one.official && <span aria-hidden="true">?</span>}
            <span class="unseen">: {codeText(one, answer.calls)}</span>
          </button>
        </th>
      ))}
    </tr>
  );
}

function Cells({ answer, asShare }: { readonly answer: Matrix; readonly asShare: boolean }) {
  return (
    <tbody>
      {answer.rows.map((row, index) => (
        <tr key={`${index} ${row.type}`}>
          <th scope="row">
            <Label text={row.type} />
          </th>
          <td class="number">{count(row.calls)}</td>
          {row.by_disposition.map((calls, column) => (
            <td
              key={answer.dispositions[column]?.code ?? column}
              class={`number shade-${shade(calls, row.calls)}`}
            >
              {calls === 0 ? "" : asShare ? share(calls / row.calls) : count(calls)}
            </td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

function Summary({ answer }: { readonly answer: Matrix }) {
  const part = answer.calls === 0 ? "" : ` (${share(answer.unofficial_calls / answer.calls)})`;
  return (
    <p class="note">
      {count(answer.unofficial_calls)} of {count(answer.calls)} calls{part} end with something that is
      not in the city’s table of codes, marked <b>?</b>; {count(answer.not_recorded_calls)} of them
      say that no disposition was recorded. They are shown, not dropped. {span(answer.since, answer.until)}.
    </p>
  );
}

function MatrixTable({ answer, asShare }: { readonly answer: Matrix; readonly asShare: boolean }) {
  const [code, setCode] = useState<Disposition | null>(null);
  const looked = code ?? answer.dispositions[0];
  return (
    <>
      <p class="readout" aria-hidden="true">
        {looked ? codeText(looked, answer.calls) : ""}
      </p>
      <div class="table matrix" role="region" aria-label="Types by disposition" tabIndex={0}>
        <table>
          <thead>
            <Codes answer={answer} onLook={setCode} />
          </thead>
          <Cells answer={answer} asShare={asShare} />
        </table>
      </div>
      <Summary answer={answer} />
    </>
  );
}

export function MatrixPanel() {
  const { category, show } = place.value;
  const asShare = show === "share";
  const shown = useAnswer("/matrix", { category });
  return (
    <Panel
      title="How the calls ended"
      shown={shown}
      says={
        <>
          {category === undefined ? "All categories" : <Label text={category} />}, the last 24 hours.
          Rest the pointer or the focus on a code to read what it means.
        </>
      }
      method="matrix"
      csv
      room="large"
      controls={
        <button
          type="button"
          aria-pressed={asShare}
          onClick={() => {
            go({ show: asShare ? null : "share" }, "replace");
          }}
        >
          Share of the type
        </button>
      }
      empty={(answer) => answer.rows.length === 0 && "No calls in this time."}
    >
      {(answer) => <MatrixTable answer={answer} asShare={asShare} />}
    </Panel>
  );
}
