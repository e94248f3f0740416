/** One answer in several panels. */
import { signal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import type { Path } from "../api/answers.ts";
import type { Shown } from "./answer.ts";

/**
 * The same answer for one more panel: each watches for itself whether it can be seen, and none
 * keeps the others from being asked for.
 */
export function useOwnSight<P extends Path>(shown: Shown<P>): Shown<P> {
  return useMemo(() => ({ ...shown, visible: signal(true) }), [shown]);
}
