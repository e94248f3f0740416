/** "How is this counted?": the text of a method, where its rule is, and the command that proves it. */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import type { Method } from "../api/answers.ts";
import { useAnswer } from "./answer.ts";

const opened = signal<string | null>(null);

/** Opens the method text over the page. */
export function openMethod(id: string): void {
  opened.value = id;
}

export function MethodButton({ id, about }: { readonly id: string; readonly about: string }) {
  return (
    <button
      type="button"
      class="quiet"
      aria-haspopup="dialog"
      onClick={() => {
        openMethod(id);
      }}
    >
      How is this counted?<span class="unseen"> ({about})</span>
    </button>
  );
}

export function MethodText({ method }: { readonly method: Method }) {
  return (
    <>
      {method.text.map((paragraph) => (
        <p key={paragraph}>{paragraph}</p>
      ))}
      <dl class="proof">
        <dt>The rule</dt>
        <dd>
          <code>{method.rule}</code>
        </dd>
        <dt>The proof</dt>
        <dd>
          <code>{method.check}</code>
        </dd>
      </dl>
    </>
  );
}

function OpenMethod({ id }: { readonly id: string }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const { answer, error } = useAnswer("/methods", {}, false);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const method = answer.value?.methods.find((known) => known.id === id);
  const missing = error.value?.message ?? `There is no text about "${id}".`;
  return (
    <dialog
      ref={dialog}
      class="method"
      aria-labelledby="method-title"
      onClose={() => {
        opened.value = null;
      }}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div class="method-inside">
        <h2 id="method-title">{method?.title ?? "How is this counted?"}</h2>
        {method ? <MethodText method={method} /> : <p>{answer.value ? missing : "Loading …"}</p>}
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </div>
    </dialog>
  );
}

/** The place where a method text opens: once in the page. */
export function MethodDialog() {
  return opened.value === null ? null : <OpenMethod key={opened.value} id={opened.value} />;
}
