import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, it } from "vitest";

import { go } from "../state/url.ts";
import { AccountsFigures } from "./pipeline-accounts.tsx";

const accounts = { read: 1000, counted: 900, duplicate: 40, late: 35, rejected: 25, gaps: 2 };
let page: HTMLElement;

const shown = async (reasons: Record<string, number>) => {
  await act(() => {
    render(<AccountsFigures accounts={accounts} reasons={reasons} />, page);
  });
};

beforeEach(() => {
  page = document.createElement("div");
  document.body.append(page);
  go({ view: "pipeline", reason: null });
});

afterEach(() => {
  render(null, page);
  page.remove();
});

it("says that the outcomes add up to what was read", async () => {
  await shown({});
  expect(page.querySelector(".equation")?.textContent).toBe(
    "1,000 read= 900 counted+ 40 duplicate+ 35 late+ 25 rejected",
  );
  expect(page.textContent).toContain("Gaps: 2.");
});

it("leads from each reason to its records, most of them first, and back", async () => {
  await shown({ "too-large": 5, "not-json": 20 });
  const links = [...page.querySelectorAll<HTMLAnchorElement>(".reasons a")];
  expect(links.map((link) => link.getAttribute("href"))).toEqual([
    "/pipeline?reason=not-json",
    "/pipeline?reason=too-large",
    "/pipeline?reason=late",
  ]);
  await act(() => {
    go({ reason: "not-json" });
  });
  await shown({ "not-json": 20 });
  const chosen = page.querySelector<HTMLAnchorElement>(".reasons a[aria-current]");
  expect(chosen?.textContent).toBe("not-json");
  expect(chosen?.getAttribute("href")).toBe("/pipeline");
});

it("shows a bar whose parts are the shares", async () => {
  await shown({});
  const widths = [...page.querySelectorAll("rect")].map((part) => Number(part.getAttribute("width")));
  expect(widths).toEqual([90, 4, 3.5, 2.5]);
});
