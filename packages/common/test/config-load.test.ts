import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Config, type ErrorCode, loadConfig, parseFlags, RingtideError } from "@ringtide/common";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function load(clusterText = "", engineText = "", flags: Record<string, string> = {}) {
  return loadConfig({ clusterText, engineText, clusterFile: "c.properties", engineFile: "e.properties", flags });
}

function failure(work: () => unknown): { code: ErrorCode; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof RingtideError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("expected a failure");
}

describe("loading a configuration", () => {
  it("fills in the defaults", () => {
    const { config, warnings } = load();
    expect(warnings).toEqual([]);
    expect(config).toMatchObject({
      clusterRpcIp: "127.0.0.1",
      internalMetaPort: 9003,
      internalDataPort: 40010,
      clusterRpcPort: 55560,
      defaultReplicaNum: 3,
      rpcCompressionEnable: false,
      consistencyLevel: "mid",
      logDeletionCheckIntervalSecond: -1,
      dataDirs: ["data"],
      slotCount: 10000,
      slotSalt: 2333,
      timestampPrecision: "ms",
      partitionInterval: 604800,
      advertisedAddresses: new Map(),
      tickMs: 50,
    } satisfies Partial<Config>);
    expect(config.seedNodes).toEqual([
      { host: "127.0.0.1", metaPort: 9003, dataPort: 40010, clientPort: 55560 },
      { host: "127.0.0.1", metaPort: 9005, dataPort: 40012, clientPort: 55561 },
      { host: "127.0.0.1", metaPort: 9007, dataPort: 40014, clientPort: 55562 },
    ]);
  });

  it("gives the same from the shipped files, without a warning", () => {
    const read = (name: string) => readFileSync(join(import.meta.dirname, "../../../conf", name), "utf8");
    const shipped = load(read("ringtide-cluster.properties"), read("ringtide-engine.properties"));
    expect(shipped).toEqual(load());
  });

  it("reads comments, spaces, Windows line ends and a byte order mark", () => {
    const { config } = load("\ufeff# a comment\r\n\r\n  cluster_name =  plant-7 \r\n#cluster_name=other\r\n");
    expect(config.clusterName).toBe("plant-7");
  });

  it("lets flags override the files", () => {
    const flags = parseFlags(["--internal_meta_port", "9103", "-default_ttl", "-1", "--data_dirs=/a, /b"]);
    const { config } = load("internal_meta_port=9203", "default_ttl=5", flags);
    expect(config.internalMetaPort).toBe(9103);
    expect(config.defaultTtl).toBe(-1);
    expect(config.dataDirs).toEqual(["/a", "/b"]);
  });

  it("reads hosts by name and IPv6 hosts in brackets", () => {
    const { config } = load("seed_nodes=db-1.example.org:9003:40010:55560, [fe80::1]:1:3:5");
    expect(config.seedNodes.map((seed) => seed.host)).toEqual(["db-1.example.org", "fe80::1"]);
  });

  it("warns of a door that is not there yet, when it is given another port", () => {
    expect(load("", "rpc_port=6668").warnings).toEqual([expect.stringContaining("rpc_port has no effect")]);
    expect(load("", "rpc_port=6667").warnings).toEqual([]);
  });

  it("warns of keys that change nothing, naming what does their work", () => {
    const { warnings } = load("flush_raft_log_threshold=5\nis_enable_raft_log_persistence=true");
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^c\.properties:1: flush_raft_log_threshold .* never unsynced/);
  });
});

describe("a configuration that is refused", () => {
  const SEED = "host:meta_port:data_port:client_port";
  const cases: readonly (readonly [cluster: string, engine: string, code: ErrorCode, parts: readonly string[]])[] = [
    ["\nreplica_num=3", "", "CONFIG_UNKNOWN_KEY", ["c.properties:2", "'replica_num'", "default_replica_num"]],
    ["", "clustr_name=x", "CONFIG_UNKNOWN_KEY", ["e.properties:1", "nearest is cluster_name"]],
    ["tick_ms=50", "", "CONFIG_UNKNOWN_KEY", ["c.properties:1", "belongs into ringtide-engine.properties"]],
    ["cluster_name=a\ncluster_name=a", "", "CONFIG_INVALID_VALUE", ["c.properties:2", "set already at c.properties:1"]],
    ["what is this", "", "CONFIG_INVALID_VALUE", ["c.properties:1", "'what is this'"]],
    ["=3", "", "CONFIG_INVALID_VALUE", ["c.properties:1"]],
    ["internal_meta_port=x", "", "CONFIG_INVALID_VALUE", ["internal_meta_port='x'", "from 1 to 65534"]],
    ["internal_meta_port=65535", "", "CONFIG_INVALID_VALUE", ["65535"]],
    ["internal_meta_port=", "", "CONFIG_INVALID_VALUE", ["internal_meta_port=''"]],
    ["internal_meta_port=9e3", "", "CONFIG_INVALID_VALUE", ["9e3"]],
    ["default_replica_num=0", "", "CONFIG_INVALID_VALUE", ["default_replica_num='0'", "from 1"]],
    ["default_replica_num=-1", "", "CONFIG_INVALID_VALUE", ["'-1'"]],
    ["rpc_compression_enable=yes", "", "CONFIG_INVALID_VALUE", ["true or false"]],
    ["consistency_level=linear", "", "CONFIG_INVALID_VALUE", ["one of strong, mid, weak"]],
    ["seed_nodes=a:1:3", "", "CONFIG_INVALID_VALUE", ["a:1:3", SEED]],
    ["seed_nodes=a:1:3:5,", "", "CONFIG_INVALID_VALUE", [SEED]],
    ["seed_nodes=:1:3:5", "", "CONFIG_INVALID_VALUE", [SEED]],
    ["seed_nodes=a:0:3:5", "", "CONFIG_INVALID_VALUE", [SEED]],
    ["seed_nodes=a:1:65535:5", "", "CONFIG_INVALID_VALUE", [SEED]],
    ["seed_nodes=a b:1:3:5", "", "CONFIG_INVALID_VALUE", [SEED]],
    ["is_enable_raft_log_persistence=false", "", "CONFIG_INVALID_VALUE", ["only true", "always on disk"]],
    ["", "time_zone=Mars/Olympus", "CONFIG_INVALID_VALUE", ["time_zone"]],
    ["", "slot_strategy=round-robin", "CONFIG_INVALID_VALUE", ["only device-hash"]],
    ["", "advertised_addresses=door=a:1", "CONFIG_INVALID_VALUE", ["advertised_addresses"]],
    [
      "min_num_of_logs_in_mem=9\nmax_num_of_logs_in_mem=8",
      "",
      "CONFIG_CONFLICT",
      ["min_num_of_logs_in_mem (9)", "(8)"],
    ],
    ["", "election_timeout_min_ms=3000", "CONFIG_CONFLICT", ["election_timeout_min_ms (3000)", "(2000)"]],
    ["", "heartbeat_interval_ms=900", "CONFIG_CONFLICT", ["heartbeat_interval_ms (2700)"]],
    ["", "query_memory_percent=60", "CONFIG_CONFLICT", ["(130)"]],
    ["", "default_ttl=5", "UNSUPPORTED", ["e.properties:1", "leave it at '-1'"]],
    ["", "advertised_addresses=client=db.example.org:443", "UNSUPPORTED", ["nodes advertise what they bind"]],
    ["internal_data_port=9004", "", "CONFIG_CONFLICT", ["internal_meta_port + 1", "internal_data_port", "9004"]],
  ];
  for (const [cluster, engine, code, parts] of cases) {
    it(`${JSON.stringify(cluster === "" ? engine : cluster)}: ${code}`, () => {
      const error = failure(() => load(cluster, engine));
      expect(error.code).toBe(code);
      for (const part of parts) expect(error.message).toContain(part);
    });
  }

  it("names the command line for a bad flag", () => {
    expect(failure(() => load("", "", { tick: "1" })).message).toMatch(/^command line: .*tick_ms/);
    expect(failure(() => load("", "", { tick_ms: "0" })).message).toMatch(/^command line: tick_ms='0'/);
  });

  it("never fails in any other way, whatever the text", () => {
    const line = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom("seed_nodes", "tick_ms", "cluster_name", "time_zone", "__proto__"), fc.string())
        .map(([key, value]) => `${key}=${value}`),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        try {
          load(lines.join("\n"), lines.join("\n"));
        } catch (error) {
          expect(error).toBeInstanceOf(RingtideError);
          expect((error as RingtideError).code).toMatch(/^CONFIG_/);
        }
      }),
    );
  });
});

describe("flags", () => {
  it("take a value in three forms, negative ones and ones with '=' too", () => {
    expect(parseFlags(["--a", "1", "-b", "-2", "--c=x=y", "--d="])).toEqual({ a: "1", b: "-2", c: "x=y", d: "" });
  });

  it("are refused without a value, twice, or when they are none", () => {
    for (const [args, part] of [
      [["--a"], "--a needs a value"],
      [["--a", "1", "-a", "2"], "--a is given twice"],
      [["a", "1"], "'a' is no flag"],
      [["--", "1"], "'--' is no flag"],
    ] as const) {
      const error = failure(() => parseFlags(args));
      expect(error.code).toBe("CONFIG_INVALID_VALUE");
      expect(error.message).toContain(part);
    }
  });
});
