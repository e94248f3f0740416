/** What the stream said last: shared by the shell and all views. */
import { batch, computed, signal } from "@preact/signals";

import type { Change, Meta, Snapshot, State } from "../api/answers.ts";
import { followEvents, type Connection } from "../api/events.ts";

const KEPT_CHANGES = 300;

/** The newest snapshot that is shown; null until the first has come. */
export const snapshot = signal<Snapshot | null>(null);
/** Changes as they came, newest first; `null` between two of which some are missing. */
export const changes = signal<readonly Change[]>([]);
/** How often batches went by between two snapshots, so that changes are missing. */
export const skipped = signal(0);
export const serverState = signal<State | null>(null);
export const connection = signal<Connection>("connecting");
export const paused = signal(false);
/** Snapshots that came while paused. */
export const waiting = signal(0);
/** Meta of an answer that came before the first snapshot, or where there is no stream. */
export const answerMeta = signal<Meta | null>(null);

export const meta = computed(() => snapshot.value?.meta ?? answerMeta.value);

export type Status = "connecting" | "live" | "stale" | "offline";

/** Live, stale or offline: the word that the header shows. */
export const status = computed<Status>(() => {
  if (connection.value === "offline") return "offline";
  const state = serverState.value;
  if (connection.value === "connecting" || state === null) return "connecting";
  return state.state;
});

let held: Snapshot[] = [];

/** Takes snapshots in: all changes are kept, everything else is the newest's. */
export function take(snapshots: readonly Snapshot[]): void {
  const newest = snapshots.at(-1);
  if (!newest) return;
  if (paused.peek()) {
    held = [...held, ...snapshots].slice(-20);
    waiting.value += snapshots.length;
    return;
  }
  batch(() => {
    let known = changes.peek();
    let before = snapshot.peek();
    for (const one of snapshots) {
      const next = one.meta.batch;
      const last = before?.meta.batch;
      if (before && one.meta.generation !== before.meta.generation) known = [];
      else if (typeof next === "number" && typeof last === "number" && next > last + 1)
        skipped.value += 1;
      if (before?.meta.batch !== next || before.meta.generation !== one.meta.generation)
        known = [...one.changes, ...known];
      before = one;
    }
    changes.value = known.slice(0, KEPT_CHANGES);
    snapshot.value = newest;
  });
}

/** Holds the page still, or lets it go on with the newest. */
export function setPaused(on: boolean): void {
  paused.value = on;
  if (on) return;
  const snapshots = held;
  held = [];
  waiting.value = 0;
  take(snapshots);
}

export function startEvents(): () => void {
  return followEvents({
    onSnapshots: take,
    onState: (state) => {
      serverState.value = state;
    },
    onConnection: (now) => {
      connection.value = now;
      // Whoever answers next says it anew, or has no store to speak of.
      if (now === "offline") serverState.value = null;
    },
  });
}
