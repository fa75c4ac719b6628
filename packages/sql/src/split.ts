import { endOfQuoted, skipBlank } from "./blank.ts";

/**
 * Cuts text at the semicolons outside of strings, quoted nodes and comments. `statements` have no semicolon and are never
 * blank; `rest` is what follows the last semicolon, "" when only blanks and closed comments do.
 */
export function splitStatements(text: string): { readonly statements: string[]; readonly rest: string } {
  const statements: string[] = [];
  let start = skipBlank(text, 0);
  let at = start;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === ";") {
      if (at > start) statements.push(text.slice(start, at).trimEnd());
      start = skipBlank(text, at + 1);
      at = start;
    } else if (char === "'" || char === '"') {
      at = endOfQuoted(text, at);
      if (at < 0) break;
    } else {
      const end = char === "-" || char === "/" ? skipBlank(text, at) : at;
      if (end === at && text.startsWith("/*", at)) break;
      at = Math.max(end, at + 1);
    }
  }
  return { statements, rest: text.slice(start) };
}
