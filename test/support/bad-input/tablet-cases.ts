import type { DeviceBlock } from "@ringtide/proto";
import { DataType } from "@ringtide/tsfile";
import { block, doubles, incompressible, lies, lying } from "./blocks.ts";
import { MAX_WRITE_BYTES } from "./target.ts";
import type { OnlineCase } from "./types.ts";

const honest = doubles("root.ok.d", [1001, 1002, 1003]);
const elsewhere = doubles("root.bad.d", [1, 2, 3]);

function tablet(name: string, code: OnlineCase["code"], blocks: readonly DeviceBlock[], says = /./): OnlineCase {
  return { name: `tablet: ${name}`, code, says, send: (target) => target.client(3).insert(blocks) };
}

/** The honest block with one bit flipped; negative places count from its end. */
function bent(at: number): DeviceBlock {
  const bytes = honest.block.slice();
  const place = at < 0 ? bytes.length + at : at;
  bytes[place] = (bytes[place] ?? 0) ^ 0x40;
  return { ...honest, block: bytes };
}

export const TABLET_CASES: readonly OnlineCase[] = [
  tablet("no blocks", "TABLET_SHAPE", []),
  tablet(
    "more names than columns",
    "TABLET_SHAPE",
    [{ ...honest, measurements: ["s", "x"] }],
    /2 measurements but 1 col/,
  ),
  tablet("no names", "TABLET_SHAPE", [{ ...honest, measurements: [] }]),
  tablet("a name twice", "TABLET_SHAPE", [{ ...honest, measurements: ["x", "x"] }]),
  tablet("another row count than rows", "BLOCK_MALFORMED", [lying(honest, lies.rows)]),
  tablet("4 thousand million rows", "BLOCK_MALFORMED", [lying(honest, lies.manyRows)], /rows/),
  tablet("more columns than it has", "BLOCK_MALFORMED", [lying(honest, lies.columns)]),
  tablet("a directory beyond its end", "BLOCK_MALFORMED", [lying(honest, lies.directory)]),
  tablet("a column beyond its end", "BLOCK_MALFORMED", [lying(honest, lies.columnBytes)]),
  tablet("a base within an era", "BLOCK_MALFORMED", [lying(honest, lies.base)], /base/),
  tablet("statistics that are not true", "BLOCK_MALFORMED", [lying(honest, lies.statistics)], /statistics/),
  tablet("a flipped bit in its header", "BLOCK_MALFORMED", [bent(20)], /checksum/),
  tablet("a flipped bit in its values", "BLOCK_MALFORMED", [bent(-1)], /checksum/),
  tablet("garbage instead of a block", "BLOCK_MALFORMED", [{ ...honest, block: new Uint8Array(500).fill(0xa5) }]),
  tablet("an empty block", "BLOCK_MALFORMED", [{ ...honest, block: new Uint8Array(0) }]),
  tablet("half of a block", "BLOCK_MALFORMED", [
    { ...honest, block: honest.block.subarray(0, honest.block.length / 2) },
  ]),
  tablet("one bad block among good ones", "BLOCK_MALFORMED", [honest, bent(-1), doubles("root.ok.d", [9])]),
  tablet("wrong type", "TYPE_MISMATCH", [block("root.ok.d", [5], [5], DataType.INT64)], /root\.ok\.d\.s/),
  tablet("no device", "PATH_INVALID", [{ ...honest, device: "" }]),
  tablet("a device that is no path", "PATH_INVALID", [{ ...honest, device: "root.ok..d" }]),
  tablet("a device outside of root", "PATH_INVALID", [{ ...honest, device: "ok.d" }]),
  tablet("a device with a wildcard", "PATH_INVALID", [{ ...honest, device: "root.ok.*" }]),
  tablet("a measurement of two nodes", "PATH_INVALID", [{ ...honest, measurements: ["a.b"] }], /a\.b/),
  tablet("an empty measurement", "PATH_INVALID", [{ ...honest, measurements: [""] }]),
  tablet("a name of 5000 characters", "PATH_INVALID", [{ ...honest, measurements: ["m".repeat(5000)] }]),
  tablet("a bad block for a new storage group", "BLOCK_MALFORMED", [lying(elsewhere, lies.statistics)]),
  tablet("a bad name for a new storage group", "PATH_INVALID", [{ ...elsewhere, measurements: ["a.b"] }]),
  tablet(
    "larger than an entry may be",
    "TABLET_TOO_LARGE",
    [incompressible("root.ok.d", 20_000)],
    new RegExp(`${MAX_WRITE_BYTES}`),
  ),
  tablet("too large for a new storage group", "TABLET_TOO_LARGE", [incompressible("root.bad.d", 20_000)]),
  {
    name: "tablet: larger than a message may be",
    code: "TABLET_TOO_LARGE",
    send: (target) => target.client(3).insert([{ ...honest, block: new Uint8Array(MAX_WRITE_BYTES + (2 << 20)) }]),
  },
  {
    name: "tablet: no sequence",
    code: "SEQUENCE_INVALID",
    send: (target) => target.client(3).insert([honest], { sequence: 0 }),
  },
  {
    name: "tablet: a sequence that was acknowledged",
    code: "SEQUENCE_INVALID",
    send: (target) => target.client(3).insert([honest], { sequence: 7, acknowledged: 9 }),
  },
  {
    name: "tablet: a session that is not open",
    code: "SESSION_UNKNOWN",
    send: (target) => target.client(3).insert([honest], { session: 78 }),
  },
];
