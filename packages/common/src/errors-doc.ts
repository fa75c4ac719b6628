import { ERRORS, type ErrorSpec } from "./errors.ts";

const CHAPTERS = [
  "",
  "1xxx: input",
  "2xxx: schema and data",
  "3xxx: cluster",
  "4xxx: network",
  "5xxx: disk",
  "6xxx: node",
] as const;

/** The manual page of the error table, in Markdown. */
export function renderErrorDocs(): string {
  const chapters = CHAPTERS.slice(1).map((title, i) => {
    const rows = Object.entries(ERRORS)
      .filter(([, spec]) => Math.floor(spec.number / 1000) === i + 1)
      .map(([code, spec]) => row(code, spec));
    return `## ${title}\n\n| code | number | IoTDB | try again | outcome | meaning |\n|---|--:|--:|---|---|---|\n${rows.join("\n")}`;
  });
  return `# Errors

Every error has a stable code and number; programs go by the code. *IoTDB* is the status that clients of the IoTDB door see. *Try
again*: the same call may succeed later, or at another node. *Outcome* unknown: the call may or may not have taken effect.

${chapters.join("\n\n")}
`;
}

function row(code: string, spec: ErrorSpec): string {
  const again = spec.retryable ? "yes" : "no";
  return `| \`${code}\` | ${spec.number} | ${spec.iotdb} | ${again} | ${spec.outcomeKnown ? "known" : "unknown"} | ${spec.help} |`;
}
