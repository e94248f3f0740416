/** The hours that stand out of the last four weeks, each a link to its day in the history. */
import type { Hour } from "../../api/answers.ts";
import { useAnswer } from "../../parts/answer.ts";
import { count, counted, decimal, hour as hourText, hourParameter } from "../../parts/formats.ts";
import { Panel } from "../../parts/panel.tsx";
import { linkTo } from "../../state/url.ts";
import { ODD_MARKS, oddText } from "./hours.ts";

function StandOut({ hour }: { readonly hour: Hour }) {
  const odd = hour.stands_out ?? "high";
  return (
    <li>
      <a href={linkTo({ view: "history", at: hourParameter(hour.hour) })}>
        {hourText(hour.hour, false)}
      </a>
      <span class="odd-word">
        {ODD_MARKS[odd]} {oddText(odd)}
      </span>
      <span class="stand-out-numbers">
        <strong>{count(hour.calls)}</strong>
        {hour.usual &&
          `, usually ${decimal(hour.usual.median)} (${decimal(hour.usual.low)} to ${decimal(hour.usual.high)}, ${hour.usual.n} weeks)`}
      </span>
    </li>
  );
}

export function StandOutsPanel() {
  const shown = useAnswer("/stand-outs");
  return (
    <Panel
      title="Hours that stand out"
      shown={shown}
      says="Of the last four weeks: far outside what the same weekday and hour usually have."
      method="stands_out"
      csv
      room="chart"
      class="third"
      empty={(answer) =>
        answer.hours.length === 0 &&
        (answer.compared === 0
          ? "No hour can be compared yet: that takes 3 earlier weeks."
          : `None of the ${counted(answer.compared, "hour")} that could be compared stands out.`)
      }
    >
      {(answer) => (
        <>
          <ol class="stand-outs" tabIndex={0} aria-label="Hours that stand out, newest first">
            {answer.hours.map((one) => (
              <StandOut key={one.hour} hour={one} />
            ))}
          </ol>
          <p class="note">
            {counted(answer.hours.length + answer.left_out, "hour")} of {count(answer.compared)}{" "}
            that could be compared.
            {answer.left_out > 0 && ` The newest ${count(answer.hours.length)} are listed.`}
          </p>
        </>
      )}
    </Panel>
  );
}
