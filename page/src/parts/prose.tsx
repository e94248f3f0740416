/** Text of ours that marks what is typed with backticks, as the documents do. */

export function Prose({ text }: { readonly text: string }) {
  const parts = text.split("`");
  // An odd number of backticks marks nothing: the text is shown as it is.
  if (parts.length % 2 === 0) return <>{text}</>;
  return <>{parts.map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</>;
}
