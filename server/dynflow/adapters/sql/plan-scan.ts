/**
 * Looks for text where no column holds it, a slice of the table at a time, by id: there is no index to look it up in, and
 * one scan of all would be given up half-way. Rows are decoded here; the rule of `data` before columns is the codec's.
 */
import { type RawBuilder, sql } from "kysely";
import type { ScanEvidence, ScanHit, ScanQuery, ScanSlice } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { numberCell, type Row, textCell } from "./cells.ts";
import type { Database, SqlDifferences } from "./differences.ts";
import { allOf, conditions } from "./plan-filter.ts";
import { rootActionClass, toListRow } from "./plan-list.ts";
import { PLAN_HEAD_COLUMNS } from "./plan-rows.ts";
import { withRootClasses } from "./root-class.ts";
import { type Lookout, lookoutsFor } from "./scan-lookouts.ts";
import { decodePlace, encodePlace, FIRST_ID, type ScanPlace } from "./scan-place.ts";

/** No statement of a scan runs longer: whoever leaves is rid of it within a second. */
export const SCAN_STATEMENT_MS = 900;
const PLANS_MAX = 20_000;
/** Rows of one plan that a second condition is looked for in. */
const ROWS_OF_A_PLAN = 2_000;
const EVIDENCE_MAX = 3;

interface Scan {
  readonly db: Database;
  readonly query: ScanQuery;
  readonly differences: SqlDifferences;
  readonly filtered: readonly RawBuilder<unknown>[];
  ask(statement: RawBuilder<Row>): Promise<readonly Row[]>;
}

/** Plans in (from, upTo]; the one that a slice stopped within comes first. */
interface Range {
  readonly from: ScanPlace | null;
  readonly upTo: string | null;
}

interface Found {
  readonly evidence: Map<string, ScanEvidence[]>;
  rows: number;
  bytes: number;
  notLookedInto: number;
  /** Where reading stopped before the end of the range. */
  stoppedAt: ScanPlace | null;
}

/** @throws OpsError `cancelled` between statements once the signal says so */
export async function scanPlans(
  db: Database,
  differences: SqlDifferences,
  query: ScanQuery,
  signal?: AbortSignal,
): Promise<ScanSlice> {
  if (signal?.aborted === true) throw new OpsError("cancelled", "The search was cancelled");
  return differences.shortly(db, SCAN_STATEMENT_MS, (on) =>
    scanSlice({
      db: on,
      query,
      differences,
      filtered: conditions(query.filter, differences),
      async ask(statement) {
        if (signal?.aborted === true) throw new OpsError("cancelled", "The search was cancelled");
        return (await statement.execute(on)).rows;
      },
    }),
  );
}

async function scanSlice(scan: Scan): Promise<ScanSlice> {
  const { query, differences } = scan;
  const range = await rangeOf(scan);
  const [first, ...others] = lookoutsFor(query, differences);
  if (first === undefined) return headsOnly(scan, range);
  const found = await lookOut(scan, first, range);
  for (const lookout of others) await keepThoseWith(scan, lookout, found);
  const hits = await hitsOf(scan, found.evidence);
  const { rows, bytes, notLookedInto, stoppedAt } = found;
  const next = stoppedAt ?? (range.upTo === null ? null : { plan: range.upTo, child: null });
  const plans = await plansUpTo(scan, range.from, stoppedAt ?? range.upTo);
  return { hits, plans, rows, bytes, notLookedInto, next: next === null ? null : encodePlace(next) };
}

/** The end of the slice by the primary key; `null` = the end of the table. */
async function rangeOf({ query, ask }: Scan): Promise<Range> {
  if (!Number.isInteger(query.plans) || query.plans < 1 || query.plans > PLANS_MAX) {
    throw new OpsError("invalid-input", `A slice has 1 to ${PLANS_MAX} plans, not ${query.plans}`);
  }
  const from = query.from === null ? null : decodePlace(query.from);
  const [last] = await ask(sql<Row>`
    select uuid from dynflow_execution_plans
    where uuid > ${from?.plan ?? FIRST_ID} order by uuid limit 1 offset ${query.plans - 1}`);
  return { from, upTo: last === undefined ? null : textCell(last, "uuid") };
}

/** Plans that are done with; one that reading stopped within is not. */
async function plansUpTo({ ask }: Scan, from: ScanPlace | null, to: ScanPlace | string | null): Promise<number> {
  const begins = from === null ? sql`1 = 1` : sql`uuid ${sql.raw(from.child === null ? ">" : ">=")} ${from.plan}`;
  const within = typeof to === "object" && to !== null && to.child !== null;
  const plan = typeof to === "string" ? to : (to?.plan ?? null);
  const ends = plan === null ? sql`1 = 1` : sql`uuid ${sql.raw(within ? "<" : "<=")} ${plan}`;
  const [row] = await ask(sql<Row>`select count(*) as plans from dynflow_execution_plans where ${begins} and ${ends}`);
  return row === undefined ? 0 : (numberCell(row, "plans") ?? 0);
}

/** Without anything to look into: what the filter finds, slice by slice, where one statement for all takes too long. */
async function headsOnly(scan: Scan, range: Range): Promise<ScanSlice> {
  const rows = await scan.ask(heads(allOf([...scan.filtered, ...within(sql`uuid`, null, range)])));
  return {
    hits: rows.map((row): ScanHit => ({ ...toListRow(row), evidence: [] })),
    plans: await plansUpTo(scan, range.from, range.upTo),
    rows: 0,
    bytes: 0,
    notLookedInto: 0,
    next: range.upTo === null ? null : encodePlace({ plan: range.upTo, child: null }),
  };
}

const heads = (where: RawBuilder<unknown>): RawBuilder<Row> => sql<Row>`
  select p.*, ${rootActionClass(sql`p`)}
  from (select ${PLAN_HEAD_COLUMNS} from dynflow_execution_plans where ${where}) p
  order by p.uuid limit ${PLANS_MAX}`;

/** `>=` for the part that an index serves. */
function within(plan: RawBuilder<unknown>, child: RawBuilder<unknown> | null, { from, upTo }: Range) {
  const begins =
    from === null
      ? []
      : from.child === null || child === null
        ? [sql`${plan} > ${from.plan}`]
        : [sql`${plan} >= ${from.plan}`, sql`(${plan} > ${from.plan} or ${child} > ${from.child})`];
  return [...begins, ...(upTo === null ? [] : [sql`${plan} <= ${upTo}`])];
}

function statementOf(scan: Scan, lookout: Lookout, range: Range, limit: number): RawBuilder<Row> {
  const { plan, child, wanted, columns, source } = lookout;
  const inRange = within(plan, child, range);
  const filtered =
    scan.filtered.length === 0
      ? []
      : [
          sql`${plan} in (select uuid from dynflow_execution_plans
            where ${allOf([...within(sql`uuid`, null, inclusive(range)), ...scan.filtered])})`,
        ];
  return sql<Row>`
    select ${plan} as of_plan, ${child ?? sql`0`} as of_child, ${columns} ${source}
    where ${allOf([...inRange, wanted, ...filtered])}
    order by ${plan}${child === null ? sql`` : sql`, ${child}`} limit ${limit}`;
}

/** The same range with the plan that a slice stopped within. */
const inclusive = (range: Range): Range =>
  range.from === null || range.from.child === null ? range : { ...range, from: null };

async function lookOut(scan: Scan, lookout: Lookout, range: Range): Promise<Found> {
  const rowsAtOnce = Math.min(lookout.rowsAtOnce, scan.query.rows);
  const rows = await scan.ask(statementOf(scan, lookout, range, rowsAtOnce));
  const found: Found = { evidence: new Map(), rows: 0, bytes: 0, notLookedInto: 0, stoppedAt: null };
  for (const row of rows) note(found, lookout, row);
  const last = rows.at(-1);
  if (last !== undefined && rows.length === rowsAtOnce) {
    const child = lookout.child === null ? null : (numberCell(last, "of_child") ?? 0);
    found.stoppedAt = { plan: textCell(last, "of_plan") ?? "", child };
  }
  return found;
}

function note(found: Found, lookout: Lookout, row: Row): void {
  const look = lookout.look(row);
  found.rows += 1;
  found.bytes += look.bytes;
  if (!look.readable) found.notLookedInto += 1;
  if (look.evidence === null) return;
  const plan = textCell(row, "of_plan") ?? "";
  const known = found.evidence.get(plan) ?? [];
  if (known.length < EVIDENCE_MAX) known.push(look.evidence);
  found.evidence.set(plan, known);
}

/** Each plan that was found is looked into for the other thing, too. */
async function keepThoseWith(scan: Scan, lookout: Lookout, found: Found): Promise<void> {
  for (const plan of [...found.evidence.keys()]) {
    const range: Range = { from: { plan, child: -1 }, upTo: plan };
    const rows = await scan.ask(
      lookout.child === null
        ? sql<Row>`select ${lookout.plan} as of_plan, 0 as of_child, ${lookout.columns} ${lookout.source}
            where ${lookout.plan} = ${plan}`
        : statementOf({ ...scan, filtered: [] }, lookout, range, ROWS_OF_A_PLAN),
    );
    const also: Found = { evidence: new Map(), rows: 0, bytes: 0, notLookedInto: 0, stoppedAt: null };
    for (const row of rows) note(also, lookout, row);
    found.rows += also.rows;
    found.bytes += also.bytes;
    found.notLookedInto += also.notLookedInto;
    const more = also.evidence.get(plan);
    if (more === undefined) found.evidence.delete(plan);
    else found.evidence.get(plan)?.push(...more);
  }
}

async function hitsOf(scan: Scan, evidence: ReadonlyMap<string, readonly ScanEvidence[]>): Promise<readonly ScanHit[]> {
  if (evidence.size === 0) return [];
  const rows = await scan.ask(heads(sql`uuid in (${sql.join([...evidence.keys()])})`));
  const named = await withRootClasses(scan.db, scan.differences, rows.map(toListRow));
  return named.map((head) => ({ ...head, evidence: evidence.get(head.id) ?? [] }));
}
