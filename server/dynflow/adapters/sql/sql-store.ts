import { sql } from "kysely";
import type { DynflowCapabilities, DynflowStore } from "#server/dynflow/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { readAction } from "./action-read.ts";
import { numberCell, type Row } from "./cells.ts";
import { readDependencies } from "./dependency-read.ts";
import type { Database, SqlDifferences, Together } from "./differences.ts";
import { readEnvelopes } from "./envelope-read.ts";
import { substitutesFor } from "./older-schemas.ts";
import { readCallers, readFailures } from "./plan-beside.ts";
import { createFollowedRead, readHeads } from "./plan-follow.ts";
import { readReferences, readSubPlanCallers } from "./plan-links.ts";
import { readPlanCounts, readPlanPage } from "./plan-list.ts";
import type { PlanIndexes } from "./plan-page-boundary.ts";
import { readPlanSteps } from "./plan-phase-read.ts";
import { createPlanRead } from "./plan-read.ts";
import { scanPlans } from "./plan-scan.ts";
import { readRaw } from "./raw-read.ts";
import { readRecordKeys, readRecords } from "./record-read.ts";
import { NEWEST_SCHEMA, readSchemaVersion } from "./schema-check.ts";
import { SchemaView } from "./schema-view.ts";
import type { StatementMeter } from "./statement-meter.ts";
import { readStepsPart } from "./steps-read.ts";
import { readActionSteps, readChildCounts, readChildEdges, readChildren, readChildTotals } from "./sub-plan-read.ts";

const LAP_ROWS_MAX = 10_000;

/** What a dialect brings to the shared store. */
export interface SqlSource {
  readonly db: Database;
  /** For what a follower asks again and again; `db` when left out. */
  readonly followDb?: Database;
  readonly differences: SqlDifferences;
  readonly together: Together;
  /** Of every statement through `db` and `together`. */
  readonly meter?: StatementMeter;
  readonly hints: DynflowStore["hints"];
  /** Turns whatever the driver threw into an `OpsError`. */
  toOpsError(cause: unknown): OpsError;
  close(): Promise<void>;
}

/** The store over any SQL dialect. The schema number is checked before the first answer, and at each `capabilities`. */
export function createSqlStore(source: SqlSource): DynflowStore {
  const { differences, meter } = source;
  const view = new SchemaView();
  /** Statements made through this are written for schema 25, whichever it is. */
  const db = source.db.withPlugin(view);
  const followDb = (source.followDb ?? source.db).withPlugin(view);
  let readPlan = createPlanRead({ ...source, db });
  const readFollowed = createFollowedRead(followDb, differences);
  let indexes: PlanIndexes = [];
  let checked = false;

  const checkSchema = async (): Promise<number> => {
    checked = false;
    const version = await readSchemaVersion(source.db);
    view.use(
      version === NEWEST_SCHEMA
        ? new Map()
        : substitutesFor(source.db, differences, version, await differences.columns(source.db)),
    );
    indexes = await differences.planIndexes(source.db);
    readPlan = createPlanRead({ ...source, db });
    checked = true;
    return version;
  };
  const asked = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      if (!checked) await checkSchema();
      return await read();
    } catch (cause) {
      throw cause instanceof OpsError ? cause : source.toOpsError(cause);
    }
  };

  return {
    capabilities: () => {
      checked = false;
      return asked(async (): Promise<DynflowCapabilities> => {
        const schemaVersion = await checkSchema();
        return { dialect: differences.name, schemaVersion, indexes, ...(await differences.features(db)) };
      });
    },
    recordKeys: () => asked(() => readRecordKeys(followDb, differences)),
    records: (keys) => asked(() => readRecords(followDb, differences, keys)),
    follow: (ids) => asked(() => readFollowed(ids)),
    heads: (ids) => asked(() => readHeads(followDb, ids)),
    insertCount: () => asked(() => differences.insertCount(followDb)),
    lap: (from, rows) =>
      asked(() => differences.lap(followDb, from, Math.min(Math.max(1, Math.trunc(rows)), LAP_ROWS_MAX))),
    plans: (query) => asked(() => readPlanPage(db, differences, query, indexes)),
    counts: (filter) => asked(() => readPlanCounts(db, differences, filter)),
    scan: (query, signal) => asked(() => scanPlans(db, differences, query, signal)),
    callers: (ids) => asked(() => readCallers(db, differences, ids)),
    failures: (ids) => asked(() => readFailures(db, differences, ids)),
    plan: (id) => asked(() => readPlan.whole(id)),
    outline: (id) => asked(() => readPlan.outline(id)),
    planRow: (id) => asked(() => readPlan.row(id)),
    stepsPart: (part) => asked(() => readStepsPart(db, differences, part)),
    action: (planId, actionId, chunksAfter = 0) =>
      asked(() => readAction(db, differences, planId, actionId, chunksAfter)),
    raw: (ref) => asked(() => readRaw(source.db, differences, ref)),
    references: (planId) => asked(() => readReferences(db, differences, planId)),
    subPlanCallers: (planIds) => asked(() => readSubPlanCallers(db, planIds)),
    links: {
      children: (query) => asked(() => readChildren(db, differences, query)),
      childCounts: (planId) => asked(() => readChildCounts(db, differences, planId)),
      childTotals: (planIds) => asked(() => readChildTotals(db, differences, planIds)),
      childEdges: (planIds, after, limit, named = false) =>
        asked(() => readChildEdges(db, differences, { planIds, after, limit, named })),
      actionSteps: (actions) => asked(() => readActionSteps(db, differences, actions)),
      planSteps: (planId, after, limit) => asked(() => readPlanSteps(db, differences, planId, after, limit)),
      dependencies: (planIds, direction) => asked(() => readDependencies(db, planIds, direction)),
    },
    serverTime: () => asked(() => readServerTime(followDb, differences)),
    ...(meter === undefined ? {} : { spentMs: () => meter.spentMs() }),
    envelopes: (receiverId, limit) => asked(() => readEnvelopes(db, differences, receiverId, limit)),
    hints: (worldIds, onHint, onLost) => asked(() => source.hints(worldIds, onHint, onLost)),
    close: () => source.close(),
  };
}

async function readServerTime(db: Database, { serverTime }: SqlDifferences): Promise<number | null> {
  if (serverTime === undefined) return null;
  const { rows } = await sql<Row>`select ${serverTime} as now`.execute(db);
  return rows[0] === undefined ? null : numberCell(rows[0], "now");
}
