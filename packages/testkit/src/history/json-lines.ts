import { RingtideError } from "@ringtide/common";
import { type Operation, type OperationKind, requireUniqueWrites } from "./operation.ts";

const KINDS: ReadonlySet<unknown> = new Set<OperationKind>(["write", "read", "delete"]);
const FIELDS: ReadonlySet<string> = new Set(["client", "op", "key", "value", "call", "return", "ok"]);

/** One JSON object a line, each line ended. */
export function toJsonLines(operations: readonly Operation[]): string {
  return operations.map((operation) => `${lineOf(operation)}\n`).join("");
}

function lineOf({ client, op, key, value, call, return: returned, ok }: Operation): string {
  return JSON.stringify({ client, op, key, value, call, return: returned, ...(ok === false && { ok }) });
}

/** Reads what toJsonLines wrote, and takes nothing else. FRAME_MALFORMED names `source` and the line. */
export function fromJsonLines(text: string, source: string): Operation[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const nameOf = (i: number): string => `${source}, line ${i + 1}`;
  const operations = lines.map((line, i) => parseLine(line, nameOf(i)));
  requireUniqueWrites(operations, nameOf);
  return operations;
}

function parseLine(line: string, name: string): Operation {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw malformed(name, `no JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw malformed(name, "no JSON object");
  const fields: Readonly<Record<string, unknown>> = { ...parsed };
  for (const field of Object.keys(fields)) if (!FIELDS.has(field)) throw malformed(name, `unknown field '${field}'`);
  const operation = operationOf(fields, name);
  checkMeaning(operation, name);
  return operation;
}

function operationOf(fields: Readonly<Record<string, unknown>>, name: string): Operation {
  const { client, op, key, value, call, return: returned, ok } = fields;
  if (!isCount(client)) throw malformed(name, "client has to be a whole number from 0 on");
  if (!isKind(op)) throw malformed(name, "op has to be write, read or delete");
  if (typeof key !== "string" || key === "") throw malformed(name, "key has to be a text that is not empty");
  if (value !== null && !isNumber(value)) throw malformed(name, "value has to be a number or null");
  if (!isCount(call)) throw malformed(name, "call has to be a whole number of nanoseconds from 0 on");
  if (returned !== null && !isCount(returned))
    throw malformed(name, "return has to be a whole number of nanoseconds from 0 on, or null");
  if (ok !== undefined && ok !== false) throw malformed(name, "ok has to be false or left out");
  return { client, op, key, value, call, return: returned, ...(ok === false && { ok }) };
}

function checkMeaning({ op, value, call, return: returned, ok }: Operation, name: string): void {
  if (returned !== null && returned < call)
    throw malformed(name, `it returns at ${returned}, before its call at ${call}`);
  if (op === "write" && value === null) throw malformed(name, "a write has a value");
  if (op === "delete" && value !== null) throw malformed(name, "the value of a delete is null");
  if (op === "read" && value !== null && (returned === null || ok === false))
    throw malformed(name, "a read without a result has the value null");
  if (ok === false && returned === null)
    throw malformed(name, "ok: false says that the outcome is known, return: null that it is not");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isKind(value: unknown): value is OperationKind {
  return KINDS.has(value);
}

function malformed(name: string, problem: string): RingtideError {
  return new RingtideError("FRAME_MALFORMED", `${name}: ${problem}`);
}
