/** Trust: how a record becomes a number, what the numbers cannot say, and how to prove them. */
import { SyntheticBadge } from "../parts/label.tsx";
import { meta } from "../state/live.ts";
import { AuditPanel } from "./trust/audit.tsx";
import { Caveats } from "./trust/caveats.tsx";
import { MethodsPanel } from "./trust/methods.tsx";
import { RecordsPanel } from "./trust/records.tsx";

function Sources() {
  const now = meta.value;
  return (
    <section class="panel half" aria-labelledby="sources">
      <h2 id="sources">Where the calls come from</h2>
      <div class="panel-body">
        {now?.synthetic === true ? (
          <>
            <p>
              <SyntheticBadge />
            </p>
            <p>
              This count is of invented calls: <bdi>{now.source}</bdi>. They have the form and the
              habits of San Francisco’s, so that everything can be tried, and they say nothing about
              the city.
            </p>
          </>
        ) : (
          <p>
            This count is of: <bdi>{now?.source ?? "…"}</bdi>.
          </p>
        )}
        <p>
          San Francisco publishes its police calls for service as open data, under the Open Data
          Commons Public Domain Dedication and License (PDDL), without warranty. Its portal’s terms
          ask that nobody be identified from them.
        </p>
        <p>
          This page is not made by the city or its police. It comes from the machine that counts, and
          asks nothing of any other.
        </p>
      </div>
    </section>
  );
}

function Proof() {
  return (
    <section class="panel half" aria-labelledby="proof">
      <h2 id="proof">Prove it yourself</h2>
      <div class="panel-body">
        <p>
          The records are still in the topic. This command reads them again with another client,
          another parser and other code, judges them by the same written rules, and compares every
          cell, every hour and every counted call with the store:
        </p>
        <pre>
          <code>sfcrime audit</code>
        </pre>
        <p>
          It ends with “Equal”, or names what differs and the records that caused it. Any figure of
          this page can be had as CSV or JSON under it, and the records that were set aside with{" "}
          <code>sfcrime rejected --bytes</code> and <code>sfcrime late</code>.
        </p>
        <p>
          The rules are in <code>docs/rules.md</code> of the project, the sums of this page in{" "}
          <code>docs/methods.md</code>.
        </p>
      </div>
    </section>
  );
}

export function TrustView() {
  return (
    <>
      <h1>What these numbers can and cannot say</h1>
      <p class="lead">
        Every figure here is a count of calls, made by written rules, and can be counted again by
        anybody who has the records.
      </p>
      <div class="grid">
        <RecordsPanel />
        <AuditPanel />
        <Caveats />
        <Proof />
        <Sources />
        <MethodsPanel />
      </div>
    </>
  );
}
