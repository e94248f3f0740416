/** The head of each view: where one is, how fresh the numbers are, and what they are not. */
import { useEffect, useState } from "preact/hooks";

import {
  connection,
  meta,
  paused,
  serverState,
  setPaused,
  status,
  waiting,
  type Status,
} from "../state/live.ts";
import { choice, choose, CHOICES, type Choice } from "../state/theme.ts";
import { place, VIEW_TITLES, VIEWS } from "../state/url.ts";
import { counted, instant, minute } from "./formats.ts";
import { SyntheticBadge, visibleText } from "./label.tsx";

const STATUS_WORDS: Readonly<Record<Status, string>> = {
  connecting: "Connecting",
  live: "Live",
  stale: "Stale",
  offline: "Offline",
};

function statusSentence(now: Status): string {
  const state = serverState.value;
  switch (now) {
    case "connecting":
      return "The page is asking the server for the newest count.";
    case "offline":
      return "No connection to the server. The numbers shown are the last that came; the page keeps trying.";
    case "live":
      return "Each batch that is counted appears here as it is committed.";
    case "stale":
      return visibleText(state?.reason ?? "Nobody counts at the moment.");
  }
}

/** "Stale since Tue, Oct 2, 2018, 9:14:05 AM": the numbers shown are those of then. */
function statusWords(now: Status): string {
  const since = now === "stale" ? serverState.value?.since : null;
  return since ? `${STATUS_WORDS[now]} since ${instant(since)}` : STATUS_WORDS[now];
}

/** Says changes of the status and of its reason aloud, not each batch. */
function StatusAloud() {
  const now = status.value;
  const reason = serverState.value?.reason;
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (now === "connecting") return;
    const timer = setTimeout(() => {
      setSaid(`${statusWords(now)}. ${statusSentence(now)}`);
    }, 1500);
    return () => {
      clearTimeout(timer);
    };
  }, [now, reason]);
  return (
    <div class="unseen" role="status">
      {said}
    </div>
  );
}

export function StatusWord() {
  const now = status.value;
  return (
    <span class={`status status-${now}`} data-testid="state" title={statusSentence(now)}>
      <span class="status-mark" aria-hidden="true" />
      {statusWords(now)}
    </span>
  );
}

function AsOf() {
  const now = meta.value;
  const text = now?.as_of ? minute(now.as_of) : null;
  return (
    <span class="as-of" data-testid="as-of">
      Data as of <time dateTime={now?.as_of ?? undefined}>{text ?? "…"}</time>
    </span>
  );
}

function PauseButton() {
  const on = paused.value;
  return (
    <button
      type="button"
      class="pause"
      aria-pressed={on}
      onClick={() => {
        setPaused(!on);
      }}
    >
      {on ? `Paused · ${counted(waiting.value, "batch", "batches")} behind` : "Pause"}
    </button>
  );
}

const CHOICE_WORDS: Readonly<Record<Choice, string>> = {
  auto: "Auto",
  light: "Light",
  dark: "Dark",
};

function ThemeChoice() {
  return (
    <label class="theme">
      <span class="unseen">Colours</span>
      <select
        value={choice.value}
        onChange={(event) => {
          const wanted = CHOICES.find((known) => known === event.currentTarget.value);
          if (wanted) choose(wanted);
        }}
      >
        {CHOICES.map((known) => (
          <option key={known} value={known}>
            {CHOICE_WORDS[known]}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Notice() {
  const now = status.value;
  if (now !== "stale" && (now !== "offline" || connection.value !== "offline")) return null;
  return (
    <aside class={`notice notice-${now}`} aria-label="State of the count">
      <strong>{statusWords(now)}.</strong> {statusSentence(now)}
    </aside>
  );
}

export function Header() {
  const view = place.value.view;
  return (
    <header class="page-head">
      <div class="masthead">
        <p class="title">
          <a href="/">San Francisco calls for service</a>
        </p>
        <nav aria-label="Views">
          <ul>
            {VIEWS.map((known) => (
              <li key={known}>
                <a
                  href={known === "now" ? "/" : `/${known}`}
                  aria-current={known === view ? "page" : undefined}
                >
                  {VIEW_TITLES[known]}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <ThemeChoice />
      </div>
      <div class="freshness">
        <StatusWord />
        <AsOf />
        <PauseButton />
        <span class="not-a-crime">A call is not a crime.</span>
        {meta.value?.synthetic === true && <SyntheticBadge />}
      </div>
      <StatusAloud />
    </header>
  );
}
