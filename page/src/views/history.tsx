/** History: a period, compared with another, hour by weekday, and the way back to any hour. */
import { useComputed } from "@preact/signals";

import type { Heat } from "../api/answers.ts";
import { useAnswer } from "../parts/answer.ts";
import { heatCells, stepOf } from "../parts/heat.ts";
import { HeatMap } from "../parts/heat-map.tsx";
import { span } from "../parts/formats.ts";
import { visibleText } from "../parts/label.tsx";
import { Panel, Problem } from "../parts/panel.tsx";
import { countedPart, type Counted, type Period } from "../parts/period.ts";
import { meta } from "../state/live.ts";
import { linkTo, place } from "../state/url.ts";
import { ComparisonPanel } from "./history-compare.tsx";
import { DaysPanel } from "./history-days.tsx";
import { PeriodChoice } from "./history-period.tsx";
import { hourOnly, lookedAt, type Looked } from "./history-place.ts";
import { WalkPanel } from "./history-walk.tsx";
import "./shared.css";
import "./history.css";

export function HistoryView() {
  const shown = useAnswer("/span");
  const answer = shown.answer.value;
  const first = answer?.first_hour ?? null;
  const last = answer?.last_hour ?? null;
  // The newest call moves with each batch; the view is drawn anew only when its hour does.
  const newest = useComputed(() => meta.value?.as_of?.slice(0, 13) ?? null).value;
  return (
    <div class="view history">
      <h1>History and replay</h1>
      <p class="lead">
        Any period of the count, beside another one; and the way back to any of its hours.
      </p>
      {answer === null && shown.error.value !== null && (
        <Problem error={shown.error.value} again={shown.again} />
      )}
      {answer === null && shown.error.value === null && <p class="loading">Loading …</p>}
      {answer !== null && (first === null || last === null) && (
        <p class="empty">No call is counted yet, so there is no history. It begins with the first batch.</p>
      )}
      {first !== null && last !== null && <Counts counted={{ first, last: later(last, newest) }} />}
    </div>
  );
}

/** The later of an hour and the hour (without its minutes) that the stream names. */
function later(hour: string, newest: string | null): string {
  const streamed = newest === null ? "" : `${newest}:00:00`;
  return streamed > hour ? streamed : hour;
}

function Counts({ counted }: { readonly counted: Counted }) {
  const here = place.value;
  const looked = lookedAt(here, counted);
  const { category, type } = here;
  const other = looked.other;
  const known = other !== null && countedPart(other, counted) !== "outside";
  if (countedPart(looked.period, counted) === "outside") {
    return (
      <>
        <PeriodChoice looked={looked} counted={counted} />
        <p class="empty">
          Nothing was counted in this period. What is counted: {span(counted.first, counted.last)}.
        </p>
      </>
    );
  }
  return (
    <>
      <PeriodChoice looked={looked} counted={counted} />
      <div class="grid">
        <DaysPanel looked={looked} other={known ? other : null} category={category} type={type} />
        <HeatPanel period={looked.period} other={known ? other : null} category={category} type={type} />
        <WalkPanel counted={counted} from={looked.period.since} />
        {known && <ComparisonPanel period={looked.period} other={other} counted={counted} />}
        {!known && <NothingToCompare looked={looked} counted={counted} />}
      </div>
    </>
  );
}

function NothingToCompare({ looked, counted }: { readonly looked: Looked; readonly counted: Counted }) {
  if (looked.compare === "none") return null;
  return (
    <section class="panel" aria-labelledby="history-uncompared">
      <h2 id="history-uncompared">Compared with the other period</h2>
      <p class="empty">
        {looked.other === null
          ? "The other dates are no period: its first day has to come before its last."
          : `${span(looked.other.since, looked.other.until)} was not counted, so there is nothing to compare with. What is counted: ${span(counted.first, counted.last)}.`}
      </p>
    </section>
  );
}

interface HeatProps {
  readonly period: Period;
  /** The other period, where it was counted. */
  readonly other: Period | null;
  readonly category: string | undefined;
  readonly type: string | undefined;
}

/** In the address: that the heat map shows the other period. */
const OTHER = "other";

function HeatPanel({ period, other, category, type }: HeatProps) {
  const asked = ({ since, until }: Period) => ({
    since: hourOnly(since),
    until: hourOnly(until),
    category: category ?? null,
    type: type ?? null,
  });
  const flipped = other !== null && place.value.show === OTHER;
  const shown = useAnswer("/heat", asked(flipped ? other : period));
  const beside = useAnswer("/heat", asked(flipped ? period : (other ?? period)), false).answer.value;
  const name = type ?? category;
  const what = name === undefined ? "All calls" : visibleText(name);
  return (
    <Panel
      title="Hours of the week"
      shown={shown}
      method="heat"
      csv
      class="history-heat"
      room="none"
      says={`${what}: the mean number of calls in each hour of the week, over all such hours of the period.`}
      controls={other !== null && <Flip flipped={flipped} />}
      empty={({ hours }) =>
        hours.flat().some((each) => each > 0) ? false : "Nothing was counted in this period."
      }
    >
      {(answer) => (
        <HeatMap
          caption={`Mean calls an hour by day of the week, ${span(answer.since, answer.until)}`}
          calls={answer.calls}
          hours={answer.hours}
          step={commonStep(answer, beside)}
        />
      )}
    </Panel>
  );
}

/** One width of colours for both periods: a darker hour is a busier one, in whichever of them. */
function commonStep(one: Heat, other: Heat | null): number {
  const cells = heatCells(one.calls, one.hours);
  return stepOf(other === null ? cells : [...cells, ...heatCells(other.calls, other.hours)]);
}

function Flip({ flipped }: { readonly flipped: boolean }) {
  return (
    <nav class="choices" aria-label="Period of the heat map">
      <a class="choice" href={linkTo({ show: null })} aria-current={flipped ? undefined : "true"}>
        This period
      </a>
      <a class="choice" href={linkTo({ show: OTHER })} aria-current={flipped ? "true" : undefined}>
        The other
      </a>
    </nav>
  );
}
