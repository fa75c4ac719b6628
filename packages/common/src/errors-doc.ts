import { ERRORS, type ErrorSpec } from "./errors.ts";
import { markdownTable } from "./markdown-table.ts";

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
    const header = ["code", "number", "IoTDB", "try again", "outcome", "meaning"];
    return `## ${title}\n\n${markdownTable(header, rows, ["number", "IoTDB"])}`;
  });
  return `# Errors

Every error has a stable code and number; programs go by the code. _IoTDB_ is the status that clients of the IoTDB door see. _Try
again_: the same call may succeed later, or at another node. _Outcome_ unknown: the call may or may not have taken effect.

${chapters.join("\n\n")}
`;
}

function row(code: string, spec: ErrorSpec): string[] {
  const again = spec.retryable ? "yes" : "no";
  const outcome = spec.outcomeKnown ? "known" : "unknown";
  return [`\`${code}\``, String(spec.number), String(spec.iotdb), again, outcome, spec.help];
}
