/** Where the blanks and comments (from two dashes to the end of the line, or C's) at `from` end. Stops at a comment that is not closed. */
export function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code >= 0x80 && isSpace(text, at))) {
      at++;
    } else if (text.startsWith("--", at)) {
      const end = text.indexOf("\n", at);
      at = end < 0 ? text.length : end;
    } else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at + 2);
      if (end < 0) return at;
      at = end + 2;
    } else {
      return at;
    }
  }
  return at;
}

/** Blanks beyond ASCII: no-break and ideographic spaces come with pasted text. */
function isSpace(text: string, at: number): boolean {
  return text.charAt(at).trim() === "";
}

/**
 * Where a string that begins at `from` with ' or " ends, behind its closing quote; -1 when it is not closed. A quote inside is
 * doubled or has a backslash before it.
 */
export function endOfQuoted(text: string, from: number): number {
  const quote = text.charCodeAt(from);
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x5c) {
      at++;
    } else if (code === quote) {
      if (text.charCodeAt(at + 1) !== quote) return at + 1;
      at++;
    }
  }
  return -1;
}
