/** The counters at the top: each a number, what it counts, and what it is compared with. */
import type { ComponentChildren } from "preact";

import type { Hour } from "../../api/answers.ts";
import { changeText, count, hour as hourText, hourOfDay } from "../../parts/formats.ts";
import { MethodButton } from "../../parts/method.tsx";
import { snapshot } from "../../state/live.ts";
import { lastDay, ODD_MARKS, oddText, usualText } from "./hours.ts";

interface CounterProps {
  readonly name: ComponentChildren;
  readonly value: string;
  readonly below: ComponentChildren;
  readonly mark?: string | undefined;
  /** By which tests find the value. */
  readonly testId?: string;
}

function Counter({ name, value, below, mark, testId }: CounterProps) {
  return (
    <div class="counter">
      <dt>{name}</dt>
      <dd>
        <span class="headline-number" data-testid={testId}>
          {value}
        </span>
        {mark !== undefined && <span class="odd-word"> {mark}</span>}
        <span class="counter-below">{below}</span>
      </dd>
    </div>
  );
}

function FullHour({ hour }: { readonly hour: Hour | undefined }) {
  if (!hour) return <Counter name="Last full hour" value="–" below="…" />;
  const odd = hour.stands_out;
  return (
    <Counter
      name={<>Last full hour: {hourText(hour.hour, false)}</>}
      value={count(hour.calls)}
      mark={odd === null ? undefined : `${ODD_MARKS[odd]} ${oddText(odd)}`}
      below={usualText(hour)}
    />
  );
}

function RunningHour({ hour }: { readonly hour: Hour | undefined }) {
  if (!hour) return <Counter name="Running hour, so far" value="–" below="…" />;
  const usual = hour.usual
    ? `of usually ${count(hour.usual.median)} in the whole hour`
    : usualText(hour);
  return (
    <Counter
      name={<>Since {hourOfDay(hour.hour)}, so far</>}
      value={count(hour.calls)}
      below={hour.state === "repeated" ? "the clocks show this hour twice" : usual}
    />
  );
}

export function Headline({ hours }: { readonly hours: readonly Hour[] }) {
  const newest = snapshot.value;
  const day = lastDay(hours);
  const change = day ? changeText(day.change, day.before) : null;
  const accounts = newest?.accounts;
  return (
    <section class="headline" aria-label="Counters">
      <dl>
        <FullHour hour={hours.findLast((one) => one.state === "complete")} />
        <RunningHour hour={hours.at(-1)} />
        <Counter
          name="Last 24 full hours"
          value={count(day?.calls)}
          below={change ? change.full.replace(" than before", " than the 24 before") : "…"}
        />
        <Counter
          name="Counted in all"
          testId="counted"
          value={count(accounts?.counted)}
          below={accounts ? `of ${count(accounts.read)} records read` : "…"}
        />
      </dl>
      <MethodButton id="accounts" about="Counters" />
    </section>
  );
}
