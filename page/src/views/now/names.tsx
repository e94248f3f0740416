/** What the calls are about: categories, their types, and the raw labels that a type was read from. */
import type { Named, Names } from "../../api/answers.ts";
import { useAnswer } from "../../parts/answer.ts";
import { changeText, count, counted, share, span, type ChangeText } from "../../parts/formats.ts";
import { Label } from "../../parts/label.tsx";
import { Panel } from "../../parts/panel.tsx";
import { linkTo, place } from "../../state/url.ts";

const MARKS = { up: "▲", down: "▼", same: "=", none: "" } as const;

function Crumbs() {
  const { category, type } = place.value;
  return (
    <nav class="crumbs" aria-label="Where in the types of calls">
      <ol>
        <li>
          {category === undefined && type === undefined ? (
            <span aria-current="page">All categories</span>
          ) : (
            <a href={linkTo({ category: null, type: null })}>All categories</a>
          )}
        </li>
        {category !== undefined && (
          <li>
            {type === undefined ? (
              <span aria-current="page">
                <Label text={category} />
              </span>
            ) : (
              <a href={linkTo({ type: null })}>
                <Label text={category} />
              </a>
            )}
          </li>
        )}
        {type !== undefined && (
          <li aria-current="page">
            <Label text={type} />
          </li>
        )}
      </ol>
    </nav>
  );
}

function NameLink({ level, name }: { readonly level: Names["level"]; readonly name: string }) {
  if (level === "label") return <Label text={name} />;
  const to = level === "category" ? { category: name, type: null } : { type: name };
  return (
    <a href={linkTo(to)}>
      <Label text={name} />
    </a>
  );
}

/** A change is of the hours that are over; what it is compared with is told beside it. */
function changeTitle(one: Named, change: ChangeText): string {
  if (change.direction === "none" || one.before === null) return change.full;
  const before = counted(one.before, "call");
  return `${change.short} in the hours that are over. The equally long time before: ${before}.`;
}

function NameRow({ one, level, most }: { one: Named; level: Names["level"]; most: number }) {
  const change = changeText(one.change, one.before);
  return (
    <tr>
      <th scope="row" class="name-cell">
        <NameLink level={level} name={one.name} />
        <span class="bar" aria-hidden="true">
          <span style={{ width: `${most === 0 ? 0 : (one.calls / most) * 100}%` }} />
        </span>
      </th>
      <td class="number">{count(one.calls)}</td>
      <td class="number wide">{share(one.share)}</td>
      <td class="number change" title={changeTitle(one, change)}>
        <span aria-hidden="true">{MARKS[change.direction]} </span>
        {change.short}
      </td>
    </tr>
  );
}

const COLUMN_TITLES: Readonly<Record<Names["level"], string>> = {
  category: "Category",
  type: "Type",
  label: "Raw label",
};

function NamesTable({ answer }: { readonly answer: Names }) {
  const most = answer.names.reduce((top, one) => Math.max(top, one.calls), 0);
  const title = COLUMN_TITLES[answer.level];
  return (
    <>
      <div class="table names" role="region" aria-label={`${title}, most calls first`} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{title}</th>
              <th scope="col" class="number">
                Calls
              </th>
              <th scope="col" class="number wide">
                Share
              </th>
              <th scope="col" class="number">
                <abbr title="Change from the equally long time right before; none under 20 calls">
                  Change
                </abbr>
              </th>
            </tr>
          </thead>
          <tbody>
            {answer.names.map((one) => (
              <NameRow key={one.name} one={one} level={answer.level} most={most} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="note">
        {counted(answer.calls, "call")}, {span(answer.since, answer.until)}.
        {answer.left_out > 0 &&
          ` ${counted(answer.left_out, "more name")} with ${counted(answer.left_out_calls, "call")} not listed.`}
      </p>
    </>
  );
}

export function NamesPanel() {
  const { category, type } = place.value;
  const asked = type === undefined ? { category } : { type };
  const shown = useAnswer("/names", asked);
  const level = shown.answer.value?.level ?? "category";
  return (
    <Panel
      title="What the calls are about"
      shown={shown}
      says={
        level === "label"
          ? "Labels as dispatchers typed them, read as this type."
          : "The last 24 hours, against the 24 before. Choose a name to look inside."
      }
      method="names"
      csv
      room="large"
      class="half"
    >
      {(answer) => (
        <>
          <Crumbs />
          {answer.names.length === 0 ? (
            <p class="empty">No calls of this name in {span(answer.since, answer.until)}.</p>
          ) : (
            <NamesTable answer={answer} />
          )}
        </>
      )}
    </Panel>
  );
}
