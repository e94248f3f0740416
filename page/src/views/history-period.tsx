/** The choice of a period, of what it is compared with, and of the calls that are looked at. */
import { useAnswer } from "../parts/answer.ts";
import { span } from "../parts/formats.ts";
import { visibleText } from "../parts/label.tsx";
import { afterDay, lastDay, OTHERS, PRESETS, type Counted, type Period } from "../parts/period.ts";
import { go, linkTo, place } from "../state/url.ts";
import { hourOnly, type Looked } from "./history-place.ts";

export function PeriodChoice({ looked, counted }: { readonly looked: Looked; readonly counted: Counted }) {
  return (
    <section class="panel history-choice" aria-labelledby="history-period">
      <h2 id="history-period">Period</h2>
      <p class="history-span">
        <strong>{span(looked.period.since, looked.period.until)}</strong>
        {looked.follows ? " – moves on with the newest call" : " – stands still"}
      </p>
      <div class="history-controls">
        <Presets looked={looked} />
        <Dates
          legend="Own dates"
          period={looked.period}
          counted={counted}
          onDates={(dates) => {
            go({ ...asSpan(dates), period: null, follow: null });
          }}
        />
        <label class="history-check">
          <input
            type="checkbox"
            checked={looked.follows}
            onChange={(event) => {
              follow(looked, event.currentTarget.checked);
            }}
          />
          Follow the newest call
        </label>
        <Compared looked={looked} counted={counted} />
        <Filter since={hourOnly(counted.first)} />
      </div>
    </section>
  );
}

function asSpan(period: Period): { since: string; until: string } {
  return { since: hourOnly(period.since), until: hourOnly(period.until) };
}

function follow(looked: Looked, on: boolean): void {
  const kept = asSpan(looked.period);
  // A preset that stands still is its dates; dates that follow are a length.
  go({ ...kept, period: null, follow: on ? "on" : null });
}

function Presets({ looked }: { readonly looked: Looked }) {
  return (
    <nav class="choices" aria-label="Periods up to the newest whole hour">
      {PRESETS.map(({ name, label }) => (
        <a
          key={name}
          class="choice"
          href={linkTo({ period: name, since: null, until: null, follow: null })}
          aria-current={looked.preset === name ? "true" : undefined}
        >
          {label}
        </a>
      ))}
    </nav>
  );
}

interface DatesProps {
  readonly legend: string;
  readonly period: Period;
  readonly counted: Counted;
  readonly onDates: (period: Period) => void;
}

/** Both days belong to the period, as people mean it. */
function Dates({ legend, period, counted, onDates }: DatesProps) {
  const [first, last] = [counted.first.slice(0, 10), counted.last.slice(0, 10)];
  const [from, to] = [period.since.slice(0, 10), lastDay(period)];
  const take = (since: string, day: string): void => {
    const until = afterDay(day);
    // A date that is half typed is no date yet.
    if (since === "" || until === null) return;
    // Whoever moves one end past the other means to move both.
    onDates(since < until ? { since: `${since}T00:00:00`, until } : { since: `${day}T00:00:00`, until });
  };
  return (
    <fieldset class="history-dates">
      <legend>{legend}</legend>
      <label>
        From{" "}
        <input
          type="date"
          value={from}
          min={first}
          max={last}
          required
          onChange={(event) => {
            const day = event.currentTarget.value;
            take(day, day > to ? day : to);
          }}
        />
      </label>
      <label>
        to{" "}
        <input
          type="date"
          value={to}
          min={first}
          max={last}
          required
          onChange={(event) => {
            take(from, event.currentTarget.value);
          }}
        />
      </label>
    </fieldset>
  );
}

function Compared({ looked, counted }: { readonly looked: Looked; readonly counted: Counted }) {
  const choose = (name: string): void => {
    const known = looked.other ?? looked.period;
    const dates = { other_since: hourOnly(known.since), other_until: hourOnly(known.until) };
    const none = { other_since: null, other_until: null };
    go({ compare: name === "previous" ? null : name, ...(name === "custom" ? dates : none) });
  };
  return (
    <div class="history-compared">
      <label>
        Compare with{" "}
        <select
          value={looked.compare}
          onChange={(event) => {
            choose(event.currentTarget.value);
          }}
        >
          {OTHERS.map(({ name, label }) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
      {looked.compare === "custom" && looked.other !== null && (
        <Dates
          legend="Other dates"
          period={looked.other}
          counted={counted}
          onDates={(dates) => {
            go({ other_since: hourOnly(dates.since), other_until: hourOnly(dates.until) });
          }}
        />
      )}
    </div>
  );
}

/** Names are those of the whole count: choices that came and went with the period would be lost. */
function Filter({ since }: { readonly since: string }) {
  const { category = "", type = "" } = place.value;
  const categories = useAnswer("/names", { since, limit: 100 }, false).answer.value;
  return (
    <div class="history-filter">
      <label>
        Category{" "}
        <select
          value={category}
          onChange={(event) => {
            go({ category: event.currentTarget.value, type: null });
          }}
        >
          <Options all="All calls" chosen={category} names={categories?.names ?? []} />
        </select>
      </label>
      {category !== "" && <TypeFilter since={since} category={category} type={type} />}
      {category === "" && type !== "" && (
        <p class="history-chosen">
          Type: <bdi>{visibleText(type)}</bdi>{" "}
          <button
            type="button"
            onClick={() => {
              go({ type: null });
            }}
          >
            All types
          </button>
        </p>
      )}
    </div>
  );
}

function TypeFilter({ since, category, type }: {
  readonly since: string;
  readonly category: string;
  readonly type: string;
}) {
  const types = useAnswer("/names", { since, category, limit: 200 }, false).answer.value;
  return (
    <label>
      Type{" "}
      <select
        value={type}
        onChange={(event) => {
          go({ type: event.currentTarget.value });
        }}
      >
        <Options all="All of the category" chosen={type} names={types?.names ?? []} />
      </select>
    </label>
  );
}

/** The chosen name stays a choice where the period has no call of it. */
function Options({ all, chosen, names }: {
  readonly all: string;
  readonly chosen: string;
  readonly names: readonly { readonly name: string }[];
}) {
  const missing = chosen !== "" && !names.some(({ name }) => name === chosen);
  return (
    <>
      <option value="">{all}</option>
      {missing && <option value={chosen}>{visibleText(chosen)}</option>}
      {names.map(({ name }) => (
        <option key={name} value={name}>
          {visibleText(name).slice(0, 60)}
        </option>
      ))}
    </>
  );
}
