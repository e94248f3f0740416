import { render } from "preact";
import { expect, it } from "vitest";

import { Prose } from "./prose.tsx";

const shown = (text: string): string => {
  const page = document.createElement("p");
  render(<Prose text={text} />, page);
  return page.innerHTML;
};

it("shows what stands in backticks as something to type", () => {
  expect(shown("`max`, or `1800x`; nothing else")).toBe(
    "<code>max</code>, or <code>1800x</code>; nothing else",
  );
});

it("shows a single backtick as it is, and never reads a tag", () => {
  expect(shown("a ` b")).toBe("a ` b");
  expect(shown("`<b>`")).toBe("<code>&lt;b&gt;</code>");
});
