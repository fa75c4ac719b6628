import type { Mutation } from "./mutation.ts";
import type { Outcome } from "./run-simulator.ts";

export interface Row {
  readonly mutation: Mutation;
  readonly outcome: Outcome;
}

const BEGIN = "<!-- begin of the mutation table: npm run mutations:table writes it -->";
const END = "<!-- end of the mutation table -->";

/** The table as Markdown, and a sentence that sums it up. */
export function renderTable(rows: readonly Row[], failingUnmutated: readonly number[]): string {
  const caught = rows.filter(({ outcome }) => outcome.kind === "caught").length;
  const lines = rows.map(
    ({ mutation, outcome }) =>
      `| \`${mutation.name}\` | ${cell(mutation.what)} | \`${mutation.file.replace(/^packages\//, "")}\` | ${cells(outcome)} |`,
  );
  return [
    `${caught} of ${rows.length} planted bugs were caught. ${sentenceOn(failingUnmutated)}`,
    "",
    "| mutation | the bug | file | caught by seed | by invariant | seeds it took |",
    "|---|---|---|--:|---|--:|",
    ...lines,
  ].join("\n");
}

function sentenceOn(failing: readonly number[]): string {
  if (failing.length === 0) return "Without them, all the seeds that caught one pass.";
  return `**Seeds ${failing.join(", ")} fail without them too**: what these caught counts for nothing.`;
}

function cells(outcome: Outcome): string {
  switch (outcome.kind) {
    case "caught":
      return `${outcome.seed} | ${cell(outcome.invariant)} | ${outcome.seeds}`;
    case "not caught":
      return `**none** | | ${outcome.seeds}`;
    case "broken":
      return `**no result** | ${cell(outcome.reason)} | `;
  }
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

/** The page with `table` between its markers. Throws when these are not there, once each and in order. */
export function placeTable(page: string, table: string): string {
  const before = page.split(BEGIN);
  const after = before[1]?.split(END) ?? [];
  if (before.length !== 2 || after.length !== 2)
    throw new Error(`the page needs the lines '${BEGIN}' and '${END}' once each`);
  return `${before[0]}${BEGIN}\n\n${table}\n\n${END}${after[1]}`;
}
