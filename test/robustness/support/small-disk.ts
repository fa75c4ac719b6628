import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { atExit } from "./at-exit.ts";

const run = promisify(execFile);
const PIECE = Buffer.alloc(256 * 1024, 1);
const MIB = 1024 * 1024;

/** A file system of its own, small enough to fill: ext4 in a file on a loop device, or memory. */
export class SmallDisk {
  readonly directory: string;
  readonly #home: string;
  readonly #settled: () => void;
  #fillers = 0;

  private constructor(home: string, directory: string) {
    this.#home = home;
    this.directory = directory;
    this.#settled = atExit(() => {
      spawnSync("umount", ["--lazy", directory]);
      rmSync(home, { recursive: true, force: true });
    });
  }

  static async mount(kind: "ext4" | "tmpfs", sizeMiB: number): Promise<SmallDisk> {
    const home = mkdtempSync(join(tmpdir(), "ringtide-disk-"));
    const directory = `${home}/mounted`;
    mkdirSync(directory);
    try {
      if (kind === "tmpfs") await run("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m`, "tmpfs", directory]);
      else {
        const image = `${home}/image`;
        await run("truncate", ["-s", String(sizeMiB * MIB), image]);
        await run("mkfs.ext4", ["-q", "-m", "0", image]);
        await run("mount", ["-o", "loop", image, directory]);
      }
    } catch (error) {
      rmSync(home, { recursive: true, force: true });
      throw error;
    }
    return new SmallDisk(home, directory);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.directory);
    return bavail * bsize;
  }

  /** Takes all space that is left; most of it without writing it. */
  async fill(): Promise<void> {
    const path = `${this.directory}/filler-${this.#fillers++}`;
    await run("fallocate", ["--length", String(Math.max(this.freeBytes - MIB, 1)), path]);
    try {
      for (;;) writeFileSync(path, PIECE, { flag: "a" });
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error) || error.code !== "ENOSPC") throw error;
    }
  }

  /** Gives back what `fill` took. */
  drain(): void {
    while (this.#fillers > 0) rmSync(`${this.directory}/filler-${--this.#fillers}`, { force: true });
  }

  async unmount(): Promise<void> {
    await run("umount", ["--lazy", this.directory]);
    rmSync(this.#home, { recursive: true, force: true });
    this.#settled();
  }
}
