/**
 * A chart by uPlot, with the same numbers as a table and a readout that the arrow keys move.
 *
 * uPlot draws on a canvas, which no screen reader sees: the chart is a slider over its points, whose
 * value is the sentence of the point.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

import { theme } from "../state/theme.ts";

/** Colours of the theme by name, e.g. `--ink`, as the canvas needs them. */
export type Colours = (name: `--${string}`) => string;

export interface ChartProps {
  /** What the chart shows, in one sentence. */
  readonly label: string;
  /** x, then a row of values for each series. */
  readonly data: uPlot.AlignedData;
  /** Everything but size; called again when the theme changes. */
  readonly options: (colours: Colours) => Omit<uPlot.Options, "width" | "height">;
  /** Changes when `options` would answer otherwise: the chart is then made anew. */
  readonly optionsKey?: string;
  /** What the hooks of `options` draw from, read there by `drawnFrom`. */
  readonly drawnFrom?: readonly unknown[];
  /** The sentence of a point. */
  readonly pointText: (index: number) => string;
  /** Enter or a click on a point. */
  readonly onChoose?: (index: number) => void;
  readonly height?: number;
  /** The same numbers. */
  readonly table: () => ComponentChildren;
  /** What the marks mean. */
  readonly legend?: ComponentChildren;
}

const colours: Colours = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const sources = new WeakMap<uPlot, readonly unknown[]>();

/** What a chart draws from, beside the values of its series: in a hook of its options. */
export function drawnFrom(plot: uPlot): readonly unknown[] {
  return sources.get(plot) ?? [];
}

/** Font of axes and marks on a canvas. */
export const CHART_FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** An axis in the colours of the theme. */
export function axis(of: Colours, more: Partial<uPlot.Axis> = {}): uPlot.Axis {
  const line = of("--line");
  return {
    stroke: of("--ink-soft"),
    font: CHART_FONT,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
    ...more,
  };
}

function steps(key: string, last: number): ((at: number) => number) | null {
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return (at) => Math.max(0, at - 1);
    case "ArrowRight":
    case "ArrowUp":
      return (at) => Math.min(last, at + 1);
    case "PageDown":
      return (at) => Math.max(0, at - 24);
    case "PageUp":
      return (at) => Math.min(last, at + 24);
    case "Home":
      return () => 0;
    case "End":
      return () => last;
    default:
      return null;
  }
}

export function Chart(props: ChartProps) {
  const { label, data, height = 300, optionsKey = "" } = props;
  const [asTable, setAsTable] = useState(false);
  const [at, setAt] = useState<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const newest = useRef(props);
  newest.current = props;
  const last = (data[0] as ArrayLike<number>).length - 1;
  const shownAt = at === null || at > last ? last : at;
  const now = theme.value;

  useEffect(() => {
    const here = box.current;
    if (asTable || !here) return;
    const made = newest.current.options(colours);
    const drawn: uPlot = new uPlot(
      {
        ...made,
        width: here.clientWidth,
        height,
        legend: { show: false, ...made.legend },
        hooks: {
          ...made.hooks,
          init: [
            ...(made.hooks?.init ?? []),
            (self) => {
              sources.set(self, newest.current.drawnFrom ?? []);
            },
          ],
          setCursor: [
            ...(made.hooks?.setCursor ?? []),
            (self) => {
              if (self.cursor.idx !== undefined) setAt(self.cursor.idx);
            },
          ],
        },
      },
      newest.current.data,
      here,
    );
    plot.current = drawn;
    const observer = new ResizeObserver(() => {
      if (here.clientWidth > 0) drawn.setSize({ width: here.clientWidth, height });
    });
    observer.observe(here);
    return () => {
      observer.disconnect();
      drawn.destroy();
      plot.current = null;
    };
  }, [asTable, now, height, optionsKey]);

  useEffect(() => {
    if (!plot.current) return;
    sources.set(plot.current, newest.current.drawnFrom ?? []);
    plot.current.setData(data);
  }, [data]);

  const move = (event: KeyboardEvent): void => {
    if (event.key === "Enter") props.onChoose?.(shownAt);
    const step = steps(event.key, last);
    if (!step) return;
    event.preventDefault();
    const next = step(shownAt);
    setAt(next);
    const drawn = plot.current;
    const x = (data[0] as ArrayLike<number>)[next];
    if (drawn && x !== undefined) drawn.setCursor({ left: drawn.valToPos(x, "x"), top: 0 }, false);
  };

  return (
    <div class="chart">
      {asTable ? (
        <div class="chart-table">{props.table()}</div>
      ) : (
        <>
          <div
            ref={box}
            class="chart-canvas"
            role="slider"
            tabIndex={0}
            aria-label={`${label} Arrow keys move from point to point.`}
            aria-valuemin={0}
            aria-valuemax={Math.max(0, last)}
            aria-valuenow={Math.max(0, shownAt)}
            aria-valuetext={last >= 0 ? props.pointText(shownAt) : "no points"}
            onKeyDown={move}
            onClick={() => {
              if (at !== null) props.onChoose?.(shownAt);
            }}
          />
          <p class="readout" aria-hidden="true">
            {last >= 0 ? props.pointText(shownAt) : ""}
          </p>
        </>
      )}
      <div class="chart-foot">
        <div class="legend">{!asTable && props.legend}</div>
        <button
          type="button"
          class="quiet"
          aria-pressed={asTable}
          onClick={() => {
            setAsTable(!asTable);
          }}
        >
          As a table<span class="unseen">: {label}</span>
        </button>
      </div>
    </div>
  );
}
