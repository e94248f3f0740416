import { describe, expect, it } from "vitest";

import { EXPLAINED, lagSentence, paceSentence, verdictSentence } from "./pipeline-texts.ts";

describe("the sentences of the pipeline", () => {
  it("are one sentence each", () => {
    for (const text of Object.values(EXPLAINED)) {
      expect(text.endsWith(".")).toBe(true);
      expect(text.slice(0, -1)).not.toMatch(/[.!?] [A-Z]/);
    }
  });

  it("say why the lag is not known", () => {
    expect(lagSentence(null, "no broker answers")).toBe("Not known: no broker answers.");
    expect(lagSentence(null, null)).toBe("Not known.");
    expect(lagSentence(0, null)).toBe("Every record of the topic is accounted for.");
    expect(lagSentence(1, null)).toBe("1 record waits to be read.");
    expect(lagSentence(12000, null)).toBe("12,000 records wait to be read.");
  });

  it("say how fast event time moves", () => {
    expect(paceSentence(1802.4)).toContain("1,802 times as fast as a clock");
    expect(paceSentence(1.02)).toContain("as fast as a clock");
    expect(paceSentence(0)).toContain("has not moved");
    expect(paceSentence(null)).toContain("after a few batches");
  });

  it("say how far a verdict holds", () => {
    expect(verdictSentence(true, 0, 0)).toBe(
      "Equal: the recount and the store agree in every cell. No batch was committed since.",
    );
    expect(verdictSentence(false, 1, 3)).toBe(
      "Different: 1 cell differs from the recount. 3 batches were committed since, which it says nothing about.",
    );
    expect(verdictSentence(true, 0, null)).toContain("of another count");
  });
});
