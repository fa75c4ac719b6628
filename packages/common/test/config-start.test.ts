import {
  agreementKeys,
  checkStart,
  type ErrorCode,
  firstDisagreement,
  loadConfig,
  RingtideError,
  type StartChecks,
} from "@ringtide/common";
import { describe, expect, it } from "vitest";

function config(flags: Record<string, string> = {}) {
  return loadConfig({ clusterText: "", engineText: "", clusterFile: "c", engineFile: "e", flags }).config;
}

async function start(flags: Record<string, string>, checks: Partial<StartChecks> = {}): Promise<string> {
  const given: StartChecks = { mode: "seed", firstFormation: true, resolves: async () => true, ...checks };
  try {
    await checkStart(config(flags), given);
    return "starts";
  } catch (error) {
    if (error instanceof RingtideError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe("checks at start", () => {
  it("let the defaults start", async () => {
    expect(await start({})).toBe("starts");
  });

  const elsewhere = { cluster_rpc_ip: "10.0.0.1", seed_nodes: "10.0.0.2:9003:40010:55560" };
  const refused: readonly (readonly [what: string, flags: Record<string, string>, code: ErrorCode, parts: string[]])[] =
    [
      [
        "fewer seeds than a quorum of the replicas",
        { seed_nodes: "127.0.0.1:9003:40010:55560" },
        "CONFIG_CONFLICT",
        ["1 nodes", "quorum 2", "default_replica_num 3"],
      ],
      [
        "a repeated seed",
        { seed_nodes: "127.0.0.1:9003:40010:55560,127.0.0.1:9003:40010:55560" },
        "CONFIG_CONFLICT",
        ["127.0.0.1:9003:40010:55560 twice"],
      ],
      [
        "two seeds on one port",
        { seed_nodes: "127.0.0.1:9003:40010:55560,127.0.0.1:9004:40012:55561" },
        "CONFIG_CONFLICT",
        ["127.0.0.1:9003:40010:55560", "127.0.0.1:9004:40012:55561", "port 9004"],
      ],
      [
        "a seed that uses a port twice",
        { seed_nodes: "127.0.0.1:9003:9004:55560" },
        "CONFIG_CONFLICT",
        ["127.0.0.1:9003:9004:55560", "port 9004 twice"],
      ],
      [
        "this node not among the seeds",
        { cluster_rpc_port: "55999" },
        "CONFIG_CONFLICT",
        ["127.0.0.1:9003:40010:55999", "127.0.0.1:9007:40014:55562"],
      ],
      [
        "loopback and real addresses mixed",
        { cluster_rpc_ip: "10.0.0.1" },
        "CONFIG_CONFLICT",
        ["10.0.0.1", "127.0.0.1:9003"],
      ],
      [
        "an address that nobody can reach",
        { cluster_rpc_ip: "0.0.0.0" },
        "CONFIG_CONFLICT",
        ["0.0.0.0", "bind_address"],
      ],
    ];
  for (const [what, flags, code, parts] of refused) {
    it(`refuse ${what}`, async () => {
      const outcome = await start(flags);
      expect(outcome).toMatch(new RegExp(`^${code}: `));
      for (const part of parts) expect(outcome).toContain(part);
    });
  }

  it("refuse a host name that does not resolve, naming it", async () => {
    const seeds = "a.example:9003:40010:55560,b.example:9003:40010:55560";
    const flags = { cluster_rpc_ip: "a.example", seed_nodes: seeds };
    expect(await start(flags, { resolves: async (host) => host !== "b.example" })).toMatch(
      /^HOST_UNRESOLVED: .*'b\.example'/,
    );
  });

  it("skip the seed list of a directory with an identity", async () => {
    expect(await start(elsewhere, { firstFormation: false, resolves: async (host) => host === "10.0.0.1" })).toBe(
      "starts",
    );
  });

  it("let a joining node be elsewhere than the seeds", async () => {
    expect(await start(elsewhere, { mode: "add" })).toBe("starts");
    expect(await start(elsewhere)).toMatch(/^CONFIG_CONFLICT/);
  });
});

describe("agreement between nodes", () => {
  it("covers the keys that must agree, the seed list when forming only", () => {
    const always = [
      "cluster_name",
      "default_replica_num",
      "lease_reads",
      "partition_interval",
      "raft_log_buffer_size",
      "rpc_compression_enable",
      "slot_count",
      "slot_salt",
      "slot_strategy",
      "timestamp_precision",
    ];
    expect(Object.keys(agreementKeys(config(), "join")).sort()).toEqual(always);
    expect(Object.keys(agreementKeys(config(), "form")).sort()).toEqual([...always, "seed_nodes"].sort());
  });

  it("names the first key that differs, with both values", () => {
    const mine = agreementKeys(config(), "form");
    expect(firstDisagreement(mine, agreementKeys(config({ tick_ms: "20" }), "form"))).toBeUndefined();
    expect(firstDisagreement(mine, agreementKeys(config({ slot_salt: "1" }), "form"))).toEqual({
      key: "slot_salt",
      mine: "2333",
      theirs: "1",
    });
    expect(firstDisagreement({}, { later: "x" })).toEqual({ key: "later", mine: undefined, theirs: "x" });
  });
});
