import { expect, it } from "vitest";

import { isLoopback } from "./pipeline-state.tsx";

it("links to the Spark UI of this machine only", () => {
  expect(isLoopback("http://127.0.0.1:3000")).toBe(true);
  expect(isLoopback("http://localhost:3000/StreamingQuery/")).toBe(true);
  for (const elsewhere of ["javascript:alert(1)", "http://example.org", "https://127.0.0.1.example.org", "", "//x"]) {
    expect(isLoopback(elsewhere)).toBe(false);
  }
});
