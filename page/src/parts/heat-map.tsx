/** The heat map: a table of the hours of a week, whose colours repeat what its numbers say. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import {
  cellSentence,
  extremes,
  gridMove,
  heatCells,
  legendSteps,
  meanText,
  shortHour,
  stepIndex,
  stepOf,
  WEEKDAYS,
  type HeatCell,
} from "./heat.ts";

export interface HeatMapProps {
  readonly caption: string;
  readonly calls: readonly (readonly number[])[];
  readonly hours: readonly (readonly number[])[];
  /** The width of a colour's step, where two maps must have the same colours. */
  readonly step?: number;
}

/** Under this width 24 columns cannot be read: hours are rows then. */
const NARROW = "(max-width: 46rem)";

function useNarrow(): boolean {
  const [narrow, setNarrow] = useState(() => matchMedia(NARROW).matches);
  useEffect(() => {
    const query = matchMedia(NARROW);
    const change = (): void => {
      setNarrow(query.matches);
    };
    change();
    query.addEventListener("change", change);
    return () => {
      query.removeEventListener("change", change);
    };
  }, []);
  return narrow;
}

interface Line {
  readonly head: string;
  readonly name: string;
  readonly cells: readonly HeatCell[];
}

function linesOf(cells: readonly (readonly HeatCell[])[], narrow: boolean): readonly Line[] {
  if (!narrow) {
    return cells.map((row, weekday) => {
      const name = WEEKDAYS[weekday] ?? "";
      return { head: name.slice(0, 3), name, cells: row };
    });
  }
  return Array.from({ length: 24 }, (_, hour) => ({
    head: shortHour(hour),
    name: shortHour(hour),
    cells: cells.flatMap((row) => row.filter((cell) => cell.hour === hour)),
  }));
}

function Cell({ cell, step, chosen, at, onFocus }: {
  readonly cell: HeatCell;
  readonly step: number;
  readonly chosen: boolean;
  readonly at: string;
  readonly onFocus: () => void;
}) {
  const index = stepIndex(cell.mean, step);
  return (
    <td
      role="gridcell"
      class={`heat-cell ${index === null ? "heat-none" : `heat-${index}`}`}
      tabIndex={chosen ? 0 : -1}
      aria-label={cellSentence(cell)}
      data-at={at}
      onFocus={onFocus}
      onPointerEnter={onFocus}
    >
      {meanText(cell.mean)}
    </td>
  );
}

export function HeatMap({ caption, calls, hours, step: given }: HeatMapProps) {
  const narrow = useNarrow();
  const grid = useRef<HTMLTableElement>(null);
  const [chosen, setChosen] = useState<{ row: number; column: number } | null>(null);
  const cells = useMemo(() => heatCells(calls, hours), [calls, hours]);
  const step = given ?? stepOf(cells);
  const lines = linesOf(cells, narrow);
  const heads = narrow ? WEEKDAYS.map((day) => day.slice(0, 3)) : Array.from({ length: 24 }, (_, hour) => shortHour(hour));
  const here = chosen ?? { row: 0, column: 0 };
  const looked = chosen === null ? undefined : lines[chosen.row]?.cells[chosen.column];
  const far = extremes(cells);

  const move = (event: KeyboardEvent): void => {
    const next = gridMove(event.key, here.row, here.column, lines.length, heads.length);
    if (next === null) return;
    event.preventDefault();
    grid.current?.querySelector<HTMLElement>(`[data-at="${next.row}-${next.column}"]`)?.focus();
  };

  return (
    <div class="heat">
      <table ref={grid} role="grid" aria-label={`${caption}. Arrow keys move from hour to hour.`} class="heat-table" onKeyDown={move}>
        <thead>
          <tr role="row">
            <td class="heat-corner" role="gridcell" aria-label={narrow ? "Hour by day of the week" : "Day of the week by hour"} />
            {heads.map((head, column) => (
              <th key={head} scope="col" role="columnheader" abbr={narrow ? (WEEKDAYS[column] ?? head) : head}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line, row) => (
            <tr key={line.head} role="row">
              <th scope="row" role="rowheader" abbr={line.name}>
                {line.head}
              </th>
              {line.cells.map((cell, column) => (
                <Cell
                  key={`${cell.weekday}-${cell.hour}`}
                  cell={cell}
                  step={step}
                  chosen={row === here.row && column === here.column}
                  at={`${row}-${column}`}
                  onFocus={() => {
                    setChosen({ row, column });
                  }}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="readout" aria-hidden="true">
        {looked === undefined ? "Point at an hour, or walk with the arrow keys." : `${cellSentence(looked)}.`}
      </p>
      <Scale cells={cells} step={step} />
      {far !== null && (
        <p class="heat-far">
          Busiest: {cellSentence(far.most)}. Quietest: {cellSentence(far.least)}.
        </p>
      )}
    </div>
  );
}

function Scale({ cells, step }: { readonly cells: readonly (readonly HeatCell[])[]; readonly step: number }) {
  return (
    <div class="heat-legend">
      <span>Calls an hour:</span>
      <ul>
        {legendSteps(cells, step).map(({ index, from, to }) => (
          <li key={index} class={`heat-cell heat-${index}`}>
            {from.toLocaleString("en-US")}
            {to === null ? " and more" : `–${to.toLocaleString("en-US")}`}
          </li>
        ))}
        <li class="heat-cell heat-none">no such hour</li>
      </ul>
    </div>
  );
}
