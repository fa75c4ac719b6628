import { spawnSync } from "node:child_process";

/** What only some machines let a test do. */
export type Capability = "namespaces" | "mounts";

const PROBES: Readonly<Record<Capability, { readonly needs: string; readonly commands: readonly string[][] }>> = {
  namespaces: {
    needs: "root and iproute2 (ip netns)",
    commands: [
      ["ip", "netns", "add", `rtprobe${process.pid}`],
      ["ip", "netns", "del", `rtprobe${process.pid}`],
    ],
  },
  mounts: {
    needs: "root, mount(8) with loop devices, mkfs.ext4 and fallocate",
    commands: [
      ["fallocate", "--version"],
      // In a mount namespace of its own: it is gone with the probe.
      [
        "unshare",
        "--mount",
        "sh",
        "-ec",
        'image=$(mktemp); trap "rm $image" EXIT; truncate -s 8M $image; mkfs.ext4 -q $image; mount -o loop $image /mnt',
      ],
    ],
  },
};

/** Why the machine cannot; undefined when it can. */
function lacks(capability: Capability): string | undefined {
  const { needs, commands } = PROBES[capability];
  for (const [command = "", ...args] of commands) {
    const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
    if (status !== 0) return `it needs ${needs}: ${(error?.message ?? stderr).trim()}`;
  }
  return undefined;
}

/**
 * True when the machine can; else the caller's tests are skipped, and this says so, or fails where nothing may be skipped
 * (`npm run test:robustness:machine`).
 */
export function canTest(what: string, capability: Capability): boolean {
  const reason = lacks(capability);
  if (reason === undefined) return true;
  if (process.env["ROBUSTNESS_MACHINE"] === "required") throw new Error(`cannot test ${what}: ${reason}`);
  console.warn(`SKIPPED: ${what}; ${reason}`);
  return false;
}
