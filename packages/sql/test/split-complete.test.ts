import { describe, expect, it } from "vitest";
import { complete, KEYWORDS, splitStatements } from "../src/index.ts";

describe("splitStatements", () => {
  it.each<[string, string[], string]>([
    ["", [], ""],
    [" ;; ;", [], ""],
    ["a; b ;c", ["a", "b"], "c"],
    ["a;\n", ["a"], ""],
    ["a 'x;y' ; b \"x;''y\";", ["a 'x;y'", "b \"x;''y\""], ""],
    ["a 'it''s;' ;b '\\';' ;", ["a 'it''s;'", "b '\\';'"], ""],
    ["a -- x;y'\n;b /* ; ' */;", ["a -- x;y'", "b /* ; ' */"], ""],
    ["-- only a comment;\n", [], ""],
    ["-- note\na;", ["a"], ""],
    ["a; b 'x; y", ["a"], "b 'x; y"],
    ["a; /* b; c", ["a"], "/* b; c"],
    ["a;b /* c;", ["a"], "b /* c;"],
    ["root.a-b/c;d", ["root.a-b/c"], "d"],
  ])("%j", (text, statements, rest) => {
    expect(splitStatements(text)).toEqual({ statements, rest });
  });
});

describe("complete", () => {
  const words = (text: string) => complete(text).keywords;

  it("offers the statements", () => {
    expect(complete("")).toEqual({
      keywords: ["COUNT", "CREATE", "DELETE", "DROP", "FLUSH", "INSERT", "SELECT", "SET", "SHOW"],
      path: false,
    });
    expect(words("SHOW DEVICES; s")).toEqual(["SELECT", "SET", "SHOW"]);
  });

  it("goes on with an unfinished word", () => {
    expect(words("sel")).toEqual(["SELECT"]);
    expect(words("SELECT s1 FR")).toEqual(["FROM"]);
    expect(words("SELECT ma")).toEqual(["max_time(", "max_value("]);
    expect(words("SELECT s1 FROM root.sg WHERE s1 > 5 o")).toEqual(["OFFSET", "OR", "ORDER"]);
  });

  it("says when a path is expected", () => {
    expect(complete("SELECT s1 FROM ")).toEqual({ keywords: [], path: true });
    expect(complete("SELECT s1 FROM root.sg.")).toEqual({ keywords: [], path: true });
    expect(complete("SELECT ")).toMatchObject({ path: true });
    expect(complete("SELECT s1 FROM root.sg WHERE ")).toMatchObject({ path: true });
    expect(complete("DELETE FROM root.a, ")).toMatchObject({ path: true });
    expect(complete("SELECT s1 FROM root.sg LIMIT ")).toEqual({ keywords: [], path: false });
  });

  it("offers nothing that is not supported, nor inside of strings and comments", () => {
    expect(words("SELECT s1 FROM root.sg ")).toEqual(["ALIGN", "FILL", "GROUP", "LIMIT", "OFFSET", "ORDER", "WHERE"]);
    expect(complete("SELECT 'abc")).toEqual({ keywords: [], path: false });
    expect(complete("SELECT /* ")).toEqual({ keywords: [], path: false });
    expect(complete("SELECT s1 FORM ")).toEqual({ keywords: [], path: false });
  });
});

it("lists the keywords in upper case, each once", () => {
  expect(new Set(KEYWORDS).size).toBe(KEYWORDS.length);
  expect(KEYWORDS).toContain("SELECT");
  for (const word of KEYWORDS) expect(word).toMatch(/^[A-Z0-9]+$/);
});
