import { defineConfig } from "vitest/config";

import { fakeServer } from "./dev/fake.ts";

export default defineConfig({
  // Answers and assets come from the server that serves the page, so every address is absolute.
  base: "/",
  plugins: [fakeServer()],
  build: {
    outDir: "../src/sfcrime/dashboard/page",
    emptyOutDir: true,
    target: "es2022",
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
