import { RingtideError } from "@ringtide/common";
import type { Condition, SelectStatement } from "@ringtide/sql";

/** Which clauses go together: SQL_SEMANTIC for what cannot mean anything, UNSUPPORTED for what is not built. */
export function checkSelect(statement: SelectStatement): void {
  const aggregates = statement.items.filter((item) => item.kind === "aggregate").length;
  const isAggregate = aggregates > 0;
  refuse(isAggregate && aggregates < statement.items.length, "SELECT cannot mix functions and plain series");
  refuse(statement.groupBy !== undefined && !isAggregate, "GROUP BY time needs functions in the SELECT clause");
  refuse(statement.groupByLevel !== undefined && !isAggregate, "GROUP BY LEVEL needs functions in the SELECT clause");
  refuse(statement.groupByLevel !== undefined && statement.alignByDevice, "GROUP BY LEVEL cannot be aligned by device");
  refuse(
    isAggregate && statement.fill.length > 0 && statement.groupBy === undefined,
    "FILL of functions needs GROUP BY",
  );
  if (statement.last) checkLast(statement, isAggregate);
  if (statement.alignByDevice) checkByDevice(statement);
}

function refuse(problem: boolean, message: string): void {
  if (problem) throw new RingtideError("SQL_SEMANTIC", message);
}

function checkLast(statement: SelectStatement, isAggregate: boolean): void {
  const { groupBy, fill, alignByDevice } = statement;
  refuse(
    isAggregate || groupBy !== undefined || fill.length > 0 || alignByDevice,
    "SELECT LAST takes plain series, without GROUP BY, FILL and ALIGN BY DEVICE",
  );
}

function checkByDevice(statement: SelectStatement): void {
  if (statement.fill.length > 0) throw new RingtideError("UNSUPPORTED", "FILL with ALIGN BY DEVICE is not built yet");
  for (const { path } of statement.items) {
    refuse(!isMeasurement(path.text), `ALIGN BY DEVICE selects measurements or *, not the path '${path.text}'`);
  }
  for (const series of conditionSeries(statement.where)) {
    refuse(
      series.includes("*") || !isMeasurement(series),
      `ALIGN BY DEVICE filters on measurements, not on the path '${series}'`,
    );
  }
}

/** One node, dots only within quotes. */
function isMeasurement(text: string): boolean {
  return /^(?:[^."]+|"[^"]*")$/.test(text) && text !== "root";
}

function conditionSeries(condition: Condition | undefined): string[] {
  switch (condition?.kind) {
    case undefined:
    case "time":
    case "timeIn":
      return [];
    case "value":
    case "valueIn":
      return [condition.series.text];
    case "not":
      return conditionSeries(condition.operand);
    case "and":
    case "or":
      return condition.operands.flatMap(conditionSeries);
  }
}
