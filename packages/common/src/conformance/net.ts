import { describe } from "vitest";
import { connections } from "./net-connections.ts";
import { duplexEnds, duplexOrder } from "./net-duplex.ts";
import { serverStreams } from "./net-server-stream.ts";
import type { NetFixture } from "./net-support.ts";
import { unaryCalls } from "./net-unary.ts";
import { fixture } from "./support.ts";

/** Registers the tests that every Net has to pass. `dispose` ends the listeners and connections that a test left open. */
export function netConformance(name: string, make: () => Promise<NetFixture>): void {
  describe(`Net: ${name}`, () => {
    const given = fixture(make);
    describe("connections", () => connections(given));
    describe("unary calls", () => unaryCalls(given));
    describe("server streams", () => serverStreams(given));
    describe("duplex streams: messages", () => duplexOrder(given));
    describe("duplex streams: ends", () => duplexEnds(given));
  });
}
