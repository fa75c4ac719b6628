import { describe, expect, it } from "vitest";
import { firstIndexToKeep } from "../src/log-retention.ts";

const limits = { logRetainBytes: 1000, logRetainEntries: 100 };

function kept(status: { firstIndex: number; lastIndex: number; allMatch: number }, pinned?: number, logBytes = 0) {
  const checkpoint = status.lastIndex - 10;
  return firstIndexToKeep(status, checkpoint, pinned, logBytes, limits);
}

describe("the log is kept", () => {
  it("from what the slowest replica has on, within the limits", () => {
    expect(kept({ firstIndex: 5000, lastIndex: 5080, allMatch: 5010 })).toBe(5011);
    expect(kept({ firstIndex: 5000, lastIndex: 5120, allMatch: 5010 })).toBe(5111);
    expect(kept({ firstIndex: 5000, lastIndex: 5080, allMatch: 5010 }, undefined, 1001)).toBe(5071);
  });

  it("for a replica of which a new leader knows nothing, as long as the log itself is within the limits", () => {
    expect(kept({ firstIndex: 5000, lastIndex: 5080, allMatch: 0 })).toBe(1);
    expect(kept({ firstIndex: 5000, lastIndex: 5120, allMatch: 0 })).toBe(5111);
  });

  it("behind a snapshot that is being sent, whatever the limits say", () => {
    expect(kept({ firstIndex: 5000, lastIndex: 5120, allMatch: 5010 }, 5050)).toBe(5051);
  });
});
