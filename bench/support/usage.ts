import { readdirSync, readFileSync, statSync } from "node:fs";

const TICKS_PER_SECOND = 100; // USER_HZ, fixed by the kernel's interface

/** CPU seconds that a process has used so far, user and system. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory of a process, MB. */
export function rssMb(pid: number): number {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return line === null ? 0 : Math.round(Number(line[1]) / 1024);
}

/** Bytes of the files below a directory whose path `accepts`. */
export function diskBytes(directory: string, accepts: (path: string) => boolean = () => true): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) bytes += diskBytes(path, accepts);
    else if (accepts(path)) bytes += statSync(path).size;
  }
  return bytes;
}

/** The file system that an absolute path without links is on, from /proc/mounts: benches must not run on memory. */
export function fileSystemOf(path: string): string {
  let best = { mount: "", type: "unknown" };
  for (const line of readFileSync("/proc/mounts", "utf8").split("\n")) {
    const [, mount = "", type = ""] = line.split(" ");
    if (`${path}/`.startsWith(mount === "/" ? "/" : `${mount}/`) && mount.length >= best.mount.length)
      best = { mount, type };
  }
  return best.type;
}

export function loadAverage(): string {
  return readFileSync("/proc/loadavg", "utf8").split(" ").slice(0, 3).join(" ");
}
