import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

const PROTO_DIR = join(import.meta.dirname, "../../../proto");
const GENERATED_DIR = join(import.meta.dirname, "../src/generated");
const PACKAGE = "ringtide.v1";

const SCALARS: Readonly<Record<string, string>> = {
  uint32: "number",
  int32: "number",
  uint64: "number",
  double: "number",
  bool: "boolean",
  string: "string",
  bytes: "Uint8Array",
};

/** Writes into `dir`: messages.js (the output of pbjs), messages.d.ts (only what types.ts needs of it) and types.ts (our types). */
export function generate(dir: string): void {
  mkdirSync(dir, { recursive: true });
  const files = readdirSync(PROTO_DIR)
    .filter((name) => name.endsWith(".proto"))
    .sort()
    .map((name) => join(PROTO_DIR, name));
  const flags = "-t static-module -w esm --dependency ../wire.ts --no-comments --no-service --no-create";
  const less = "--no-verify --no-convert --no-delimited --no-typeurl";
  const pbjs = fileURLToPath(import.meta.resolve("protobufjs-cli/bin/pbjs"));
  execFileSync(process.execPath, [pbjs, ...`${flags} ${less}`.split(" "), "-o", join(dir, "messages.js"), ...files]);
  writeFileSync(join(dir, "messages.d.ts"), messagesDeclaration());
  writeFileSync(join(dir, "types.ts"), types(files));
}

function messagesDeclaration(): string {
  return `${HEADER}import type { GeneratedMessage } from "../codec.ts";

export declare const ringtide: { readonly v1: { readonly [name: string]: GeneratedMessage } };
`;
}

const HEADER = "// Generated from proto/ by `npm run generate --workspace packages/proto`.\n";

function types(files: readonly string[]): string {
  const root = new protobuf.Root();
  for (const file of files) protobuf.parse(readFileSync(file, "utf8"), root, { alternateCommentMode: true });
  root.resolveAll();
  const out = [HEADER, 'import { type MessageType, messageType } from "../codec.ts";\n'];
  out.push('import { ringtide } from "./messages.js";\n');
  const namespace = root.lookup(PACKAGE);
  if (!(namespace instanceof protobuf.Namespace)) throw new Error(`no package ${PACKAGE}`);
  for (const item of namespace.nestedArray) if (item instanceof protobuf.Type) out.push(messageText(item));
  return out.join("");
}

function messageText(type: protobuf.Type): string {
  const enums = type.nestedArray.filter((nested) => nested instanceof protobuf.Enum);
  if (enums.length < type.nestedArray.length) throw new Error(`${type.name}: nested messages are not supported`);
  const lines = [...enums.map((item) => enumText(`${type.name}${item.name}`, item)), "\n", comment(type, "")];
  lines.push(`export interface ${type.name} {\n`);
  for (const field of type.fieldsArray)
    lines.push(comment(field, "  "), `  readonly ${field.name}: ${fieldType(field)};\n`);
  for (const oneof of type.oneofsArray) {
    if (oneof.isProto3Optional)
      throw new Error(`${type.name}: optional is not supported, decoders cannot tell absence`);
    const names = oneof.fieldsArray.map((field) => `"${field.name}"`).join(" | ");
    lines.push(`  /** Which of them is set. */\n  readonly ${oneof.name}: ${names} | undefined;\n`);
  }
  lines.push("}\n", `export const ${type.name}: MessageType<${type.name}> = `);
  lines.push(`messageType("${type.name}", ringtide.v1["${type.name}"] as never);\n`);
  return lines.join("");
}

function enumText(name: string, item: protobuf.Enum): string {
  const rows = Object.entries(item.values).map(([key, value]) => `  ${key}: ${value},\n`);
  return `\nexport const ${name} = {\n${rows.join("")}} as const;\n`;
}

function comment(item: protobuf.ReflectionObject, indent: string): string {
  return item.comment ? `${indent}/** ${item.comment.replaceAll("\n", " ")} */\n` : "";
}

function fieldType(field: protobuf.Field): string {
  const resolved = field.resolvedType;
  const single = resolved instanceof protobuf.Type ? resolved.name : resolved ? "number" : SCALARS[field.type];
  if (single === undefined) throw new Error(`${field.fullName}: type ${field.type} is not supported`);
  if (field.map) return `Readonly<Record<string, ${single}>>`;
  if (field.repeated) return `readonly ${single}[]`;
  return resolved instanceof protobuf.Type || field.partOf ? `${single} | null` : single;
}

if (import.meta.main) generate(GENERATED_DIR);
