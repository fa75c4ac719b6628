import { describe, expect, it, vi } from "vitest";
import { RingtideError } from "../errors.ts";
import type { Logger } from "../ports/index.ts";
import { type Disposable, fixture } from "./support.ts";

/** A line as it was written; `fields` has what the caller gave. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface LoggerFixture extends Disposable {
  /** At level info. */
  readonly logger: Logger;
  /** What has been written so far. */
  readonly lines: () => Promise<readonly LogLine[]>;
}

/** Registers the tests that every Logger has to pass. */
export function loggerConformance(name: string, make: () => Promise<LoggerFixture>): void {
  describe(`Logger: ${name}`, () => {
    const given = fixture(make);

    it("writes level, message and fields in order, not what is below its level", async () => {
      const { logger, lines } = given();
      logger.debug("unseen");
      logger.info("node started", { node: 1, path: 'a "b"\n' });
      logger.warn("disk slow");
      logger.error("peer lost", { peer: 2 });
      const wanted = [
        ["info", "node started"],
        ["warn", "disk slow"],
        ["error", "peer lost"],
      ];
      await vi.waitFor(async () => expect((await lines()).map(levelAndMessage)).toEqual(wanted), 5_000);
      expect((await lines())[0]?.fields).toMatchObject({ node: 1, path: 'a "b"\n' });
    });

    it("has written a fatal line when the call returns", async () => {
      const { logger, lines } = given();
      logger.info("before");
      logger.fatal("giving up");
      expect((await lines()).map(levelAndMessage)).toContainEqual(["fatal", "giving up"]);
    });

    it("adds the fields of a child to each of its lines", async () => {
      const { logger, lines } = given();
      logger.child({ group: "data(1,0)" }).child({ term: 3 }).error("stopped", { index: 9 });
      logger.error("plain");
      await vi.waitFor(async () => expect(await lines()).toHaveLength(2), 5_000);
      const [first, second] = await lines();
      expect(first?.fields).toMatchObject({ group: "data(1,0)", term: 3, index: 9 });
      expect(second?.fields).not.toHaveProperty("group");
    });

    it("takes errors, big integers and circles as fields", async () => {
      const { logger, lines } = given();
      const circle: Record<string, unknown> = {};
      circle["self"] = circle;
      const error = new RingtideError("DISK_FULL", "no room", { cause: new Error("why") });
      logger.fatal("all kinds", { error, big: 2n ** 62n, circle });
      const [line] = await lines();
      expect(line?.fields["error"]).toMatchObject({ code: "DISK_FULL", message: "no room" });
    });
  });
}

function levelAndMessage({ level, message }: LogLine): [string, string] {
  return [level, message];
}
