/** The conditions of a filter over the plan table, in SQL that every dialect takes. */
import { type RawBuilder, sql } from "kysely";
import { toSqlInstant } from "#server/dynflow/codec/utc-text.ts";
import type { UtcMicros } from "#server/dynflow/domain/model.ts";
import type { PlanFilter, TextMatch } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { SqlDifferences } from "./differences.ts";
import { isUuid, knownIds } from "./ids.ts";

const FILTER_VALUES_MAX = 500;
const AMONG_MAX = 5_000;
/** The plan of the row that a condition is asked of, from within a statement on another table. */
const PLAN = sql`dynflow_execution_plans.uuid`;
const NOTHING = sql`1 = 0`;

type Condition = RawBuilder<unknown>;

export const allOf = (parts: readonly Condition[]): Condition =>
  parts.length === 0 ? sql`1 = 1` : sql`${sql.join(parts, sql` and `)}`;

const anyOf = (parts: readonly Condition[]): Condition => sql`(${sql.join(parts, sql` or `)})`;

/** For a statement that reads `dynflow_execution_plans` under its own name. */
export function conditions(filter: PlanFilter, differences: SqlDifferences): readonly Condition[] {
  return [...ofColumns(filter, differences), ...ofTimes(filter, differences), ...ofOtherTables(filter, differences)];
}

function ofColumns(filter: PlanFilter, differences: SqlDifferences): readonly Condition[] {
  const { ids, states, results, label, idStart = null, anyText = null, among = null } = filter;
  return [
    ...(ids.length > 0 ? [oneOf(sql`uuid`, knownIds(ids, FILTER_VALUES_MAX))] : []),
    ...(among === null ? [] : [oneOf(sql`uuid`, knownIds(among, AMONG_MAX))]),
    ...(states.length > 0 ? [oneOf(differences.exactly("state"), bounded(states))] : []),
    ...(results.length > 0 ? [oneOf(differences.exactly("result"), bounded(results))] : []),
    ...(label === null ? [] : [textMatches(label, differences.bytewise("label"), differences)]),
    ...(idStart === null ? [] : [idBegins(idStart)]),
    ...(anyText === null ? [] : [anywhere(anyText, differences)]),
  ];
}

function ofTimes(filter: PlanFilter, differences: SqlDifferences): readonly Condition[] {
  const { startedFrom, startedTo, endedFrom = null, endedTo = null, lasting = null } = filter;
  const started = differences.instant("started_at");
  const ended = differences.instant("ended_at");
  return [
    ...(startedFrom === null ? [] : [sql`${started} >= ${bound(startedFrom)}`]),
    ...(startedTo === null ? [] : [sql`${started} < ${bound(startedTo)}`]),
    ...(endedFrom === null ? [] : [sql`${ended} >= ${bound(endedFrom)}`]),
    ...(endedTo === null ? [] : [sql`${ended} < ${bound(endedTo)}`]),
    ...(lasting === null
      ? []
      : [
          sql`((ended_at is not null and real_time >= ${lasting.seconds})
            or (ended_at is null and ${started} <= ${bound(lasting.startedBefore)}))`,
        ]),
  ];
}

/**
 * The caller column of actions stayed text when plan ids became `uuid`, and rows of the JSON era name their own plan in
 * it, which is not meant.
 */
function ofOtherTables(filter: PlanFilter, differences: SqlDifferences): readonly Condition[] {
  const { rootClass = null, callerPlanId = null, topLevel = false, delayed = null } = filter;
  const caller = callerPlanId !== null && isUuid(callerPlanId) ? callerPlanId : null;
  return [
    ...(rootClass === null ? [] : [rootClassMatches(rootClass, differences)]),
    ...(callerPlanId === null
      ? []
      : caller === null
        ? [NOTHING]
        : [
            sql`uuid <> ${caller}`,
            sql`uuid in (
              select c.execution_plan_uuid from dynflow_actions c
              where c.caller_execution_plan_id = ${differences.asCaller(sql`${caller}`)})`,
          ]),
    ...(topLevel
      ? [
          sql`not exists (
            select 1 from dynflow_actions c
            where c.execution_plan_uuid = ${PLAN} and c.caller_execution_plan_id is not null
              and c.caller_execution_plan_id <> ${differences.asCaller(PLAN)})`,
        ]
      : []),
    ...(delayed === null
      ? []
      : [
          sql`${delayed ? sql`exists` : sql`not exists`} (
            select 1 from dynflow_delayed_plans d where d.execution_plan_uuid = ${PLAN})`,
        ]),
  ];
}

/** Of the root plan step, by primary key; a plan whose record does not tell its root step has none here. */
export const rootClassMatches = (match: TextMatch, differences: SqlDifferences): Condition => sql`exists (
  select 1 from dynflow_steps r
  where r.execution_plan_uuid = ${PLAN} and r.id = dynflow_execution_plans.root_plan_step_id
    and ${textMatches(match, differences.bytewise("r.action_class"), differences)})`;

/** Label and id; the class of the root action only where there is no label, which is that class unless an action named it. */
function anywhere(text: string, differences: SqlDifferences): Condition {
  const contains = { kind: "contains", text } as const;
  const pattern = idPattern(text);
  return anyOf([
    textMatches(contains, sql`label`, differences),
    sql`(label is null and ${rootClassMatches(contains, differences)})`,
    ...(pattern === null ? [] : [sql`cast(uuid as char(36)) like ${pattern}`]),
  ]);
}

/** A part of an id, or its beginning and its end as ids are shown shortened. */
function idPattern(text: string): string | null {
  const lower = text.toLowerCase();
  if (/^[0-9a-f-]{2,36}$/.test(lower)) return `%${lower}%`;
  const short = /^([0-9a-f-]{2,36})(?:…|\.{2,3})([0-9a-f-]{2,36})$/.exec(lower);
  return short === null ? null : `${short[1]}%${short[2]}`;
}

/** As a range of ids, so that the primary key serves it. */
function idBegins(start: string): Condition {
  const digits = start.toLowerCase().replaceAll("-", "");
  if (!/^[0-9a-f]{1,32}$/.test(digits)) return NOTHING;
  return sql`(uuid >= ${asId(digits.padEnd(32, "0"))} and uuid <= ${asId(digits.padEnd(32, "f"))})`;
}

const asId = (digits: string): string =>
  [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join("-");

/** @param column for exact comparison: by its bytes */
export function textMatches({ kind, text }: TextMatch, column: Condition, differences: SqlDifferences): Condition {
  switch (kind) {
    case "exact":
      return sql`${column} = ${text}`;
    case "prefix":
      return sql`substr(${column}, 1, ${sql.lit([...text].length)}) = ${text}`;
    case "contains":
      return sql`${differences.folded(column)} like ${differences.folded(sql`${containing(text)}`)} escape '!'`;
  }
}

const containing = (text: string): string => `%${text.replaceAll(/[!%_]/g, (sign) => `!${sign}`)}%`;

const oneOf = (column: Condition, values: readonly string[]): Condition =>
  values.length === 0 ? NOTHING : sql`${column} in (${sql.join(values)})`;

function bounded(values: readonly string[]): readonly string[] {
  if (values.length > FILTER_VALUES_MAX) {
    throw new OpsError("limit-exceeded", `At most ${FILTER_VALUES_MAX} values in a filter, not ${values.length}`);
  }
  return values;
}

function bound(instant: UtcMicros): string {
  const text = toSqlInstant(instant);
  if (text === null) throw new OpsError("invalid-input", "A bound of the time range is no instant");
  return text;
}
