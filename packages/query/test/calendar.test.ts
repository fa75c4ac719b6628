import { describe, expect, it } from "vitest";
import { monthAdder } from "../src/plan/calendar.ts";

const plus = (zone: string, from: string, months: number): string => {
  const time = monthAdder({ precision: "ms", zone })(BigInt(Date.parse(from)), months);
  return new Date(Number(time)).toISOString();
};

describe("calendar months", () => {
  it("keep the wall clock, and the day as far as the month has it", () => {
    expect(plus("UTC", "2024-01-31T10:00:00Z", 1)).toBe("2024-02-29T10:00:00.000Z");
    expect(plus("UTC", "2024-01-31T10:00:00Z", 2)).toBe("2024-03-31T10:00:00.000Z");
    expect(plus("UTC", "2024-03-31T00:00:00Z", -13)).toBe("2023-02-28T00:00:00.000Z");
    expect(plus("+08:00", "2024-01-30T16:00:00Z", 1)).toBe("2024-02-28T16:00:00.000Z");
    expect(plus("UTC", "1969-12-31T23:59:59.999Z", 1)).toBe("1970-01-31T23:59:59.999Z");
  });

  it("follow the changes of clocks", () => {
    // Berlin is an hour ahead in winter, two in summer.
    expect(plus("Europe/Berlin", "2024-03-14T23:00:00Z", 1)).toBe("2024-04-14T22:00:00.000Z");
    expect(plus("Europe/Berlin", "2024-09-30T22:00:00Z", 1)).toBe("2024-10-31T23:00:00.000Z");
    // 02:30 on 31 March does not exist: it moves on.
    expect(plus("Europe/Berlin", "2024-02-29T01:30:00Z", 1)).toBe("2024-03-29T01:30:00.000Z");
    expect(plus("Europe/Berlin", "2024-01-31T01:30:00Z", 2)).toBe("2024-03-31T01:30:00.000Z");
  });

  it("keep finer ticks, and refuse zones and times that they do not know", () => {
    const ns = monthAdder({ precision: "ns", zone: "UTC" });
    expect(ns(123_456_789n, 1)).toBe(2_678_400_123_456_789n);
    expect(ns(-1n, 1)).toBe(2_678_399_999_999_999n);
    expect(() => monthAdder({ precision: "ms", zone: "Mars/Base" })).toThrow(/Mars/);
    expect(() => monthAdder({ precision: "ms", zone: "UTC" })(2n ** 62n, 1)).toThrow(/270,000 years/);
  });
});
