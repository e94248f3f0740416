/** An answer of the API that a panel shows, kept up to date while somebody can see it. */
import { effect, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";

import type { Answers, Meta, Parameters, Path } from "../api/answers.ts";
import { addressOf, ask, ApiError } from "../api/client.ts";
import { answerMeta, connection, meta, paused } from "../state/live.ts";

/** Between two questions of one panel. */
const SHORTEST_PAUSE_MS = 1500;
/** Of a panel's time, how much may be spent waiting for answers: a busy server is asked less. */
const SHARE_OF_WAITING = 0.04;
const LONGEST_PAUSE_MS = 5000;

/** How long to wait between two questions when the last answer took so long. */
export function pauseAfter(tookMs: number): number {
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, tookMs / SHARE_OF_WAITING));
}

export interface Shown<P extends Path> {
  /**
   * The last answer that came, also while another is on its way or none could be had. It may be to
   * the question before: what it is about stands in the answer.
   */
  readonly answer: ReadonlySignal<Answers[P] | null>;
  /** Why there is no newer answer; null while all is well. */
  readonly error: ReadonlySignal<ApiError | null>;
  /** Whether the first answer to this very question is still on its way. */
  readonly loading: ReadonlySignal<boolean>;
  /** The address of the answer: as JSON, or with `format=csv`. */
  readonly address: string;
  /** Set by the panel: whether it can be seen. */
  readonly visible: Signal<boolean>;
  readonly again: () => void;
}

type Count = Pick<Meta, "generation" | "batch">;

/** Whether an answer was taken before the count that the stream speaks of. */
export function isOlder(have: Count | null, now: Count): boolean {
  if (have?.generation !== now.generation) return true;
  return (have.batch ?? -1) < (now.batch ?? -1);
}

interface Question<P extends Path> extends Shown<P> {
  readonly start: () => () => void;
}

function question<P extends Path>(
  path: P,
  parameters: Parameters,
  follow: boolean,
  before: Answers[P] | null,
): Question<P> {
  const answer = signal(before);
  const error = signal<ApiError | null>(null);
  const loading = signal(true);
  const visible = signal(true);
  let running: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let pauseMs = SHORTEST_PAUSE_MS;
  let wanted = false;
  let stopped = false;
  let have: Count | null = null;

  const ready = (): boolean => visible.peek() && document.visibilityState === "visible";
  const want = (): void => {
    wanted = true;
    if (running || !ready()) return;
    clearTimeout(timer);
    timer = setTimeout(() => void send(), Math.max(0, askedAt + pauseMs - Date.now()));
  };
  const send = async (): Promise<void> => {
    if (running || !ready()) return;
    wanted = false;
    askedAt = Date.now();
    const mine = new AbortController();
    running = mine;
    const askedOf = meta.peek();
    try {
      const got = await ask(path, parameters, mine.signal);
      pauseMs = pauseAfter(Date.now() - askedAt);
      answer.value = got;
      error.value = null;
      loading.value = false;
      have = "meta" in got ? got.meta : (askedOf ?? meta.peek());
      if ("meta" in got) answerMeta.value = got.meta;
      const now = meta.peek();
      if (follow && !paused.peek() && now && isOlder(have, now)) wanted = true;
    } catch (problem) {
      if (problem instanceof DOMException && problem.name === "AbortError") return;
      loading.value = false;
      error.value =
        problem instanceof ApiError ? problem : new ApiError(0, "unexpected", String(problem));
      const after = error.value.retryAfterSeconds;
      if (after !== null) {
        wanted = true;
        setTimeout(catchUp, after * 1000);
        return;
      }
    } finally {
      if (running === mine) running = null;
    }
    catchUp();
  };
  const catchUp = (): void => {
    if (wanted && !stopped) want();
  };
  const start = (): (() => void) => {
    stopped = false;
    want();
    const stop = effect(() => {
      // All are read here, so that a change of any of them asks anew.
      const now = meta.value;
      const back = connection.value === "open" && error.peek()?.status === 0;
      if (back) want();
      else if (!paused.value && follow && now && (error.peek() || (have && isOlder(have, now))))
        want();
    });
    const seen = effect(() => {
      if (visible.value) catchUp();
    });
    document.addEventListener("visibilitychange", catchUp);
    return () => {
      stopped = true;
      stop();
      seen();
      document.removeEventListener("visibilitychange", catchUp);
      clearTimeout(timer);
      running?.abort();
    };
  };
  return { answer, error, loading, visible, address: addressOf(path, parameters), again: want, start };
}

/**
 * Asks the API, and again with each batch, at most every 1.5 s (less often where answers take
 * more than 60 ms) and only while the panel can be seen. Another question cancels the one before.
 *
 * @param follow false for what does not change with a batch, such as the methods
 */
export function useAnswer<P extends Path>(
  path: P,
  parameters: Parameters = {},
  follow = true,
): Shown<P> {
  const address = addressOf(path, parameters);
  // The address says all of the question: the parameters are read when it changes.
  const last = useRef<{ path: P; shown: Question<P> } | null>(null);
  const shown = useMemo(() => {
    const before = last.current?.path === path ? last.current.shown.answer.peek() : null;
    return question(path, parameters, follow, before);
  }, [address, follow]);
  last.current = { path, shown };
  useEffect(() => shown.start(), [shown]);
  return shown;
}
