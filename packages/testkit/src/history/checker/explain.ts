import { describeOperation, type Operation } from "../operation.ts";
import type { BadPrefix } from "./prefix.ts";
import { renderTimeline } from "./timeline.ts";

const SHOWN = 14;

/** What is wrong with a violating prefix, for people: a sentence, and the operations around it as a timeline. */
export function explain({ operations, decision, last }: BadPrefix): string {
  const { contradiction } = decision;
  const witnesses = new Set(contradiction?.witnesses ?? (last === undefined ? [] : [last]));
  const reason = contradiction?.reason ?? withoutSentence(last);
  return `${reason}\n${renderTimeline(around(operations, witnesses), witnesses)}`;
}

function withoutSentence(last: Operation | undefined): string {
  if (last === undefined) return "no order of the operations explains what they returned";
  return `up to the answer of client ${last.client} (${describeOperation(last)}) some order of the operations explains all answers; with it none does`;
}

/** The witnesses, and of the others that say anything those that lie nearest before or beside the last of them. */
function around(operations: readonly Operation[], witnesses: ReadonlySet<Operation>): Operation[] {
  const endNs = Math.max(...Array.from(witnesses, ({ call, return: returned }) => returned ?? call));
  const distance = ({ return: returned }: Operation): number => Math.max(0, endNs - (returned ?? endNs));
  const says = (each: Operation): boolean => each.op !== "read" || each.return !== null;
  const others = operations.filter((each) => !witnesses.has(each) && says(each) && each.call <= endNs);
  others.sort((a, b) => distance(a) - distance(b) || b.call - a.call);
  return [...witnesses, ...others.slice(0, Math.max(0, SHOWN - witnesses.size))];
}
