/** Text that came with records. It may hold anything: it is shown as text, apart from what is around it. */

/** One line, cut where there is no room, whole in the title. */
export function Label({ text, wrap = false }: { readonly text: string; readonly wrap?: boolean }) {
  const shown = visibleText(text);
  return (
    <bdi class={wrap ? "label label-wrap" : "label"} title={shown}>
      {shown}
    </bdi>
  );
}

// Controls, direction marks and characters without width: they would hide or turn what is around.
const UNSEEN =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** The text with what cannot be seen written out, e.g. U+202E as `<202E>`; a name for no text. */
export function visibleText(text: string): string {
  if (text.trim() === "") return "(no text)";
  return text.replace(
    UNSEEN,
    (mark) => `<${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}>`,
  );
}

/** Said of data that was invented: in every view, wherever numbers are. */
export function SyntheticBadge() {
  return (
    <strong
      class="synthetic"
      data-testid="synthetic"
      title="These calls were invented by sfcrime. They say nothing about San Francisco."
    >
      Synthetic data
    </strong>
  );
}
