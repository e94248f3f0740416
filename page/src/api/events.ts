/**
 * The event stream: one snapshot a committed batch, and changes of the server's state.
 *
 * A browser opens a broken stream again by itself, but not one that was refused, and it does not
 * notice a connection that is gone without a word: whatever the server sends, a beat every 10 s at
 * least, tells that it is there. Both are done here.
 */
import type { Snapshot, State } from "./answers.ts";

export type Connection = "connecting" | "open" | "offline";

/** The part of the browser's EventSource that is used: a test puts its own in its place. */
export interface Source {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(type: string, listener: (event: { readonly data: string }) => void): void;
  close(): void;
}

export interface EventsOptions {
  /** Every snapshot since the last call, oldest first: usually one, never none. */
  readonly onSnapshots: (snapshots: readonly Snapshot[]) => void;
  /** Each state as it comes, that of a snapshot before the snapshot. */
  readonly onState: (state: State) => void;
  readonly onConnection: (connection: Connection) => void;
  readonly open?: () => Source;
  /** Runs a function before the next frame is drawn. */
  readonly nextFrame?: (run: () => void) => void;
}

const CLOSED = 2;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 10_000;
const SILENCE_MS = 25_000;
const HELD = 50;

function browserFrame(run: () => void): void {
  // A hidden page draws no frames, and still has to know the newest batch when it is looked at.
  if (document.visibilityState === "hidden") setTimeout(run, 250);
  else requestAnimationFrame(run);
}

/** Follows the stream until the function that it returns is called. */
export function followEvents(options: EventsOptions): () => void {
  const open: () => Source = options.open ?? (() => new EventSource("/api/v1/events"));
  const nextFrame = options.nextFrame ?? browserFrame;
  let source: Source | null = null;
  let held: Snapshot[] = [];
  let wait = FIRST_WAIT_MS;
  let reopening: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let ended = false;

  const show = (): void => {
    const snapshots = held;
    held = [];
    if (!ended && snapshots.length > 0) options.onSnapshots(snapshots);
  };
  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(reopen, SILENCE_MS);
  };
  const reopen = (): void => {
    source?.close();
    source = null;
    clearTimeout(silence);
    clearTimeout(reopening);
    options.onConnection("offline");
    reopening = setTimeout(start, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  };
  const start = (): void => {
    const mine = open();
    source = mine;
    heard();
    mine.onopen = () => {
      wait = FIRST_WAIT_MS;
      options.onConnection("open");
      heard();
    };
    mine.onerror = () => {
      if (source !== mine) return;
      if (mine.readyState === CLOSED) reopen();
      else options.onConnection("offline");
    };
    mine.addEventListener("beat", heard);
    mine.addEventListener("snapshot", (event) => {
      heard();
      const one = JSON.parse(event.data) as Snapshot;
      options.onState(one.state);
      held.push(one);
      if (held.length === 1) nextFrame(show);
      else if (held.length > HELD) held.splice(0, held.length - HELD);
    });
    mine.addEventListener("state", (event) => {
      heard();
      options.onState(JSON.parse(event.data) as State);
    });
  };

  options.onConnection("connecting");
  start();
  return () => {
    ended = true;
    clearTimeout(silence);
    clearTimeout(reopening);
    source?.close();
  };
}
