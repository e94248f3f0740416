/** An answer that stays on the page until the next question has its own: nothing flickers. */
import { computed } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";

import type { Answers, Parameters, Path } from "../api/answers.ts";
import { useAnswer, type Shown } from "./answer.ts";

/** For figures whose question changes by itself, as a period that follows or a slider that moves. */
export function useSteadyAnswer<P extends Path>(
  path: P,
  parameters: Parameters = {},
  follow = true,
): Shown<P> {
  const shown = useAnswer(path, parameters, follow);
  const last = useRef<Answers[P] | null>(null);
  return useMemo(() => {
    const answer = computed(() => {
      const now = shown.answer.value;
      if (now !== null) last.current = now;
      // What cannot be answered is said: an old figure would pass for the answer.
      return now ?? (shown.error.value === null ? last.current : null);
    });
    return { ...shown, answer };
  }, [shown]);
}
