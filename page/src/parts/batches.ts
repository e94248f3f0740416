/** The newest batches and commits, from one answer and from then on from the event stream. */
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";

import type { Batch, Batches, Snapshot } from "../api/answers.ts";
import { snapshot } from "../state/live.ts";
import { useAnswer, type Shown } from "./answer.ts";
import { leavesHole, MOST_POINTS, withBatches, withCommit, type Commit } from "./lines.ts";
import { wallMs } from "./period.ts";

/** At most four redraws a second. */
const BETWEEN_MS = 250;
/** A page that cannot keep up asks for what it missed, but not all the time. */
const BETWEEN_QUESTIONS_MS = 5000;

export interface Feed {
  readonly batches: ReadonlySignal<readonly Batch[]>;
  readonly commits: ReadonlySignal<readonly Commit[]>;
  /** Takes the answer to a question in. */
  readonly answered: (answer: Batches) => void;
  /** Takes a snapshot of the stream in. */
  readonly streamed: (next: Snapshot) => void;
  /** Shows what came while nobody could see it. */
  readonly look: () => void;
  readonly stop: () => void;
}

/**
 * @param ask called where batches are missing between two snapshots
 * @param hidden whether nobody can see the page: then nothing is drawn
 */
export function batchFeed(ask: () => void, hidden: () => boolean): Feed {
  const batches = signal<readonly Batch[]>([]);
  const commits = signal<readonly Commit[]>([]);
  let generation: number | null = null;
  let [known, knownCommits]: [readonly Batch[], readonly Commit[]] = [[], []];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let shownAt = Number.NEGATIVE_INFINITY;
  let askedAt = Number.NEGATIVE_INFINITY;

  const show = (): void => {
    timer = undefined;
    if (hidden()) return;
    shownAt = Date.now();
    batches.value = known;
    commits.value = knownCommits;
  };
  const soon = (): void => {
    timer ??= setTimeout(show, Math.max(0, shownAt + BETWEEN_MS - Date.now()));
  };
  const begin = (next: number): void => {
    if (next === generation) return;
    generation = next;
    [known, knownCommits] = [[], []];
  };
  return {
    batches,
    commits,
    answered: (answer) => {
      begin(answer.meta.generation);
      known = withBatches(known, answer.batches);
      soon();
    },
    streamed: ({ meta, last_batch: last }) => {
      begin(meta.generation);
      const newest = meta.as_of === null ? null : wallMs(meta.as_of.slice(0, 19));
      if (newest !== null && meta.committed_at !== null) {
        const commit = { committedMs: Date.parse(meta.committed_at), newestMs: newest };
        knownCommits = withCommit(knownCommits, commit);
      }
      if (last !== null) {
        if (leavesHole(known, last) && Date.now() >= askedAt + BETWEEN_QUESTIONS_MS) {
          askedAt = Date.now();
          ask();
        }
        known = withBatches(known, [last]);
      }
      soon();
    },
    look: soon,
    stop: () => {
      clearTimeout(timer);
    },
  };
}

export interface FollowedBatches {
  readonly shown: Shown<"/batches">;
  readonly batches: ReadonlySignal<readonly Batch[]>;
  readonly commits: ReadonlySignal<readonly Commit[]>;
}

export function useBatches(): FollowedBatches {
  const shown = useAnswer("/batches", { limit: MOST_POINTS }, false);
  const feed = useMemo(() => batchFeed(shown.again, () => document.visibilityState === "hidden"), [shown]);
  useEffect(() => {
    const ends = [
      effect(() => {
        if (shown.answer.value !== null) feed.answered(shown.answer.value);
      }),
      effect(() => {
        if (snapshot.value !== null) feed.streamed(snapshot.value);
      }),
    ];
    document.addEventListener("visibilitychange", feed.look);
    return () => {
      for (const end of ends) end();
      document.removeEventListener("visibilitychange", feed.look);
      feed.stop();
    };
  }, [feed, shown]);
  return { shown, batches: feed.batches, commits: feed.commits };
}
