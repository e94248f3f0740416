import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { snapshotOf } from "../../dev/examples.ts";
import type { Snapshot } from "./answers.ts";
import { followEvents, type Connection, type Source } from "./events.ts";

type Listener = (event: { readonly data: string }) => void;

class RecordedSource implements Source {
  readyState = 1;
  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  closed = false;
  readonly #listeners = new Map<string, Listener>();

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
    this.readyState = 2;
  }

  send(type: string, body: unknown): void {
    this.#listeners.get(type)?.({ data: JSON.stringify(body) });
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.onerror?.(new Event("error"));
  }
}

let sources: RecordedSource[] = [];
let frames: (() => void)[] = [];
let shown: number[][] = [];
let connections: Connection[] = [];
let told: string[] = [];
let stop: () => void = () => undefined;

const newest = (): RecordedSource => {
  const source = sources.at(-1);
  if (!source) throw new Error("no source was opened");
  return source;
};
const batchesOf = (snapshots: readonly Snapshot[]): number[] =>
  snapshots.map((one) => one.meta.batch ?? -1);

beforeEach(() => {
  vi.useFakeTimers();
  [sources, frames, shown, connections, told] = [[], [], [], [], []];
  stop = followEvents({
    onSnapshots: (snapshots) => {
      shown.push(batchesOf(snapshots));
      told.push("shown");
    },
    onState: (state) => told.push(state.state),
    onConnection: (connection) => connections.push(connection),
    open: () => {
      const source = new RecordedSource();
      sources.push(source);
      return source;
    },
    nextFrame: (run) => frames.push(run),
  });
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

function drawFrame(): void {
  for (const run of frames.splice(0)) run();
}

test("snapshots that come within a frame are shown together, once", () => {
  newest().send("snapshot", snapshotOf(7));
  newest().send("snapshot", snapshotOf(8));
  newest().send("snapshot", snapshotOf(9));
  expect(shown).toEqual([]);
  expect(frames).toHaveLength(1);
  drawFrame();
  drawFrame();
  expect(shown).toEqual([[7, 8, 9]]);
});

test("a state that came behind a snapshot is not undone by it when the frame is drawn", () => {
  const snapshot = snapshotOf(7);
  newest().send("snapshot", snapshot);
  newest().send("state", { ...snapshot.state, state: "stale" });
  drawFrame();
  expect(told).toEqual(["live", "stale", "shown"]);
});

test("a stream that is neither opened nor refused is opened anew", () => {
  vi.advanceTimersByTime(25_000);
  expect(sources[0]?.closed).toBe(true);
  vi.advanceTimersByTime(1000);
  expect(sources).toHaveLength(2);
});

test("a page that draws no frames holds the newest 50 snapshots and no more", () => {
  for (let batch = 1; batch <= 120; batch += 1) newest().send("snapshot", snapshotOf(batch));
  drawFrame();
  expect(shown[0]).toHaveLength(50);
  expect(shown[0]?.[0]).toBe(71);
  expect(shown[0]?.at(-1)).toBe(120);
});

test("a broken stream is offline until the browser has opened it again", () => {
  newest().onopen?.(new Event("open"));
  newest().fail(0);
  newest().onopen?.(new Event("open"));
  expect(connections).toEqual(["connecting", "open", "offline", "open"]);
  expect(sources).toHaveLength(1);
});

test("a refused stream is opened again after 1, 2, 4 and at most 10 seconds", () => {
  const waits: number[] = [];
  for (let again = 0; again < 6; again += 1) {
    newest().fail(2);
    const before = sources.length;
    let waited = 0;
    while (sources.length === before) {
      vi.advanceTimersByTime(500);
      waited += 500;
    }
    waits.push(waited);
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
});

test("a stream that has opened starts again with the short wait", () => {
  newest().fail(2);
  vi.advanceTimersByTime(1000);
  newest().fail(2);
  vi.advanceTimersByTime(2000);
  newest().onopen?.(new Event("open"));
  newest().fail(2);
  vi.advanceTimersByTime(1000);
  expect(sources).toHaveLength(4);
});

test("a quiet stream stays open while it has its beat, and is opened again when it has none", () => {
  newest().onopen?.(new Event("open"));
  for (let beat = 0; beat < 6; beat += 1) {
    vi.advanceTimersByTime(10_000);
    newest().send("beat", 1);
  }
  expect(connections).toEqual(["connecting", "open"]);
  vi.advanceTimersByTime(24_999);
  expect(connections.at(-1)).toBe("open");
  vi.advanceTimersByTime(1);
  expect(connections.at(-1)).toBe("offline");
  expect(sources[0]?.closed).toBe(true);
  vi.advanceTimersByTime(1000);
  expect(sources).toHaveLength(2);
});

test("an ended stream shows nothing more and opens nothing more", () => {
  newest().send("snapshot", snapshotOf(1));
  stop();
  drawFrame();
  vi.advanceTimersByTime(60_000);
  expect(shown).toEqual([]);
  expect(sources).toHaveLength(1);
});
