import { defineConfig } from "vitest/config";

import { fakeServer } from "./dev/fake.ts";

const server = process.env.SFCRIME_PAGE_SERVER;

export default defineConfig({
  // Answers and assets come from the server that serves the page, so every address is absolute.
  base: "/",
  plugins: server ? [] : [fakeServer()],
  ...(server && { server: { proxy: { "/api": server, "/healthz": server } } }),
  build: {
    outDir: "../src/sfcrime/dashboard/page",
    emptyOutDir: true,
    target: "es2023",
    sourcemap: false,
    // A data: address would be a second copy of the file, and the budget counts files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
  },
});
