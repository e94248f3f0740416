import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, it } from "vitest";

import { HeatMap } from "./heat-map.tsx";

const week = (value: number) => Array.from({ length: 7 }, () => Array.from({ length: 24 }, () => value));

let page: HTMLElement;

beforeEach(async () => {
  page = document.createElement("div");
  document.body.append(page);
  const calls = week(10);
  calls[2] = Array.from({ length: 24 }, (_, hour) => hour);
  await act(() => {
    render(<HeatMap caption="Mean calls an hour" calls={calls} hours={week(2)} />, page);
  });
});

afterEach(() => {
  render(null, page);
  page.remove();
});

const cells = () => [...page.querySelectorAll<HTMLElement>("tbody [role=gridcell]")];
const press = async (key: string) => {
  await act(() => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    document.activeElement?.dispatchEvent(event);
  });
};
const heard = () => document.activeElement?.getAttribute("aria-label");

it("has a head for each row and column, and a cell for each hour of the week", () => {
  expect(page.querySelectorAll("thead th[scope=col]")).toHaveLength(24);
  expect(page.querySelectorAll("tbody th[scope=row]")).toHaveLength(7);
  expect(cells()).toHaveLength(168);
});

it("is one stop of the Tab key, and is walked with arrows", async () => {
  expect(cells().filter((cell) => cell.tabIndex === 0)).toHaveLength(1);
  await act(() => {
    cells()[0]?.focus();
  });
  await press("ArrowDown");
  await press("ArrowDown");
  await press("ArrowRight");
  expect(heard()).toBe("Wednesday, 1 AM to 2 AM: 0.5 calls an hour on average (1 call in 2 such hours)");
  await press("End");
  expect(heard()).toContain("Wednesday, 11 PM to midnight");
  expect(cells().filter((cell) => cell.tabIndex === 0)).toHaveLength(1);
});

it("says in the line below what the cell that is looked at says", async () => {
  await act(() => {
    cells()[5]?.focus();
  });
  expect(page.querySelector(".readout")?.textContent).toBe(
    "Monday, 5 AM to 6 AM: 5.0 calls an hour on average (10 calls in 2 such hours).",
  );
});
