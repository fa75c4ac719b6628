import type { RingReport, StatusReport } from "@ringtide/client";
import { expect, it } from "vitest";
import { ringTables, statusTables } from "../src/index.ts";

const cluster = { uuid: "a1b2", name: "plant", replicas: 3 };
const place = (node: number) => ({
  node,
  host: `n${node}.example`,
  metaPort: 9003,
  dataPort: 40010,
  clientPort: 55560,
});

const status: StatusReport = {
  cluster,
  answeredBy: 1,
  sessions: 0,
  nodes: [1, 2].map((node) => ({
    ...place(node),
    alive: node === 1,
    longestTurnMs: null,
    oldestPendingSyncMs: null,
    diskLevel: node === 1 ? 1 : null,
    diskFreeBytes: node === 1 ? 700 * 1_048_576 : null,
  })),
  groups: [
    {
      group: "data(1,0)",
      leader: 0,
      term: 4,
      replicas: [
        {
          node: 1,
          alive: true,
          role: "candidate",
          term: 4,
          commitIndex: 70,
          appliedIndex: 69,
          lastIndex: 71,
          checkpointIndex: 60,
          serves: false,
        },
        { node: 2, alive: false },
        { node: 3, alive: true, role: "follower", serves: true, stopped: "DISK_IO" },
      ],
    },
  ],
};

const ring: RingReport = {
  cluster,
  slotStrategy: { name: "device-hash", slotCount: 10_000, salt: 0 },
  nodes: [place(2), place(1)],
  groups: [{ group: "data(2,0)", header: 2, members: [2, 1], leader: 1, slots: 5000 }],
};

/** Cells of the rows, without the lines between. */
function cells(text: string): string[][] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("│"))
    .map((line) =>
      line
        .split("│")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

it("shows nodes, and of each replica what is known: down, stopped, not serving yet", () => {
  const text = statusTables(status);
  expect(text.split("\n")[0]).toBe("Cluster plant (a1b2), 3 replicas, as node 1 sees it");
  expect(cells(text)).toEqual([
    ["Node", "Address", "Meta", "Data", "Client", "State", "Disk"],
    ["1", "n1.example", "9003", "40010", "55560", "up", "LOW, 700 MiB free"],
    ["2", "n2.example", "9003", "40010", "55560", "DOWN", ""],
    ["Group", "Leader", "Node", "Role", "Term", "Commit", "Applied", "Last", "Checkpoint", "Serves"],
    ["data(1,0)", "none", "1", "candidate", "4", "70", "69", "71", "60", "not yet"],
    ["data(1,0)", "none", "2", "DOWN", "", "", "", "", "", ""],
    ["data(1,0)", "none", "3", "STOPPED DISK_IO", "", "", "", "", "", "yes"],
  ]);
});

it("has one line a row, and fits in 120 columns", () => {
  for (const text of [statusTables(status), ringTables(ring)]) {
    expect(text.match(/├/g)).toHaveLength(2); // below the names of the two tables
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  }
});

it("shows the ring in its order, and the share of each group", () => {
  const text = ringTables(ring);
  expect(text.split("\n")[0]).toBe("Cluster plant: 10000 slots by device-hash");
  expect(cells(text)).toEqual([
    ["Ring", "Node", "Address", "Meta", "Data", "Client"],
    ["1", "2", "n2.example", "9003", "40010", "55560"],
    ["2", "1", "n1.example", "9003", "40010", "55560"],
    ["Group", "Header", "Members", "Leader", "Slots"],
    ["data(2,0)", "2", "2, 1", "1", "5000"],
  ]);
});
