import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatTimestamp, type ParseOptions, parseTimestamp } from "../src/index.ts";
import { errorOf, runs } from "./helpers.ts";

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const at = (text: string, zone = "Z", precision: ParseOptions["precision"] = "ms") =>
  parseTimestamp(text, { zone, precision });

describe("parseTimestamp", () => {
  it.each<[string, string, bigint]>([
    ["1970-01-01", "Z", 0n],
    ["1970-01-01T00:00:00.001Z", "Asia/Tokyo", 1n],
    ["1970/1/1 8:00", "+08:00", 0n],
    ["1970.01.01 00:00:00+00:30", "Z", -1_800_000n],
    ["1969-12-31 23:59:59.999", "Z", -1n],
    ["2020-02-29t12:30:00.5z", "Z", 1582979400500n],
    ["0001-01-01", "Z", -62135596800000n],
    ["0000-02-29", "Z", -62162121600000n],
    ["0099-12-31", "Z", -59011545600000n],
    ["-0044-03-15", "Z", -63549360000000n],
    ["2024-06-01 12:00:00", "Europe/Berlin", 1717236000000n],
    ["2024-01-01 12:00:00", "Europe/Berlin", 1704106800000n],
    ["2024-01-01 12:00:00 +08:00", "Europe/Berlin", 1704081600000n],
    // Clocks go forward at 02:00: 02:30 does not exist, and is 03:30.
    ["2024-03-31 02:30:00", "Europe/Berlin", 1711848600000n],
    ["2024-03-31 01:59:59", "Europe/Berlin", 1711846799000n],
    ["2024-03-31 03:00:00", "Europe/Berlin", 1711846800000n],
    // Clocks go back at 03:00: 02:30 occurs twice, the first is meant.
    ["2024-10-27 02:30:00", "Europe/Berlin", 1729989000000n],
    ["2024-03-10 02:30:00", "America/New_York", 1710055800000n],
    ["2024-11-03 01:30:00", "America/New_York", 1730611800000n],
    ["-5", "Z", -5n],
    ["9223372036854775807", "Z", MAX],
  ])("%s in %s", (text, zone, expected) => {
    expect(at(text, zone)).toBe(expected);
  });

  it("is exact in every precision", () => {
    expect(at("2020-01-01T00:00:00.123456789Z", "Z", "ns")).toBe(1577836800123456789n);
    expect(at("2020-01-01T00:00:00.123456Z", "Z", "us")).toBe(1577836800123456n);
    expect(at("2020-01-01T00:00:00.123000000Z", "Z", "ms")).toBe(1577836800123n);
    expect(at("1969-12-31T23:59:59.999999999Z", "Z", "ns")).toBe(-1n);
    expect(at("2262-04-11T23:47:16.854775807Z", "Z", "ns")).toBe(MAX);
    expect(at("1677-09-21T00:12:43.145224192Z", "Z", "ns")).toBe(MIN);
  });

  it.each<[string, ParseOptions["precision"], string]>([
    ["2262-04-11T23:47:16.854775808Z", "ns", "TIME_OUT_OF_RANGE"],
    ["1677-09-21T00:12:43.145224191Z", "ns", "TIME_OUT_OF_RANGE"],
    ["9223372036854775808", "ms", "TIME_OUT_OF_RANGE"],
    ["9".repeat(100_000), "ms", "TIME_OUT_OF_RANGE"],
    ["2020-01-01T00:00:00.1234Z", "ms", "SQL_SEMANTIC"],
    ["2020-01-01T00:00:00.1234567891Z", "ns", "SQL_SEMANTIC"],
    ["2020-02-30", "ms", "SQL_SEMANTIC"],
    ["2021-02-29", "ms", "SQL_SEMANTIC"],
    ["2020-13-01", "ms", "SQL_SEMANTIC"],
    ["2020-00-01", "ms", "SQL_SEMANTIC"],
    ["2020-01-00", "ms", "SQL_SEMANTIC"],
    ["2020-01-01 24:00", "ms", "SQL_SEMANTIC"],
    ["2020-01-01 10:60", "ms", "SQL_SEMANTIC"],
    ["2020-01-01 10:00:60", "ms", "SQL_SEMANTIC"],
    ["2020-01-01 10:00+99:00", "ms", "CONFIG_INVALID_VALUE"],
    ["2020-01/01", "ms", "SQL_SYNTAX"],
    ["yesterday", "ms", "SQL_SYNTAX"],
    ["", "ms", "SQL_SYNTAX"],
  ])("refuses %s in %s as %s", (text, precision, code) => {
    expect(errorOf(() => at(text, "Z", precision)).code).toBe(code);
  });

  it("refuses unknown zones by name", () => {
    expect(errorOf(() => at("2020-01-01", "Mars/Olympus")).message).toContain("'Mars/Olympus' is no time zone");
  });
});

describe("formatTimestamp", () => {
  it.each<[bigint, ParseOptions["precision"], string, string]>([
    [0n, "ms", "Z", "1970-01-01T00:00:00.000Z"],
    [0n, "us", "UTC", "1970-01-01T00:00:00.000000Z"],
    [-1n, "ns", "+00:00", "1969-12-31T23:59:59.999999999Z"],
    [-1n, "ms", "Asia/Shanghai", "1970-01-01T07:59:59.999+08:00"],
    [1717236000000n, "ms", "Europe/Berlin", "2024-06-01T12:00:00.000+02:00"],
    [1704106800000n, "ms", "Europe/Berlin", "2024-01-01T12:00:00.000+01:00"],
    [1704106800000n, "ms", "-03:30", "2024-01-01T07:30:00.000-03:30"],
    [-62162121600000n, "ms", "Z", "0000-02-29T00:00:00.000Z"],
    [-63549360000000n, "ms", "Z", "-0044-03-15T00:00:00.000Z"],
    [-5000000000000n, "ms", "Asia/Shanghai", "1811-07-23T23:12:23.000+08:05:43"],
    [MAX, "ns", "Z", "2262-04-11T23:47:16.854775807Z"],
    [MIN, "ns", "Z", "1677-09-21T00:12:43.145224192Z"],
    [253402300799999n, "ms", "Z", "9999-12-31T23:59:59.999Z"],
    [253402300800000n, "ms", "Z", "253402300800000"],
    [MAX, "ms", "Z", MAX.toString()],
    [MIN, "us", "Europe/Berlin", MIN.toString()],
  ])("%s %s in %s", (time, precision, zone, expected) => {
    expect(formatTimestamp(time, precision, zone)).toBe(expected);
  });

  it("is read back as the same time, whatever the time, precision and zone", () => {
    const zones = [
      "Z",
      "+05:45",
      "-11:00",
      "Europe/Berlin",
      "America/New_York",
      "Australia/Lord_Howe",
      "Asia/Kathmandu",
    ];
    fc.assert(
      fc.property(
        fc.oneof(fc.bigInt(MIN, MAX), fc.bigInt(-(2n ** 47n), 2n ** 47n)),
        fc.constantFrom("ms", "us", "ns"),
        fc.constantFrom(...zones),
        (time, precision, zone) => {
          expect(parseTimestamp(formatTimestamp(time, precision, zone), { precision, zone: "Z" })).toBe(time);
        },
      ),
      runs(2_000),
    );
  });
});
