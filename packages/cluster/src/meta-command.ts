import { ByteReader, ByteWriter, type RequestId, RingtideError, splitPath } from "@ringtide/common";

/** What the meta group's log can ask for. */
export type MetaCommand =
  | { readonly kind: "createStorageGroup"; readonly path: string }
  /** The groups vanish at once; `dropDone` follows when every data group has dropped its series. */
  | { readonly kind: "deleteStorageGroups"; readonly paths: readonly string[] }
  | { readonly kind: "dropDone"; readonly path: string; readonly number: number };

/** Payload of a PHYSICAL_PLAN entry of the meta group: request, then the command as JSON (rare and small). */
export function encodeMetaCommand(request: RequestId | undefined, command: MetaCommand): Uint8Array {
  const writer = new ByteWriter();
  writer
    .u53(request?.session ?? 0)
    .u53(request?.sequence ?? 0)
    .u53(request?.acknowledged ?? 0)
    .u8(request?.retry ? 1 : 0);
  return writer.text(JSON.stringify(command)).finish();
}

/** Reads what encodeMetaCommand wrote, which apply can then take. Throws FRAME_MALFORMED, PATH_INVALID. */
export function decodeMetaCommand(payload: Uint8Array): {
  readonly request: RequestId | undefined;
  readonly command: MetaCommand;
} {
  const reader = new ByteReader(payload, "meta command");
  const request = {
    session: reader.u53(),
    sequence: reader.u53(),
    acknowledged: reader.u53(),
    retry: reader.u8() === 1,
  };
  const command = readCommand(reader);
  reader.end();
  const paths = command.kind === "deleteStorageGroups" ? command.paths : [command.path];
  for (const path of paths) checkStorageGroupPath(path);
  return { request: request.session === 0 ? undefined : request, command };
}

function readCommand(reader: ByteReader): MetaCommand {
  const { kind, path, paths, number } = readObject(reader);
  switch (kind) {
    case "createStorageGroup":
      if (typeof path === "string") return { kind, path };
      break;
    case "dropDone":
      if (typeof path === "string" && typeof number === "number") return { kind, path, number };
      break;
    case "deleteStorageGroups":
      if (Array.isArray(paths) && paths.every((each) => typeof each === "string")) return { kind, paths };
      break;
  }
  return reader.fail("a command of unknown kind or shape");
}

function readObject(reader: ByteReader): {
  readonly kind?: unknown;
  readonly path?: unknown;
  readonly paths?: unknown;
  readonly number?: unknown;
} {
  const text = reader.text();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return reader.fail("not JSON");
  }
  return typeof parsed === "object" && parsed !== null ? parsed : reader.fail("no JSON object");
}

function checkStorageGroupPath(path: string): void {
  if (splitPath(path).length < 2)
    throw new RingtideError("PATH_INVALID", `'${path}' is no storage group: it needs a name below root`);
}
