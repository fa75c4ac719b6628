import type {
  Condition,
  Duration,
  FillItem,
  GroupByTime,
  PathText,
  Place,
  SelectItem,
  SelectStatement,
} from "./ast.ts";
import { isTimeOnly, seriesIn, singleTime } from "./condition.ts";
import { Fault, quote } from "./fault.ts";
import { isSingleNode } from "./paths.ts";
import { ticksOf } from "./time-expression.ts";

export interface CountClause<Kind> {
  readonly kind: Kind;
  readonly count: number;
}

export type ClauseBody =
  | { readonly kind: "groupByTime"; readonly groupBy: GroupByTime; readonly level: number | undefined }
  | { readonly kind: "groupByLevel"; readonly level: number }
  | { readonly kind: "fill"; readonly items: readonly { readonly item: FillItem; readonly place: Place }[] }
  | { readonly kind: "orderBy"; readonly descending: boolean }
  | CountClause<"limit">
  | CountClause<"offset">
  | { readonly kind: "alignByDevice" };

/** What may follow WHERE, with its place. */
export type Clause = ClauseBody & { readonly place: Place };

const CLAUSE_NAMES: Readonly<Record<Clause["kind"], string>> = {
  groupByTime: "GROUP BY (…)",
  groupByLevel: "GROUP BY LEVEL",
  fill: "FILL",
  orderBy: "ORDER BY",
  limit: "LIMIT",
  offset: "OFFSET",
  alignByDevice: "ALIGN BY DEVICE",
};

interface SelectParts {
  readonly last: boolean;
  readonly items: readonly SelectItem[];
  readonly from: readonly PathText[];
  readonly where: Condition | undefined;
  readonly clauses: readonly Clause[];
}

/** The statement, once its clauses are found to fit together. */
export function buildSelect(parts: SelectParts): SelectStatement {
  const { last, items, from, where, clauses } = parts;
  const clause = (kind: Clause["kind"]) => clauses.find((each) => each.kind === kind);
  checkOnce(clauses);
  checkItems(items);
  if (last) checkLast(parts);
  let groupBy: GroupByTime | undefined;
  let groupByLevel: number | undefined;
  let fill: readonly FillItem[] = [];
  let descending = false;
  let limit: number | undefined;
  let offset = 0;
  for (const each of clauses) {
    if (each.kind === "groupByTime") {
      groupBy = each.groupBy;
      groupByLevel = each.level ?? groupByLevel;
      checkWindow(groupBy, each.place);
    } else if (each.kind === "groupByLevel") groupByLevel = each.level;
    else if (each.kind === "fill") fill = checkedFill(each.items);
    else if (each.kind === "orderBy") descending = each.descending;
    else if (each.kind === "limit") limit = each.count;
    else if (each.kind === "offset") offset = each.count;
  }
  checkGrouping(parts);
  checkFillContext(parts, clause("fill")?.place);
  const alignByDevice = clause("alignByDevice") !== undefined;
  if (alignByDevice) checkAlignByDevice(parts);
  return {
    kind: "select",
    last,
    items,
    from,
    where,
    groupBy,
    groupByLevel,
    fill,
    alignByDevice,
    descending,
    limit,
    offset,
  };
}

function refuse(place: Place, message: string): never {
  throw new Fault("SQL_SEMANTIC", place, message);
}

function checkOnce(clauses: readonly Clause[]): void {
  const seen = new Set<string>();
  for (const { kind, place } of clauses) {
    if (seen.has(kind)) throw new Fault("SQL_SYNTAX", place, `${CLAUSE_NAMES[kind]} stands twice in the statement`);
    seen.add(kind);
  }
}

function checkItems(items: readonly SelectItem[]): void {
  const isAggregate = items[0]?.kind === "aggregate";
  const other = items.find((item) => (item.kind === "aggregate") !== isAggregate);
  if (other !== undefined) {
    refuse(other.path.place, "plain series and aggregates cannot be selected together: their rows are different");
  }
  const aliases = new Set<string>();
  for (const { alias, path } of items) {
    if (alias === undefined) continue;
    if (path.text.includes("*")) refuse(path.place, "an alias names one series, and a wildcard may stand for many");
    if (aliases.has(alias)) refuse(path.place, `alias ${quote(alias)} is given twice`);
    aliases.add(alias);
  }
}

function checkLast({ items, where, clauses }: SelectParts): void {
  const aggregate = items.find((item) => item.kind === "aggregate");
  if (aggregate !== undefined) refuse(aggregate.path.place, "SELECT LAST takes series, not aggregates");
  const [clause] = clauses;
  if (clause !== undefined) refuse(clause.place, `SELECT LAST cannot have ${CLAUSE_NAMES[clause.kind]}`);
  const series = where === undefined || isTimeOnly(where) ? undefined : seriesIn(where)[0];
  if (series !== undefined) refuse(series.place, "the WHERE of SELECT LAST can only be about time");
}

function checkGrouping({ items, clauses }: SelectParts): void {
  const [first] = items;
  for (const { kind, place } of clauses) {
    if (kind !== "groupByTime" && kind !== "groupByLevel") continue;
    if (first?.kind !== "aggregate") refuse(place, `${CLAUSE_NAMES[kind]} needs aggregates such as avg(s1) in SELECT`);
    const level = kind === "groupByTime" && clauses.find((clause) => clause.kind === "groupByLevel");
    if (level !== false && level !== undefined) {
      refuse(level.place, "the level of a GROUP BY over time stands behind it: GROUP BY ([…), 1d), LEVEL = 1");
    }
  }
}

function checkWindow({ start, end, interval, step }: GroupByTime, place: Place): void {
  if (isZero(interval)) refuse(place, "the interval of GROUP BY is zero");
  if (isZero(step)) refuse(place, "the step of GROUP BY is zero");
  const isComparable = start.kind === end.kind;
  if (isComparable && ticksOf(end) <= ticksOf(start))
    refuse(place, "the range of GROUP BY ends before it begins, or is empty");
}

function isZero(duration: Duration): boolean {
  return duration.months === 0 && duration.ticks === 0n;
}

function checkedFill(items: readonly { readonly item: FillItem; readonly place: Place }[]): FillItem[] {
  const types = new Set<string>();
  for (const { item, place } of items) {
    if (types.has(item.type)) refuse(place, `FILL has two methods for ${item.type}`);
    types.add(item.type);
    if (item.method === "linear" && (item.type === "BOOLEAN" || item.type === "TEXT")) {
      refuse(place, `linear FILL has no meaning for ${item.type}: it needs numbers`);
    }
  }
  return items.map(({ item }) => item);
}

/** FILL answers what a series had at one time, or fills the empty windows of GROUP BY. */
function checkFillContext({ items, where, clauses }: SelectParts, place: Place | undefined): void {
  if (place === undefined || clauses.some(({ kind }) => kind === "groupByTime")) return;
  if (items[0]?.kind === "aggregate") refuse(place, "FILL of aggregates needs GROUP BY over time");
  if (singleTime(where) === undefined) refuse(place, "FILL needs WHERE time = T: it gives the values at one time");
}

function checkAlignByDevice({ items, where, clauses }: SelectParts): void {
  const level = clauses.find(
    (clause) => clause.kind === "groupByLevel" || (clause.kind === "groupByTime" && clause.level !== undefined),
  );
  if (level !== undefined) refuse(level.place, "GROUP BY LEVEL joins devices, so it cannot be aligned by device");
  const paths = [...items.map((item) => item.path), ...(where === undefined ? [] : seriesIn(where))];
  const deep = paths.find((path) => path.text.startsWith("root.") || !isSingleNode(path.text));
  if (deep !== undefined) {
    refuse(
      deep.place,
      `ALIGN BY DEVICE takes measurements, single names or *, not ${quote(deep.text)}: put devices in FROM`,
    );
  }
}
