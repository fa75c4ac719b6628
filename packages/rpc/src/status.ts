import { Metadata, type StatusObject, status } from "@grpc/grpc-js";
import {
  asRingtideError,
  detailsJson,
  type ErrorCode,
  isErrorCode,
  parseDetails,
  RingtideError,
} from "@ringtide/common";

/** Trailers that carry what a gRPC status cannot: the stable code and the details as JSON. */
const CODE_KEY = "ringtide-code";
const DETAILS_KEY = "ringtide-details";

/** Trailers travel as HTTP/2 headers, which peers limit to 64 KiB in all: longer texts are cut, larger details dropped. */
const MAX_MESSAGE_CHARS = 4096;
const MAX_DETAILS_CHARS = 16384;

const STATUS: Partial<Record<ErrorCode, status>> = {
  INTERNAL: status.INTERNAL,
  UNSUPPORTED: status.UNIMPLEMENTED,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  QUERY_CANCELLED: status.CANCELLED,
  QUERY_TIMEOUT: status.DEADLINE_EXCEEDED,
  WRITE_TIMEOUT: status.DEADLINE_EXCEEDED,
  NET_TIMEOUT: status.DEADLINE_EXCEEDED,
  OVERLOADED: status.RESOURCE_EXHAUSTED,
  TOO_MANY_CONNECTIONS: status.RESOURCE_EXHAUSTED,
  TABLET_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  QUERY_TOO_LARGE: status.RESOURCE_EXHAUSTED,
};

/** The gRPC status that a foreign client sees; our own looks at the code. */
function statusOf(error: RingtideError): status {
  const known = STATUS[error.code];
  if (known !== undefined) return known;
  if (error.spec.retryable) return status.UNAVAILABLE;
  return error.spec.number < 2000 ? status.INVALID_ARGUMENT : status.FAILED_PRECONDITION;
}

/** What the transport sends for an error; its stack stays here. */
export function toStatus(thrown: unknown): {
  code: status;
  details: string;
  metadata: Metadata;
  message: string;
  name: string;
} {
  const error = asRingtideError(thrown);
  const metadata = new Metadata();
  metadata.set(CODE_KEY, error.code);
  const details = asciiDetails(error);
  if (details !== undefined) metadata.set(DETAILS_KEY, details);
  // The transport encodes the text as a URI and throws on lone surrogates.
  const message = error.message.slice(0, MAX_MESSAGE_CHARS).toWellFormed();
  return { code: statusOf(error), details: message, metadata, message, name: "Error" };
}

/** Details in printable ASCII, as a header value must be; undefined when empty or too large. */
function asciiDetails(error: RingtideError): string | undefined {
  const json = detailsJson(error);
  if (json === "{}" || json.length > MAX_DETAILS_CHARS) return undefined;
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The error of a call that ended with this status; `peer` names the other side. */
export function fromStatus(ended: StatusObject, peer: string): RingtideError {
  const code = ended.metadata.get(CODE_KEY)[0];
  if (typeof code === "string") return fromPeer(code, ended, peer);
  const message = `${peer}: ${ended.details}`;
  switch (ended.code) {
    case status.DEADLINE_EXCEEDED:
      return new RingtideError("NET_TIMEOUT", `${peer} did not answer in time`);
    case status.UNAVAILABLE:
      return new RingtideError(neverConnected(ended.details) ? "NET_UNREACHABLE" : "NET_CLOSED", message);
    case status.RESOURCE_EXHAUSTED:
      return new RingtideError("TABLET_TOO_LARGE", message);
    case status.UNIMPLEMENTED:
      return new RingtideError("UNSUPPORTED", message);
    case status.UNAUTHENTICATED:
    case status.PERMISSION_DENIED:
      return new RingtideError("UNAUTHENTICATED", message);
    case status.CANCELLED:
      return new RingtideError("NET_CLOSED", message);
    default:
      return new RingtideError(ended.details.startsWith("Received RST_STREAM") ? "NET_CLOSED" : "INTERNAL", message);
  }
}

function fromPeer(code: string, ended: StatusObject, peer: string): RingtideError {
  // A code of a newer version: the caller cannot act on it, so it is shown.
  if (!isErrorCode(code)) return new RingtideError("INTERNAL", `${peer}: ${code}: ${ended.details}`);
  const details = ended.metadata.get(DETAILS_KEY)[0];
  return new RingtideError(code, ended.details, { details: parseDetails(typeof details === "string" ? details : "") });
}

/** The library tells a call that never left this machine only by its text. */
function neverConnected(details: string): boolean {
  return /^(No connection established|Name resolution failed|Channel closed before call started)/.test(details);
}
