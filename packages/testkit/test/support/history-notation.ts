import type { Operation } from "@ringtide/testkit";

/**
 * A history as text, one client a line, to scale: `w1` writes 1, `r1` reads 1, `r-` reads nothing, `d` deletes. An operation goes from `[` to
 * `]`; `?` in place of `]` is an unknown outcome, `!` one without effect. For example `[w1  ]   [r1]`.
 */
export function historyOf(...lines: readonly string[]): Operation[] {
  return lines.flatMap((line, client) =>
    Array.from(
      line.matchAll(/\[\s*([wrd])(-|\d*)\s*([\]?!])/g),
      ({ index, 0: text, 1: kind, 2: value, 3: end }): Operation => {
        const op = kind === "w" ? "write" : kind === "r" ? "read" : "delete";
        const found = value === "" || value === "-" ? null : Number(value);
        const returned = end === "?" ? null : index + text.length - 1;
        const failed = end === "!" ? ({ ok: false } as const) : {};
        return { client, op, key: "root.h.d1.v@1000", value: found, call: index, return: returned, ...failed };
      },
    ),
  );
}
