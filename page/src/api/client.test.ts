import { afterEach, expect, test, vi } from "vitest";

import { addressOf, ApiError, ask } from "./client.ts";

interface Asked {
  readonly address: string;
  readonly etag: string | undefined;
}

let asked: Asked[] = [];

function serve(...responses: (() => Response)[]): void {
  asked = [];
  vi.stubGlobal("fetch", (address: string, options: { headers: Record<string, string> }) => {
    asked.push({ address, etag: options.headers["If-None-Match"] });
    const next = responses.shift();
    return next ? Promise.resolve(next()) : Promise.reject(new TypeError("refused"));
  });
}

afterEach(() => {
  vi.unstubAllGlobals();
});

const span = { meta: {}, first_hour: null, last_hour: null, calls: 0 };

test("an address leaves out empty parameters and sorts the others", () => {
  expect(addressOf("/names", { type: "A & B", limit: 25, category: undefined, q: "" })).toBe(
    "/api/v1/names?limit=25&type=A+%26+B",
  );
});

test("an answer that has not changed is the very object of the last time", async () => {
  serve(
    () => new Response(JSON.stringify(span), { headers: { ETag: '"a"' } }),
    () => new Response(null, { status: 304 }),
  );
  const first = await ask("/span");
  expect(await ask("/span")).toBe(first);
  expect(asked).toEqual([
    { address: "/api/v1/span", etag: undefined },
    { address: "/api/v1/span", etag: '"a"' },
  ]);
});

test("an error of the server is told in its own words", async () => {
  const body = { error: "loading", message: "Still loading.", next_step: "Ask again." };
  serve(
    () => new Response(JSON.stringify(body), { status: 503, headers: { "Retry-After": "1" } }),
  );
  await expect(ask("/heat")).rejects.toMatchObject({
    status: 503,
    code: "loading",
    message: "Still loading.",
    nextStep: "Ask again.",
    retryAfterSeconds: 1,
  });
});

test("an error without the agreed body still says its status", async () => {
  serve(() => new Response("<html>", { status: 502 }));
  await expect(ask("/heat")).rejects.toMatchObject({ status: 502, code: "unknown" });
});

test("a server that cannot be reached is an error of its own", async () => {
  serve();
  await expect(ask("/days")).rejects.toBeInstanceOf(ApiError);
  await expect(ask("/days")).rejects.toMatchObject({ status: 0, code: "offline" });
});
