import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Ports } from "@ringtide/cluster";
import type { Logger, Timer } from "@ringtide/common";
import { asRingtideError, checkStart, loadConfig, parseFlags, RingtideError } from "@ringtide/common";
import {
  createCompute,
  createDisk,
  createLogger,
  createMetrics,
  openLevelKv,
  systemClock,
  systemRandom,
} from "@ringtide/common/node";
import { createNet } from "@ringtide/rpc";
import { Node } from "./node.ts";
import { writeRunFile } from "./run-file.ts";

const USAGE = `Usage: start-node.sh [-c CONF_DIR] [--KEY VALUE ...]

Starts one node. On its first start it waits for the other seeds of seed_nodes and forms the cluster with them; a data directory
that belongs to a cluster restarts from disk. It runs in the foreground until SIGTERM or Ctrl-C, which stop it cleanly.

  -c, --conf CONF_DIR   directory of ringtide-cluster.properties and ringtide-engine.properties (default: conf)
  --home DIR            directory that relative paths start from (default: the current one)
  --KEY VALUE           overrides a key of the configuration files; docs/configuration.md has all keys

Examples:
  sbin/start-node.sh
  sbin/start-node.sh -c /etc/ringtide --data_dirs /var/lib/ringtide
  sbin/start-node.sh --internal_meta_port 9005 --internal_data_port 40012 --cluster_rpc_port 55561 --data_dirs data2
`;

interface Arguments {
  readonly confDirectory: string;
  readonly home: string;
  readonly flags: Record<string, string>;
}

function readArguments(argv: readonly string[]): Arguments {
  const flags = { ...parseFlags(argv) };
  const confDirectory = flags["c"] ?? flags["conf"] ?? "conf";
  const home = resolve(flags["home"] ?? ".");
  delete flags["c"];
  delete flags["conf"];
  delete flags["home"];
  return { confDirectory, home, flags };
}

function readConfig({ confDirectory, flags }: Arguments) {
  const clusterFile = `${confDirectory}/ringtide-cluster.properties`;
  const engineFile = `${confDirectory}/ringtide-engine.properties`;
  return loadConfig({
    clusterText: readText(clusterFile),
    engineText: readText(engineFile),
    clusterFile,
    engineFile,
    flags,
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new RingtideError("DISK_NOT_FOUND", `cannot read ${path}: name the configuration directory with -c`, {
      cause: error,
    });
  }
}

/** Hands the node other ports than the machine's own, which it is given. */
export type WrapPorts = (ports: Ports) => Ports;

async function run(argv: readonly string[], wrap: WrapPorts): Promise<void> {
  const args = readArguments(argv);
  const { config, warnings } = readConfig(args);
  const logger = createLogger({ level: config.logLevel, destination: "stdout", sync: false });
  for (const warning of warnings) logger.warn(warning);
  const dataDirectory = resolve(args.home, config.dataDirs[0] ?? "data");
  const firstFormation = !existsSync(`${dataDirectory}/identity.json`);
  const metrics = createMetrics();
  const net = createNet({ logger, metrics, clock: systemClock });
  await checkStart(config, { mode: "seed", firstFormation, resolves: (host) => net.resolves(host) });
  writeRunFile(args.home, config.internalMetaPort); // from here on stop-node.sh can stop it: waiting for seeds may take long
  const stop = new AbortController();
  const giveUp = firstFormation ? formationTimer(config.formationTimeoutMs, stop) : undefined;
  const node = Node.start({
    config,
    home: args.home,
    ports: wrap({
      clock: systemClock,
      random: systemRandom,
      disk: createDisk(),
      openKv: openLevelKv,
      net,
      compute: createCompute({ threads: 1 }),
      logger,
      metrics,
    }),
    onFatal: (error) => die(logger, error),
    signal: stop.signal,
  });
  const shutdown = (signal: string) => {
    if (stop.signal.aborted) return;
    logger.info("stopping", { signal });
    stop.abort(new RingtideError("SHUTTING_DOWN", `stopped by ${signal}`));
    node
      .then((running) => running.close())
      .then(
        () => process.exit(0),
        (error: unknown) => die(logger, error),
      );
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => shutdown(signal));
  await node;
  giveUp?.cancel();
  process.stderr.write(`ready: clients on ${config.clusterRpcIp}:${config.clusterRpcPort}\n`);
}

/** Ends the wait for the other seeds; undefined when it has no end. */
function formationTimer(timeoutMs: number, stop: AbortController): Timer | undefined {
  if (timeoutMs === 0) return undefined;
  return systemClock.setTimer(timeoutMs, () => {
    stop.abort(new RingtideError("NOT_FORMED", `not all seeds answered within formation_timeout_ms, ${timeoutMs} ms`));
  });
}

function die(logger: Logger, error: unknown): never {
  const known = asRingtideError(error);
  logger.fatal("the node stops", { code: known.code, reason: known.message, stack: known.stack });
  process.exit(1);
}

/** The program that start-node.sh runs: one node until SIGTERM, from the arguments of the command line. */
export function runProgram(argv: readonly string[], wrap: WrapPorts = (ports) => ports): void {
  if (argv.includes("--help") || argv.includes("-h")) {
    process.stdout.write(USAGE);
    return;
  }
  run(argv, wrap).catch((error: unknown) => {
    const known = asRingtideError(error);
    process.stderr.write(`${known.code}: ${known.message}\n`);
    if (known.code === "INTERNAL") process.stderr.write(`${known.stack}\n`);
    process.exit(known.code === "SHUTTING_DOWN" ? 0 : 1);
  });
}
