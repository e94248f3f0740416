/** All texts of "how is this counted?" in one place. */
import { useAnswer } from "../../parts/answer.ts";
import { MethodText } from "../../parts/method.tsx";
import { Panel } from "../../parts/panel.tsx";

export function MethodsPanel() {
  const shown = useAnswer("/methods", {}, false);
  return (
    <Panel
      title="How each figure is counted"
      shown={shown}
      says="The same texts that open under the figures, with the rule and the command that proves it."
      room="middle"
      class="methods"
    >
      {(answer) =>
        answer.methods.map((method) => (
          <details key={method.id} id={`method-${method.id}`}>
            <summary>{method.title}</summary>
            <MethodText method={method} />
          </details>
        ))
      }
    </Panel>
  );
}
