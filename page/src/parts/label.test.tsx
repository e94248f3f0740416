import { render } from "preact";
import { expect, test } from "vitest";

import { Label, visibleText } from "./label.tsx";

function shown(text: string): HTMLElement {
  const box = document.createElement("div");
  render(<Label text={text} />, box);
  return box;
}

test("text from records is one text node, whatever it holds", () => {
  const hostile = `<img src=x onerror=alert(1)>"'&amp;<script>alert(2)</script>`;
  const box = shown(hostile);
  expect(box.querySelectorAll("*")).toHaveLength(1);
  expect(box.textContent).toBe(hostile);
  expect(box.querySelector("bdi")?.getAttribute("title")).toBe(hostile);
});

test("marks that turn or hide text are written out", () => {
  expect(visibleText("abc\u202Edef")).toBe("abc<202E>def");
  expect(visibleText("a\u0000b\nc\u200Bd")).toBe("a<0000>b<000A>c<200B>d");
});

test("a text of blanks has a name", () => {
  expect(visibleText("  ")).toBe("(no text)");
});

test("letters of any language stay as they are", () => {
  expect(visibleText("Señor 警察 مرحبا 🚓")).toBe("Señor 警察 مرحبا 🚓");
});
