/** The shell: header, the view that the address names, and what is the same in all of them. */
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Header, Notice } from "./parts/header.tsx";
import { MethodDialog } from "./parts/method.tsx";
import { meta } from "./state/live.ts";
import { place, VIEW_TITLES, type View } from "./state/url.ts";
import { HistoryView } from "./views/history.tsx";
import { NowView } from "./views/now.tsx";
import { PipelineView } from "./views/pipeline.tsx";
import { TrustView } from "./views/trust.tsx";

const VIEW_OF: Readonly<Record<View, ComponentType>> = {
  now: NowView,
  history: HistoryView,
  pipeline: PipelineView,
  trust: TrustView,
};

export function App() {
  const view = place.value.view;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${VIEW_TITLES[view]} · San Francisco calls for service`;
    // A reader who followed a link hears and stands at the new view, not at the old link.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [view]);
  const Shown = VIEW_OF[view];
  return (
    <>
      <a class="skip" href="#main">
        Skip to the figures
      </a>
      <Header />
      <main id="main" ref={main} tabIndex={-1} aria-label={VIEW_TITLES[view]}>
        <Shown />
      </main>
      <footer class="page-foot">
        <p>
          A call is not a crime: it is a request for service, in a dispatcher’s words.{" "}
          <a href="/trust">What these numbers can and cannot say</a>
        </p>
        <p>
          {meta.value && (
            <>
              Source: <bdi>{meta.value.source}</bdi>.{" "}
            </>
          )}
          Made by sfcrime on this machine; the page asks nothing of any other.
        </p>
      </footer>
      <Notice />
      <MethodDialog />
    </>
  );
}
