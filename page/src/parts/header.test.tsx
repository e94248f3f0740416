import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, it } from "vitest";

import { snapshotOf } from "../../dev/examples.ts";
import { connection, serverState } from "../state/live.ts";
import { Notice, StatusWord } from "./header.tsx";

const { state: LIVE } = snapshotOf(1);
let page: HTMLElement;

const shown = async () => {
  await act(() => {
    render(
      <>
        <StatusWord />
        <Notice />
      </>,
      page,
    );
  });
};

beforeEach(() => {
  page = document.createElement("div");
  document.body.append(page);
  connection.value = "open";
});

afterEach(() => {
  render(null, page);
  page.remove();
  serverState.value = null;
  connection.value = "connecting";
});

it("says since when the numbers are stale, and which part is down", async () => {
  serverState.value = {
    ...LIVE,
    state: "stale",
    since: "2026-11-30T09:02:03.000Z",
    reason: "The broker is down: it was killed by signal 9.",
  };
  await shown();

  expect(page.querySelector("[data-testid=state]")?.textContent).toBe("Stale since Mon, Nov 30, 2026, 1:02:03 AM");
  expect(page.querySelector("aside")?.textContent).toBe(
    "Stale since Mon, Nov 30, 2026, 1:02:03 AM. The broker is down: it was killed by signal 9.",
  );
});

it("says nothing more than live while the numbers go on", async () => {
  serverState.value = LIVE;
  await shown();

  expect(page.textContent).toBe("Live");
  expect(page.querySelector("aside")).toBeNull();
});
