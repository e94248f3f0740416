/** Calls an hour against what is usual for that weekday and hour. */
import type uPlot from "uplot";

import type { Hour } from "../../api/answers.ts";
import type { Shown } from "../../parts/answer.ts";
import { Chart, type Colours } from "../../parts/chart.tsx";
import { count, decimal, hour as hourText, hourParameter } from "../../parts/formats.ts";
import { Panel } from "../../parts/panel.tsx";
import { Table } from "../../parts/table.tsx";
import { go } from "../../state/url.ts";
import { barData, hoursChart } from "./hours_chart.ts";
import { hourSentence, ODD_MARKS, oddText } from "./hours.ts";

const STATE_WORDS: Readonly<Record<Hour["state"], string>> = {
  complete: "",
  so_far: "so far",
  repeated: "shown twice by the clocks",
  missing: "left out by the clocks",
};

function HoursTable({ hours }: { readonly hours: readonly Hour[] }) {
  return (
    <Table
      caption="Calls an hour and what is usual, newest first"
      rows={[...hours].reverse()}
      keyOf={(one) => one.hour}
      columns={[
        { title: "Hour", heads: true, cell: (one) => hourText(one.hour) },
        { title: "Calls", number: true, cell: (one) => count(one.calls) },
        { title: "Usual", number: true, cell: (one) => decimal(one.usual?.median) },
        {
          title: "Middle half",
          number: true,
          wide: true,
          cell: (one) =>
            one.usual ? `${decimal(one.usual.low)} to ${decimal(one.usual.high)}` : "–",
        },
        { title: "Weeks", number: true, wide: true, cell: (one) => count(one.usual?.n) },
        {
          title: "Note",
          cell: (one) =>
            one.stands_out
              ? `${ODD_MARKS[one.stands_out]} ${oddText(one.stands_out)}`
              : STATE_WORDS[one.state],
        },
      ]}
    />
  );
}

function Legend() {
  return (
    <>
      <span>
        <i class="key key-calls" /> calls
      </span>
      <span>
        <i class="key key-so-far" /> so far
      </span>
      <span>
        <i class="key key-usual" /> usual (median) and middle half
      </span>
      <span>
        <b class="odd-word">▲ ▼</b> stands out: unusually many, few
      </span>
    </>
  );
}

function usualSays(hours: readonly Hour[]): string {
  const known = hours.map((one) => one.usual?.n ?? 0).filter((n) => n > 0);
  if (known.length === 0)
    return "Usual values appear once 3 earlier weeks of the same weekday and hour are counted.";
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const weeks = least === most ? `${most}` : `${least} to ${most}`;
  return `Usual: the same weekday and hour in the ${weeks} earlier weeks that are known, of the last 8.`;
}

export function HoursPanel({ shown }: { readonly shown: Shown<"/hours"> }) {
  const known = shown.answer.value?.hours ?? [];
  return (
    <Panel
      title="Calls an hour against the usual"
      shown={shown}
      says={known.length > 0 ? usualSays(known) : "Usual: the same weekday and hour in earlier weeks."}
      method="usual"
      csv
      room="chart"
      class="two-thirds"
      empty={(answer) => answer.hours.length === 0 && "No hour has been counted yet."}
    >
      {({ hours }) => (
        <Chart
          label="Calls an hour of the last 48 hours, with the usual value of each."
          data={barData(hours) as uPlot.AlignedData}
          options={(colours: Colours) => hoursChart(colours)}
          drawnFrom={hours}
          pointText={(index) => {
            const one = hours[index];
            return one ? hourSentence(one) : "";
          }}
          onChoose={(index) => {
            const one = hours[index];
            if (one) go({ view: "history", at: hourParameter(one.hour) });
          }}
          table={() => <HoursTable hours={hours} />}
          legend={<Legend />}
        />
      )}
    </Panel>
  );
}
