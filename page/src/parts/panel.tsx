/** A figure with its title, its states, its method and its data. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import type { Answers, Path } from "../api/answers.ts";
import type { ApiError } from "../api/client.ts";
import type { Shown } from "./answer.ts";
import { MethodButton } from "./method.tsx";

export interface PanelProps<P extends Path> {
  readonly title: string;
  readonly shown: Shown<P>;
  /** Draws the answer. */
  readonly children: (answer: Answers[P]) => ComponentChildren;
  /** One sentence under the title: what the figure shows. */
  readonly says?: ComponentChildren;
  /** Why the figure is empty, or false where it is not. */
  readonly empty?: (answer: Answers[P]) => string | false;
  /** The id of the method text. */
  readonly method?: string;
  /** Whether the answer can be had as CSV too. */
  readonly csv?: boolean;
  /** Controls of the figure, beside its title. */
  readonly controls?: ComponentChildren;
  /** Room that the body keeps in every state, so that nothing below it jumps. */
  readonly room?: "small" | "middle" | "large" | "chart" | "none";
  readonly class?: string;
}

function Links({ address, csv, title }: { address: string; csv: boolean; title: string }) {
  const joint = address.includes("?") ? "&" : "?";
  return (
    <>
      {csv && (
        <a class="quiet" href={`${address}${joint}format=csv`} download>
          CSV<span class="unseen"> of {title}</span>
        </a>
      )}
      <a class="quiet" href={address} target="_blank" rel="noopener">
        JSON<span class="unseen"> of {title}</span>
      </a>
    </>
  );
}

/** What went wrong, in words for a reader, with the way on. */
export function Problem({ error, again }: { error: ApiError; again?: () => void }) {
  const loading = error.code === "loading";
  if (error.code === "store_empty")
    return (
      <p class="empty">
        {error.message} {error.nextStep}
      </p>
    );
  return (
    <div class="problem" role={loading ? undefined : "alert"}>
      <p>
        <strong>{loading ? "Still loading." : "No answer."}</strong> {error.message}
      </p>
      {error.nextStep !== null && <p>{error.nextStep}</p>}
      {error.status === 401 && (
        <p>
          <a href="/login">Sign in with the token</a>
        </p>
      )}
      {!loading && again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

function Body<P extends Path>({ shown, children, empty }: PanelProps<P>) {
  const answer = shown.answer.value;
  const error = shown.error.value;
  if (answer === null) {
    if (error) return <Problem error={error} again={shown.again} />;
    return <p class="loading">Loading …</p>;
  }
  const nothing = empty ? empty(answer) : false;
  return (
    <>
      {nothing === false ? children(answer) : <p class="empty">{nothing}</p>}
      {error && error.status !== 0 && (
        <p class="old">Not up to date: {error.message}</p>
      )}
    </>
  );
}

export function Panel<P extends Path>(props: PanelProps<P>) {
  const { title, shown, says, method, csv = false, controls, room = "middle" } = props;
  const id = useId();
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    const here = section.current;
    if (!here || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver(
      (entries) => {
        shown.visible.value = entries.some((entry) => entry.isIntersecting);
      },
      { rootMargin: "200px" },
    );
    observer.observe(here);
    return () => {
      observer.disconnect();
    };
  }, [shown]);
  return (
    <section ref={section} class={`panel ${props.class ?? ""}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {controls}
      </header>
      {says !== undefined && <p class="says">{says}</p>}
      <div
        class={`panel-body room-${room}${shown.loading.value ? " busy" : ""}`}
        aria-busy={shown.loading.value}
      >
        <Body {...props} />
      </div>
      <footer class="panel-foot">
        {method !== undefined && <MethodButton id={method} about={title} />}
        <Links address={shown.address} csv={csv} title={title} />
      </footer>
    </section>
  );
}
