import type { Listener } from "@ringtide/common";
import { systemClock } from "@ringtide/common/node";
import { EntryKind } from "@ringtide/raft";
import { afterEach, expect, it } from "vitest";
import { Forwarder } from "../src/forwarder.ts";
import { netOnLoopback } from "./support/net.ts";

let listener: Listener | undefined;
const closes: (() => void)[] = [];
afterEach(async () => {
  for (const close of closes.splice(0)) close();
  await listener?.close(0);
});

it("refuses writes when too many bytes wait for a leader that does not read", async () => {
  const net = netOnLoopback();
  listener = await net.listen({ duplex: { Forward: (stream) => stream.pause(true) } });
  const connection = net.connect(listener);
  const forwarder = new Forwarder(() => connection.duplex("Forward"), systemClock);
  closes.push(() => {
    forwarder.close();
    connection.close();
  });
  const payload = new Uint8Array(90_000);
  const proposal = { group: 16, kind: EntryKind.PHYSICAL_PLAN, session: 0, sequence: 0, payload };
  const codes: string[] = [];
  for (let i = 0; i < 1000; i++) forwarder.send(proposal, 30_000).catch(({ code }) => codes.push(code));
  await expect.poll(() => codes.length).toBeGreaterThan(0);
  expect(new Set(codes)).toEqual(new Set(["OVERLOADED"]));
  expect(1000 - codes.length).toBeLessThan(800);
});
