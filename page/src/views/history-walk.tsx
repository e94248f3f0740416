/** Walking through history: the 48 hours up to an hour, against what is usual. */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import { hour as hourText } from "../parts/formats.ts";
import { Panel } from "../parts/panel.tsx";
import type { Counted } from "../parts/period.ts";
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
import { go, place } from "../state/url.ts";
import { HoursChart } from "./history-hours.tsx";
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
