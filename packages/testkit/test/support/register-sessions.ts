import type { Tablet } from "@ringtide/client";
import { type Clock, RingtideError, sleep } from "@ringtide/common";
import type { SeededRandom, WorkloadSession } from "@ringtide/testkit";
import { openBlock, timeAt, valueAt } from "@ringtide/tsfile";

/** How the registers misbehave: shares of the requests. */
export interface RegisterFaults {
  /** Refused without effect. */
  readonly refused: number;
  /** The answer is lost; the effect comes now, later, or never. */
  readonly lost: number;
  /** Never answered at all. */
  readonly silent: number;
  /** Reads of what was there some time ago: a bug. */
  readonly stale: number;
}

const INSERT = /^INSERT INTO (\S+)\(time, (\w+)\) VALUES \((\d+), (\d+)\)$/;
const DELETE = /^DELETE FROM (\S+) WHERE time = (\d+)$/;
const SELECT = /^SELECT (\w+) FROM (\S+) WHERE time = (\d+)$/;

/** Another system that fits a workload: registers in memory, reached over a slow line under virtual time. */
export class RegisterStore {
  readonly series = new Set<string>();
  readonly #values = new Map<string, number>();
  readonly #before = new Map<string, number | undefined>();
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #faults: RegisterFaults;

  constructor(clock: Clock, random: SeededRandom, faults: RegisterFaults) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
  }

  session(): WorkloadSession {
    return {
      execute: (sql) => this.#execute(sql),
      insert: (tablet) => this.#request(() => this.#insert(tablet)),
    };
  }

  async #execute(sql: string) {
    if (sql.startsWith("CREATE")) {
      this.series.add(sql.split(" ")[2] ?? "");
      return { toArray: () => Promise.resolve([]) };
    }
    if (sql === "FLUSH") return this.#request(() => undefined);
    const [, device = "", measurement = "", time = "", value = ""] = INSERT.exec(sql) ?? [];
    if (value !== "") return this.#request(() => this.#set(`${device}.${measurement}@${time}`, Number(value)));
    const [, series = "", at = ""] = DELETE.exec(sql) ?? [];
    if (at !== "") return this.#request(() => this.#set(`${series}@${at}`, undefined));
    const [, column = "", from = "", when = ""] = SELECT.exec(sql) ?? [];
    if (when === "") throw new RingtideError("SQL_SYNTAX", sql);
    return this.#request(() => this.#get(`${from}.${column}@${when}`));
  }

  #insert(tablet: Tablet): undefined {
    for (const block of tablet.blocks) {
      const { times, columns, rows } = openBlock(block).batch();
      const [column] = columns;
      if (times === undefined || column === undefined) throw new Error("a tablet has times and values");
      for (let row = 0; row < rows; row++) {
        this.#set(`${tablet.device}.${tablet.measurements[0]}@${timeAt(times, row)}`, Number(valueAt(column, row)));
      }
    }
  }

  #set(key: string, value: number | undefined): undefined {
    this.#before.set(key, this.#values.get(key));
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
  }

  #get(key: string): number | undefined {
    return this.#random.chance(this.#faults.stale) ? this.#before.get(key) : this.#values.get(key);
  }

  async #request(perform: () => number | undefined) {
    const { refused, lost, silent } = this.#faults;
    await sleep(this.#clock, this.#random.between(0, 20));
    if (this.#random.chance(refused)) throw new RingtideError("OVERLOADED", "refused");
    if (this.#random.chance(lost)) {
      const afterMs = this.#random.pick([0, 50, 2_000]);
      if (this.#random.chance(0.7)) this.#clock.setTimer(afterMs, perform);
      throw new RingtideError("NET_CLOSED", "the answer was lost");
    }
    const found = perform();
    if (this.#random.chance(silent)) await new Promise<never>(() => undefined);
    await sleep(this.#clock, this.#random.between(0, 20));
    const rows = found === undefined ? [] : [{ values: [BigInt(found)] }];
    return { toArray: () => Promise.resolve(rows) };
  }
}
