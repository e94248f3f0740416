/** History: a period, compared with another, hour by weekday, and the way back to any hour. */
import { useComputed } from "@preact/signals";

import { useAnswer } from "../parts/answer.ts";
import { HeatMap } from "../parts/heat-map.tsx";
import { span } from "../parts/formats.ts";
import { visibleText } from "../parts/label.tsx";
import { Panel, Problem } from "../parts/panel.tsx";
import { countedPart, type Counted, type Period } from "../parts/period.ts";
import { meta } from "../state/live.ts";
import { place } from "../state/url.ts";
import { ComparisonPanel } from "./history-compare.tsx";
import { DaysPanel } from "./history-days.tsx";
import { PeriodChoice } from "./history-period.tsx";
import { hourOnly, lookedAt, type Looked } from "./history-place.ts";
import { WalkPanel } from "./history-walk.tsx";
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
  return (
    <>
      <PeriodChoice looked={looked} counted={counted} />
      <div class="grid">
        <DaysPanel looked={looked} other={known ? other : null} category={category} type={type} />
        <HeatPanel period={looked.period} category={category} type={type} />
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

function HeatPanel({ period, category, type }: {
  readonly period: Period;
  readonly category: string | undefined;
  readonly type: string | undefined;
}) {
  const shown = useAnswer("/heat", {
    since: hourOnly(period.since),
    until: hourOnly(period.until),
    category: category ?? null,
    type: type ?? null,
  });
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
      empty={({ hours }) =>
        hours.flat().some((each) => each > 0) ? false : "Nothing was counted in this period."
      }
    >
      {(answer) => (
        <HeatMap caption="Mean calls an hour by day of the week" calls={answer.calls} hours={answer.hours} />
      )}
    </Panel>
  );
}
