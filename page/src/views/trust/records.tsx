/** How a record becomes a number: the four outcomes, with the numbers of this count. */
import type { Accounts, Overview } from "../../api/answers.ts";
import { useAnswer } from "../../parts/answer.ts";
import { count, counted } from "../../parts/formats.ts";
import { Label } from "../../parts/label.tsx";
import { Panel } from "../../parts/panel.tsx";
import { snapshot } from "../../state/live.ts";
import { linkTo } from "../../state/url.ts";

/** Whether the four outcomes are together what was read. */
export function addsUp(accounts: Accounts): boolean {
  const { read, counted: ok, duplicate, late, rejected } = accounts;
  return read === ok + duplicate + late + rejected;
}

function Term({ sign, value, name }: { sign?: string; value: number; name: string }) {
  return (
    <li>
      {sign !== undefined && <span class="sum-sign">{sign}</span>}
      <span class="headline-number">{count(value)}</span> {name}
    </li>
  );
}

function Reasons({ reasons }: { readonly reasons: Readonly<Record<string, number>> }) {
  const list = Object.entries(reasons)
    .filter(([, records]) => records > 0)
    .sort(([, one], [, other]) => other - one);
  if (list.length === 0) return null;
  return (
    <ul>
      {list.map(([reason, records]) => (
        <li key={reason}>
          <a href={linkTo({ view: "pipeline", reason })}>
            <Label text={reason} />
          </a>
          : {counted(records, "record")}
        </li>
      ))}
    </ul>
  );
}

type Numbers = Pick<Overview, "accounts" | "rejected_by_reason">;

function Outcomes({ accounts, rejected_by_reason: reasons }: Numbers) {
  return (
    <>
      <ul class="sum" aria-label="Records read, and what became of them">
        <Term value={accounts.read} name="read" />
        <Term sign="=" value={accounts.counted} name="counted" />
        <Term sign="+" value={accounts.duplicate} name="duplicate" />
        <Term sign="+" value={accounts.late} name="late" />
        <Term sign="+" value={accounts.rejected} name="rejected" />
      </ul>
      <p>
        {addsUp(accounts)
          ? "They add up. Every record that was read is exactly one of the four; none is dropped."
          : "They do not add up. That must not happen: please run sfcrime audit."}
        {accounts.gaps > 0 &&
          ` ${counted(accounts.gaps, "place")} of the topic held no record and nothing to count.`}
      </p>
      <dl class="outcomes">
        <dt>Counted</dt>
        <dd>A valid call that added one to its hour, type and disposition.</dd>
        <dt>Duplicate</dt>
        <dd>The same call was counted before, however long ago. It is not counted twice.</dd>
        <dt>Late</dt>
        <dd>
          Valid, but published longer after the call than is allowed. Its place is kept, so that it
          can be looked at.
        </dd>
        <dt>Rejected</dt>
        <dd>
          It breaks a rule, such as a call id that is no number. Its place and the reason are kept.
          <Reasons reasons={reasons} />
        </dd>
      </dl>
    </>
  );
}

export function RecordsPanel() {
  const shown = useAnswer("/overview");
  return (
    <Panel
      title="How a record becomes a number"
      shown={shown}
      says="The source publishes records to a topic; one query reads and judges each; a batch of them is committed as a whole or not at all."
      method="accounts"
      room="large"
      class="two-thirds"
    >
      {(answer) => {
        // The stream may be a batch ahead of the answer: both numbers must be of one batch.
        const newest: Numbers = snapshot.value ?? answer;
        return <Outcomes {...newest} />;
      }}
    </Panel>
  );
}
