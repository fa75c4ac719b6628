import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { RingtideError } from "@ringtide/common";
import { expect, it } from "vitest";
import { FakeNode } from "./fake-node.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** Nothing but the client keeps this program running. */
const PROGRAM = `
import { connect } from "@ringtide/client";
const session = await connect({ addresses: [process.argv[1]] });
const { operation } = await session.execute("select s from root.sg.d1");
console.log(operation);
await session.close();
`;

it("a program does not end while a statement waits to be tried again", async () => {
  const node = await new FakeNode().start();
  let failures = 3;
  node.onExecute = async function* () {
    if (failures-- > 0) throw new RingtideError("NO_LEADER", "not yet");
    yield { header: { operation: "select" } };
    yield { done: {} };
  };
  try {
    const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", PROGRAM, node.address];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
    expect(stdout).toBe("select\n");
  } finally {
    await node.stop();
  }
});
