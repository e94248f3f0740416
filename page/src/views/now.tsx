/** Now: the newest hours against what is usual, what the calls are about, and what just changed. */
import { useComputed } from "@preact/signals";

import { useAnswer } from "../parts/answer.ts";
import { snapshot } from "../state/live.ts";
import { ChangesPanel } from "./now/changes.tsx";
import { Headline } from "./now/headline.tsx";
import { HoursPanel } from "./now/hours_panel.tsx";
import { withNewest } from "./now/hours.ts";
import { MatrixPanel } from "./now/matrix.tsx";
import { NamesPanel } from "./now/names.tsx";
import { StandOutsPanel } from "./now/stand_outs.tsx";

/** Enough for the last 24 full hours and the 24 before them, beside the one that is running. */
const HOURS = 49;

export function NowView() {
  const asked = useAnswer("/hours", { count: HOURS });
  const shownHours = asked.answer;
  // The stream brings the newest hours with each batch, before the panel has asked again.
  const newest = useComputed(() => {
    const answer = shownHours.value;
    return answer === null
      ? null
      : { ...answer, hours: withNewest(answer, snapshot.value, HOURS) };
  });
  return (
    <>
      <h1>The last 48 hours of the count</h1>
      <p class="lead">
        What people asked the police for, and what officers began themselves, hour by hour as each
        batch of calls is counted.
      </p>
      {/* A map, response times and open calls take their places in this grid when there is data. */}
      <div class="grid">
        <Headline hours={newest.value?.hours ?? []} />
        <HoursPanel shown={{ ...asked, answer: newest }} />
        <StandOutsPanel />
        <NamesPanel />
        <ChangesPanel />
        <MatrixPanel />
      </div>
    </>
  );
}
