import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { RingtideError } from "@ringtide/common";
import { findFailpoint } from "./catalogue.ts";
import type { Failpoints } from "./failpoints.ts";

/** Where the process is to end. */
export interface Death {
  readonly name: string;
  readonly hit: number;
  /** Passes count only once this place was passed: for a step that is also taken on other occasions. */
  readonly behind?: string;
}

/** What the control file says, as JSON; what is left out is off. Each version replaces the one before. */
export interface Orders {
  /** Shown in the report once the orders are in force. */
  readonly version: number;
  readonly die?: Death;
  /** Places, names of failpoints without their last word, whose calls hang: `log.segment.sync`. */
  readonly hang?: readonly string[];
  /** Writes fail as on a full disk. */
  readonly full?: boolean;
}

/** What the process tells in its report file. */
export interface Report {
  readonly pid: number;
  /** Version of the orders in force; 0: none yet. */
  readonly version: number;
  /** The failpoint that the process died at. */
  readonly diedAt?: string;
  readonly hits: Readonly<Record<string, number>>;
}

export interface ControlFiles {
  /** Orders are read from here; undefined: there are none but those of the environment. */
  readonly control: string | undefined;
  /** The report is written to here. */
  readonly report: string | undefined;
}

const POLL_MS = 20;
const REPORT_EVERY_POLLS = 25;

/** Carries orders from the control file to the failpoints, and reports hits. */
export class Control {
  readonly #files: ControlFiles;
  #version = 0;
  /** Which file the last orders were: each comes as a new one. */
  #seen = "";
  #polls = 0;

  constructor(files: ControlFiles) {
    this.#files = files;
  }

  /** Ends this process by SIGKILL: nothing is flushed, nothing is closed. */
  die(name: string, failpoints: Failpoints | undefined): never {
    this.#report(failpoints, name);
    process.kill(process.pid, "SIGKILL");
    throw new RingtideError("INTERNAL", `survived SIGKILL at ${name}`);
  }

  /** Obeys the control file from now on, until the process ends. */
  start(failpoints: Failpoints): void {
    process.on("exit", () => this.#report(failpoints));
    this.#poll(failpoints);
    setInterval(() => this.#poll(failpoints), POLL_MS).unref();
  }

  #poll(failpoints: Failpoints): void {
    const { control } = this.#files;
    const found = control === undefined ? undefined : statSync(control, { throwIfNoEntry: false });
    const key = found === undefined ? "" : `${found.ino} ${found.mtimeMs}`;
    const isNew = control !== undefined && key !== this.#seen;
    if (isNew) {
      this.#seen = key;
      if (key !== "") this.#obey(JSON.parse(readFileSync(control, "utf8")) as Orders, failpoints);
    }
    if (isNew || this.#polls++ % REPORT_EVERY_POLLS === 0) this.#report(failpoints);
  }

  #obey({ version, die, hang, full }: Orders, failpoints: Failpoints): void {
    this.#version = version;
    if (die === undefined) failpoints.disarm();
    else armChecked(failpoints, die);
    failpoints.hang(hang ?? []);
    failpoints.isFull = full === true;
  }

  #report(failpoints: Failpoints | undefined, diedAt?: string): void {
    const { report } = this.#files;
    if (report === undefined) return;
    const content: Report = {
      pid: process.pid,
      version: this.#version,
      ...(diedAt === undefined ? {} : { diedAt }),
      hits: Object.fromEntries(failpoints?.hits ?? []),
    };
    writeFileSync(`${report}.tmp`, JSON.stringify(content));
    renameSync(`${report}.tmp`, report);
  }
}

/** A name that the catalogue lacks is refused: it would never be reached, and a test that waits for it would say little. */
export function armChecked(failpoints: Failpoints, { name, hit, behind }: Death): void {
  for (const known of behind === undefined ? [name] : [name, behind])
    if (findFailpoint(known) === undefined)
      throw new RingtideError("CONFIG_INVALID_VALUE", `FAILPOINT '${known}' is not in the catalogue`);
  if (!Number.isInteger(hit) || hit < 1)
    throw new RingtideError("CONFIG_INVALID_VALUE", `FAILPOINT_HIT must be a whole number from 1, not ${hit}`);
  failpoints.arm(name, hit, behind);
}
