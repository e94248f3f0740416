/** How the hours are drawn: bars, a box for the middle half, a line for the median, marks. */
import uPlot from "uplot";

import type { Hour } from "../../api/answers.ts";
import { axis, CHART_FONT, type Colours, drawnFrom } from "../../parts/chart.tsx";
import { day, hourOfDay, wallText, wallTime } from "../../parts/formats.ts";
import { ODD_MARKS } from "./hours.ts";

const HOUR_S = 3600;
const WORD_ROOM_PX = 30;

const hoursOf = (plot: uPlot): readonly Hour[] => drawnFrom(plot) as readonly Hour[];
const secondsOf = (text: string): number => (wallTime(text)?.getTime() ?? 0) / 1000;

/** x: middle of the hour; then calls of full hours, of hours that stand out, and of the running one. */
export function barData(hours: readonly Hour[]): (number | null)[][] {
  const only = (wanted: (hour: Hour) => boolean): (number | null)[] =>
    hours.map((one) => (wanted(one) ? one.calls : null));
  return [
    hours.map((one) => secondsOf(one.hour) + HOUR_S / 2),
    only((one) => one.state !== "so_far" && one.stands_out === null),
    only((one) => one.state !== "so_far" && one.stands_out !== null),
    only((one) => one.state === "so_far"),
  ];
}

/** The top of the scale: the highest bar or box, with room for a mark. */
export function topOf(hours: readonly Hour[]): number {
  const highest = hours.reduce(
    (top, one) => Math.max(top, one.calls ?? 0, one.usual?.high ?? 0),
    5,
  );
  return highest * 1.15;
}

function usualBoxes(colours: Colours): (plot: uPlot) => void {
  return (plot) => {
    const { ctx } = plot;
    ctx.save();
    ctx.fillStyle = colours("--usual-band");
    for (const one of hoursOf(plot)) {
      if (!one.usual) continue;
      const x = secondsOf(one.hour);
      const left = plot.valToPos(x, "x", true);
      const right = plot.valToPos(x + HOUR_S, "x", true);
      const top = plot.valToPos(one.usual.high, "y", true);
      const bottom = plot.valToPos(one.usual.low, "y", true);
      ctx.fillRect(left, top, right - left, Math.max(2, bottom - top));
    }
    ctx.restore();
  };
}

function medians(plot: uPlot, colours: Colours): void {
  const { ctx } = plot;
  ctx.strokeStyle = colours("--ink");
  ctx.lineWidth = 2 * devicePixelRatio;
  ctx.beginPath();
  for (const one of hoursOf(plot)) {
    if (!one.usual) continue;
    const x = secondsOf(one.hour);
    const y = plot.valToPos(one.usual.median, "y", true);
    ctx.moveTo(plot.valToPos(x, "x", true), y);
    ctx.lineTo(plot.valToPos(x + HOUR_S, "x", true), y);
  }
  ctx.stroke();
}

function marks(plot: uPlot, colours: Colours): void {
  const { ctx } = plot;
  const hours = hoursOf(plot);
  const room = plot.bbox.width / Math.max(1, hours.length) / devicePixelRatio;
  ctx.font = CHART_FONT.replace("12px", `${12 * devicePixelRatio}px`);
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  for (const one of hours) {
    const x = plot.valToPos(secondsOf(one.hour) + HOUR_S / 2, "x", true);
    const top = Math.max(one.calls ?? 0, one.usual?.high ?? 0);
    const y = plot.valToPos(top, "y", true) - 3 * devicePixelRatio;
    if (one.stands_out) {
      ctx.fillStyle = colours("--odd");
      const mark = ODD_MARKS[one.stands_out];
      ctx.fillText(room >= WORD_ROOM_PX ? `${mark} ${one.stands_out}` : mark, x, y);
    } else if (one.state === "so_far" && room >= 12) {
      ctx.fillStyle = colours("--ink-soft");
      ctx.textAlign = "right";
      ctx.fillText("so far", plot.valToPos(secondsOf(one.hour) + HOUR_S, "x", true), y);
      ctx.textAlign = "center";
    }
  }
}

/** Midnight shows the day, other hours the time. */
function hourLabel(seconds: number): string {
  const text = wallText(new Date(seconds * 1000));
  return text.endsWith("T00:00:00") ? day(text, false) : hourOfDay(text);
}

/** Options of the chart; the hours themselves are read from the plot each time it is drawn. */
export function hoursChart(colours: Colours): Omit<uPlot.Options, "width" | "height"> {
  const bars = uPlot.paths.bars?.({ size: [0.72, 40] });
  const series = (label: string, more: Partial<uPlot.Series>): uPlot.Series => ({
    label,
    ...(bars && { paths: bars }),
    points: { show: false },
    width: 0,
    ...more,
  });
  return {
    padding: [8, 28, 0, 0],
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: {
        time: false,
        range: (_plot, low, high) => [low - HOUR_S / 2, high + HOUR_S / 2],
      },
      y: { range: (plot) => [0, topOf(hoursOf(plot))] },
    },
    axes: [
      axis(colours, {
        incrs: [6, 12, 24, 48].map((hours) => hours * HOUR_S),
        size: 28,
        space: 56,
        values: (_plot, splits) => splits.map(hourLabel),
        grid: { show: false },
      }),
      axis(colours, { size: 44, incrs: [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] }),
    ],
    series: [
      {},
      series("calls", { fill: colours("--bar") }),
      series("calls of an hour that stands out", { fill: colours("--odd") }),
      series("calls so far", {
        fill: colours("--accent-pale"),
        stroke: colours("--bar"),
        width: 1,
      }),
    ],
    hooks: {
      drawAxes: [usualBoxes(colours)],
      draw: [
        (plot) => {
          plot.ctx.save();
          medians(plot, colours);
          marks(plot, colours);
          plot.ctx.restore();
        },
      ],
    },
  };
}
