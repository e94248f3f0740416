/** What the second count by other code found when it was last made. */
import type { Audit, LastAudit } from "../../api/answers.ts";
import { useAnswer } from "../../parts/answer.ts";
import { count, counted, instant } from "../../parts/formats.ts";
import { Panel } from "../../parts/panel.tsx";

function Verdict({ audit, since }: { audit: Audit; since: number | null }) {
  return (
    <>
      <p class={`verdict verdict-${audit.equal ? "equal" : "different"}`}>
        {audit.equal ? "✓ Equal" : "≠ Different"}
      </p>
      <p>
        {audit.equal
          ? `All ${count(audit.cells)} cells of the store were counted again by other code, and are the same.`
          : `${counted(audit.differing, "thing")} of ${count(audit.cells)} cells differed. sfcrime audit names them, with the records that caused it.`}
      </p>
      <dl class="facts">
        <dt>When</dt>
        <dd>{instant(audit.audited_at)}</dd>
        <dt>Records</dt>
        <dd>{count(audit.accounts.read)} read again</dd>
        <dt>Up to</dt>
        <dd>
          batch {count(audit.batch)} of generation {count(audit.generation)}
        </dd>
        <dt>Since then</dt>
        <dd>
          {since === null
            ? "counted anew: the verdict is of an earlier generation"
            : `${counted(since, "batch", "batches")}, not yet audited`}
        </dd>
      </dl>
    </>
  );
}

function Inside({ audit, batches_since: since }: LastAudit) {
  if (audit) return <Verdict audit={audit} since={since} />;
  return (
    <>
      <p class="verdict">Not audited yet</p>
      <p>
        Nobody has counted these records a second time. <code>sfcrime audit</code> does it, and its
        verdict appears here.
      </p>
    </>
  );
}

export function AuditPanel() {
  const shown = useAnswer("/audit");
  return (
    <Panel
      title="The last audit"
      shown={shown}
      says="A second count, with another client, another parser and other code."
      method="audit"
      room="large"
      class="third"
    >
      {(answer) => <Inside {...answer} />}
    </Panel>
  );
}
