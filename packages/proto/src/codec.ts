import { asRingtideError, RingtideError } from "@ringtide/common";
import { WireReader, WireWriter } from "./wire.ts";

/** What pbjs generates for one message. */
export interface GeneratedMessage {
  encode(message: object, writer: WireWriter): WireWriter;
  decode(reader: WireReader): unknown;
}

/** A message as `encodeMessage` takes it: every field may be left out, then it has its default. */
export type Init<T> = { readonly [K in keyof T]?: InitField<T[K]> | undefined };
type InitField<T> = T extends number | string | boolean | Uint8Array | null
  ? T
  : T extends readonly (infer Item)[]
    ? readonly InitField<Item>[]
    : Init<T>;

/** Encodes and decodes messages of one type. Made by the generated code only. */
export interface MessageType<T> {
  readonly name: string;
  readonly generated: GeneratedMessage;
  /** Never set: carries the type. */
  readonly type?: T;
}

export function messageType<T>(name: string, generated: GeneratedMessage): MessageType<T> {
  return { name, generated };
}

/** The wire bytes of a message. VALUE_OUT_OF_RANGE when a 64-bit field holds no safe integer ≥ 0. */
export function encodeMessage<T>(type: MessageType<T>, message: Init<T>): Uint8Array {
  return type.generated.encode(message, new WireWriter()).finish();
}

/**
 * The message of wire bytes; its `bytes` fields are views of `bytes`, not copies. Fields with their default value live on the
 * prototype: read them by name, do not spread or list them. Anything else than such a message is FRAME_MALFORMED, and the
 * error names `what`.
 */
export function decodeMessage<T>(type: MessageType<T>, bytes: Uint8Array, what: string): T {
  try {
    return type.generated.decode(new WireReader(bytes)) as T;
  } catch (error) {
    throw new RingtideError("FRAME_MALFORMED", `${what} is no ${type.name}: ${asRingtideError(error).message}`);
  }
}
