import type { Operation } from "@ringtide/testkit";

/** Linearizability by its definition: tries every order, and every choice of the unknown outcomes that take effect. For short histories of one key. */
export function isLinearizable(history: readonly Operation[]): boolean {
  const operations = history.filter((each) => each.ok !== false && !(each.op === "read" && each.return === null));
  return extend(operations, null);
}

function extend(left: readonly Operation[], value: number | null): boolean {
  if (left.every((each) => each.return === null)) return true;
  return left.some((next) => {
    if (left.some((other) => other !== next && other.return !== null && other.return < next.call)) return false;
    if (next.op === "read" && next.value !== value) return false;
    return extend(
      left.filter((each) => each !== next),
      next.value,
    );
  });
}
