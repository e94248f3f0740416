/** Walking through history: the 48 hours up to an hour, against what is usual. */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

import type { Hour } from "../api/answers.ts";
import { shortCount, wallDate, wallMarks } from "../parts/axes.ts";
import { axis, Chart, type Colours } from "../parts/chart.tsx";
import { count, decimal, hour as hourText } from "../parts/formats.ts";
import { Panel } from "../parts/panel.tsx";
import { wallMs, type Counted } from "../parts/period.ts";
import {
  afterTick,
  hourAt,
  indexOf,
  lastIndex,
  PACES,
  PAGE_HOURS,
  STEPS_BACK,
  STEPS_ON,
  tickOf,
  type Pace,
} from "../parts/scrubber.ts";
import { useAnswer } from "../parts/answer.ts";
import { Table } from "../parts/table.tsx";
import { go, place } from "../state/url.ts";
import { hourOnly } from "./history-place.ts";

const SHOWN_HOURS = 48;

export function WalkPanel({ counted, from }: {
  readonly counted: Counted;
  /** Where playing starts when the newest hour is looked at. */
  readonly from: string;
}) {
  const at = place.value.at ?? null;
  // An address may name an hour that was never counted: the nearest one is shown.
  const asked = at === null ? null : hourOnly(hourAt(indexOf(at, counted), counted));
  const shown = useAnswer("/hours", { count: SHOWN_HOURS, at: asked });
  return (
    <Panel
      title="Walk through the hours"
      shown={shown}
      method="usual"
      csv
      class="history-walk"
      room="none"
      says="Move the slider to any hour that was counted: the chart shows the 48 hours up to it, and the band what is usual for that weekday and hour over the 8 weeks before. All calls, whatever is filtered above."
    >
      {(answer) => (
        <>
          <Walk counted={counted} at={at} from={from} />
          <HoursChart hours={answer.hours} />
        </>
      )}
    </Panel>
  );
}

function paceOf(name: string | undefined): Pace {
  const [first, second] = PACES;
  const fallback = second ?? first;
  const found = PACES.find((pace) => pace.name === name) ?? fallback;
  if (found === undefined) throw new RangeError("there is no pace");
  return found;
}

/** A slider moves in many small steps: each replaces the one before in the browser's history. */
function goTo(wall: string | null): void {
  go({ at: wall === null ? null : hourOnly(wall) }, "replace");
}

function Walk({ counted, at, from }: {
  readonly counted: Counted;
  readonly at: string | null;
  readonly from: string;
}) {
  const playing = useSignal(false);
  const pace = paceOf(place.value.speed);
  const index = indexOf(at, counted);
  const last = lastIndex(counted);
  const here = hourAt(index, counted);
  const said = at === null ? `${hourText(here)}, the newest hour` : hourText(here);

  usePlaying(playing.value, pace, counted, () => {
    playing.value = false;
  });

  const step = (hours: number): void => {
    playing.value = false;
    const next = index + hours;
    goTo(next >= last ? null : hourAt(next, counted));
  };
  return (
    <div class="walk">
      <label class="walk-slider">
        <span class="walk-at">
          Hour looked at: <strong>{said}</strong>
        </span>
        <Slider
          index={index}
          last={last}
          said={said}
          onIndex={(next) => {
            step(next - index);
          }}
        />
        <span class="walk-ends" aria-hidden="true">
          <span>{hourText(counted.first)}</span>
          <span>{hourText(counted.last)}</span>
        </span>
      </label>
      <div class="walk-buttons" role="group" aria-label="Steps through the hours">
        {STEPS_BACK.map(({ label, hours }) => (
          <StepButton key={label} label={label} disabled={index === 0} onStep={() => { step(hours); }} />
        ))}
        <button
          type="button"
          class="walk-play"
          onClick={() => {
            if (!playing.value && at === null) goTo(from);
            playing.value = !playing.value;
          }}
        >
          {playing.value ? "Pause" : "Play"}
        </button>
        {STEPS_ON.map(({ label, hours }) => (
          <StepButton key={label} label={label} disabled={at === null} onStep={() => { step(hours); }} />
        ))}
        <label>
          Pace{" "}
          <select
            value={pace.name}
            onChange={(event) => {
              go({ speed: event.currentTarget.value }, "replace");
            }}
          >
            {PACES.map(({ name, label }) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          disabled={at === null}
          onClick={() => {
            playing.value = false;
            goTo(null);
          }}
        >
          Back to now
        </button>
      </div>
    </div>
  );
}

/**
 * The native slider. Its value is set once its end is: a value beyond the end would be cut, and the
 * end moves with the newest call.
 */
function Slider({ index, last, said, onIndex }: {
  readonly index: number;
  readonly last: number;
  readonly said: string;
  readonly onIndex: (index: number) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    const here = input.current;
    if (here === null) return;
    here.max = String(last);
    here.value = String(index);
  }, [index, last]);
  return (
    <input
      ref={input}
      type="range"
      min={0}
      step={1}
      aria-valuetext={said}
      onInput={(event) => {
        onIndex(Number(event.currentTarget.value));
      }}
      onKeyDown={(event) => {
        const by = event.key === "PageUp" ? PAGE_HOURS : event.key === "PageDown" ? -PAGE_HOURS : 0;
        if (by === 0) return;
        event.preventDefault();
        onIndex(index + by);
      }}
    />
  );
}

/** A button that is out of place stays where it is: focus must not be lost under a finger. */
function StepButton({ label, disabled, onStep }: {
  readonly label: string;
  readonly disabled: boolean;
  readonly onStep: () => void;
}) {
  return (
    <button
      type="button"
      aria-disabled={disabled}
      onClick={() => {
        if (!disabled) onStep();
      }}
    >
      {label}
    </button>
  );
}

/** Moves on at the pace while playing, and not while nobody can see it. */
function usePlaying(on: boolean, pace: Pace, counted: Counted, end: () => void): void {
  useEffect(() => {
    if (!on) return;
    const tick = tickOf(pace, matchMedia("(prefers-reduced-motion: reduce)").matches);
    const timer = setInterval(() => {
      if (document.visibilityState === "hidden") return;
      const next = afterTick(place.peek().at ?? null, tick, counted);
      goTo(next);
      if (next === null) end();
    }, tick.everyMs);
    return () => {
      clearInterval(timer);
    };
  }, [on, pace, counted.first, counted.last]);
}

function HoursChart({ hours }: { readonly hours: readonly Hour[] }) {
  const x = hours.map(({ hour }) => (wallMs(hour) ?? 0) / 1000);
  const data: uPlot.AlignedData = [
    x,
    hours.map(({ usual }) => usual?.high ?? null),
    hours.map(({ usual }) => usual?.low ?? null),
    hours.map(({ usual }) => usual?.median ?? null),
    // The hour so far is no fall of the line: it is a point of its own.
    hours.map(({ calls, state }) => (state === "so_far" ? null : calls)),
    hours.map(({ calls, state }) => (state === "so_far" ? calls : null)),
    hours.map(({ calls, stands_out: out }) => (out === null ? null : calls)),
  ];
  return (
    <Chart
      label="Calls an hour, and what is usual."
      data={data}
      options={options}
      pointText={(index) => hourSentence(hours[index])}
      legend={
        <>
          <span class="swatch swatch-calls">Calls</span>
          <span class="swatch swatch-usual">Usual: median and middle half</span>
          <span class="swatch swatch-odd">Stands out</span>
          <span class="swatch swatch-so-far">Hour so far</span>
        </>
      }
      table={() => <HoursTable hours={hours} />}
    />
  );
}

function options(of: Colours): Omit<uPlot.Options, "width" | "height"> {
  return {
    tzDate: wallDate,
    scales: { y: { range: (_, __, high) => [0, Math.max(1, high * 1.08)] } },
    axes: [
      axis(of, { values: wallMarks, size: 32 }),
      axis(of, { values: (_, marks) => marks.map(shortCount), size: 48 }),
    ],
    bands: [{ series: [1, 2], fill: of("--usual-band") }],
    series: [
      {},
      { width: 0, points: { show: false } },
      { width: 0, points: { show: false } },
      { stroke: of("--ink"), width: 1.5, dash: [5, 4], points: { show: false } },
      { stroke: of("--accent"), width: 2.5, points: { show: true, size: 5, fill: of("--accent") } },
      { width: 0, points: { show: true, size: 8, width: 2, stroke: of("--accent"), fill: of("--panel") } },
      { width: 0, points: { show: true, size: 11, width: 2, stroke: of("--odd"), fill: "transparent" } },
    ],
  };
}

const STATES: Readonly<Record<Hour["state"], string>> = {
  complete: "",
  so_far: " (so far: the hour is not over)",
  repeated: " (the wall clock showed this hour twice)",
  missing: " (the wall clock skipped this hour)",
};

function hourSentence(hour: Hour | undefined): string {
  if (hour === undefined) return "";
  const calls = hour.calls === null ? "no figure" : `${count(hour.calls)} calls`;
  const usual =
    hour.usual === null
      ? "; too few weeks to say what is usual"
      : `; usual ${decimal(hour.usual.median)}, middle half ${decimal(hour.usual.low)} to ${decimal(hour.usual.high)}, n = ${hour.usual.n} weeks`;
  const out = hour.stands_out === null ? "" : hour.stands_out === "high" ? "; unusually many" : "; unusually few";
  return `${hourText(hour.hour)}${STATES[hour.state]}: ${calls}${usual}${out}`;
}

function HoursTable({ hours }: { readonly hours: readonly Hour[] }) {
  return (
    <Table
      caption="Calls of each hour, and what is usual"
      rows={[...hours].reverse()}
      keyOf={({ hour }) => hour}
      columns={[
        { title: "Hour", heads: true, cell: (hour) => `${hourText(hour.hour)}${STATES[hour.state]}` },
        { title: "Calls", number: true, cell: (hour) => count(hour.calls) },
        { title: "Usual", number: true, cell: (hour) => decimal(hour.usual?.median) },
        {
          title: "Middle half",
          number: true,
          wide: true,
          cell: (hour) => (hour.usual === null ? "–" : `${decimal(hour.usual.low)} to ${decimal(hour.usual.high)}`),
        },
        { title: "Weeks", number: true, wide: true, cell: (hour) => count(hour.usual?.n) },
        {
          title: "Stands out",
          cell: (hour) => (hour.stands_out === null ? "" : hour.stands_out === "high" ? "many" : "few"),
        },
      ]}
    />
  );
}
