import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, it } from "vitest";

import type { Part } from "../api/answers.ts";
import { PartsTable } from "./pipeline-state.tsx";

const BROKER: Part = {
  name: "broker",
  state: "down",
  since: "2026-11-30T09:02:03.000Z",
  restarts: 1,
  reason: "was killed by signal 9",
};
const STREAM: Part = { name: "stream", state: "up", since: "2026-11-30T09:00:00.000Z", restarts: 0, reason: "" };
let page: HTMLElement;

const shown = async (parts: readonly Part[], began: string | null) => {
  await act(() => {
    render(<PartsTable state={{ parts, run_started_at: began }} />, page);
  });
};

beforeEach(() => {
  page = document.createElement("div");
  document.body.append(page);
});

afterEach(() => {
  render(null, page);
  page.remove();
});

it("says of each part how it is, since when, how often it was started again and why", async () => {
  await shown([BROKER, STREAM], "2026-11-30T08:59:00.000Z");

  const rows = [...page.querySelectorAll("tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent));
  expect(rows).toEqual([
    ["broker", "down since Mon, Nov 30, 2026, 1:02:03 AM", "1", "was killed by signal 9"],
    ["stream", "up since Mon, Nov 30, 2026, 1:00:00 AM", "0", "it never was"],
  ]);
  expect(page.querySelector(".part-down th")?.textContent).toBe("broker");
  expect(page.querySelector(".note")?.textContent).toContain("since the run began, Mon, Nov 30, 2026, 12:59:00 AM.");
});

it("says so where nobody supervises", async () => {
  await shown([], null);

  expect(page.querySelector("table")).toBeNull();
  expect(page.textContent).toContain("Nobody supervises the parts");
});

it("shows of a reason nothing that cannot be seen", async () => {
  await shown([{ ...BROKER, reason: "abc\u202edef" }], "2026-11-30T08:59:00.000Z");

  expect(page.textContent).toContain("abc<202E>def");
});
