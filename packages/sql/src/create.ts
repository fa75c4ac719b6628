import type { IToken } from "chevrotain";
import type { CreateTimeseriesStatement, TypeName } from "./ast.ts";
import { Fault, quote } from "./fault.ts";
import { unquote } from "./operand.ts";
import { placeOf, seriesPathOf } from "./paths.ts";
import { DoubleQuoted, Identifier, K, SingleQuoted } from "./tokens.ts";

/** `ENCODING=RLE` */
export interface Property {
  readonly key: IToken;
  readonly value: IToken;
}

const TYPES: readonly TypeName[] = ["BOOLEAN", "INT32", "INT64", "FLOAT", "DOUBLE", "TEXT"];
const ENCODINGS = [
  "PLAIN",
  "PLAIN_DICTIONARY",
  "DICTIONARY",
  "RLE",
  "DIFF",
  "TS_2DIFF",
  "BITMAP",
  "GORILLA_V1",
  "REGULAR",
  "GORILLA",
  "FREQ",
  "ZIGZAG",
] as const;
const COMPRESSIONS = ["UNCOMPRESSED", "SNAPPY", "GZIP", "LZ4"] as const;

/** Properties of the original that change what is stored, and so cannot be ignored. */
const REFUSED = new Set(["LOSS", "COMPDEV", "COMPMINTIME", "COMPMAXTIME", "MAX_POINT_NUMBER", "TAGS", "ATTRIBUTES"]);

/** The statement; `type` is that of the short form (`CREATE TIMESERIES path DOUBLE`). */
export function buildCreateTimeseries(
  path: IToken,
  type: TypeName | undefined,
  properties: readonly Property[],
): CreateTimeseriesStatement {
  let [dataType, encoding, compression]: (string | undefined)[] = [type];
  for (const { key, value } of properties) {
    if (key.tokenType === K.DATATYPE) dataType = oneOf(TYPES, "data type", value, key, dataType);
    else if (key.tokenType === K.ENCODING) encoding = oneOf(ENCODINGS, "encoding", value, key, encoding);
    else compression = oneOf(COMPRESSIONS, "compression", value, key, compression);
  }
  const known = TYPES.find((each) => each === dataType);
  if (known === undefined) {
    throw new Fault(
      "SQL_SEMANTIC",
      placeOf(path),
      "the data type is missing: add WITH DATATYPE=… behind the path",
      TYPES,
    );
  }
  return { kind: "createTimeseries", path: seriesPathOf(path), type: known, encoding, compression };
}

function oneOf<T extends string>(
  known: readonly T[],
  what: string,
  value: IToken,
  key: IToken,
  earlier: string | undefined,
): T {
  if (earlier !== undefined) throw new Fault("SQL_SEMANTIC", placeOf(key), `the ${what} is given twice`);
  const isQuoted = value.tokenType === SingleQuoted || value.tokenType === DoubleQuoted;
  const name = (isQuoted ? unquote(value) : value.image).toUpperCase();
  const match = known.find((each) => each === name);
  if (match !== undefined) return match;
  throw new Fault(
    "SQL_SEMANTIC",
    placeOf(value),
    `unknown ${what} ${quote(value.image)}: known are ${known.join(", ")}`,
    known,
  );
}

/** Refuses a key that is none of the keywords DATATYPE, ENCODING, COMPRESSION and COMPRESSOR. */
export function checkPropertyKey(key: IToken): void {
  if (key.tokenType !== Identifier) return;
  const name = key.image.toUpperCase();
  if (REFUSED.has(name)) throw new Fault("UNSUPPORTED", placeOf(key), `${name} is not supported in this version`);
  const known = [...TYPES, "DATATYPE", "ENCODING", "COMPRESSION", "COMPRESSOR"];
  const message = `${quote(key.image)} is neither a data type nor a property: known are ${known.join(", ")}`;
  throw new Fault("SQL_SEMANTIC", placeOf(key), message, known);
}
