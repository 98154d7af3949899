/** The list as a file: every plan that the filter finds, a page at a time and only as fast as it is taken. */
import { isMasked } from "#server/contract/event.ts";
import { EXPORT_PLANS_MAX, type PlansExportInput } from "#server/contract/wire/dynflow-export.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { csvLine } from "#server/kernel/csv.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { type Looker, type PlanRow, toPlanRows } from "./plan-row-view.ts";
import type { PlanFilter, PlanPage, PlanQuery } from "./ports.ts";
import { boundedRead } from "./too-slow.ts";

const PAGE_PLANS = 500;
/** More than this come in order of id, which an index serves: each page of another order scans the whole table. */
const ORDERED_MAX = 10_000;
/** Between pages the database rests as long as the last one took, at most so long. */
const REST_MAX_MS = 500;

interface ExportDeps extends Looker {
  readonly clock: Clock;
  readonly filter: PlanFilter;
  /** Plans that the filter finds; `null` = not known. */
  readonly matching: number | null;
}

const COLUMNS = [
  "source",
  "id",
  "label",
  "rootActionClass",
  "state",
  "result",
  "startedAt",
  "endedAt",
  "realTimeSec",
  "executionTimeSec",
  "progress",
  "callerPlanId",
  "failedStepId",
  "failedActionClass",
  "exceptionClass",
  "message",
] as const;
type Column = (typeof COLUMNS)[number];
type Cells = Readonly<Record<Column, string | number | null>>;

/** Refused, if at all, before the first piece. The file says in itself when it holds less than was asked for. */
export async function* exportPlans(deps: ExportDeps, input: PlansExportInput): AsyncGenerator<string> {
  const ordered = deps.matching !== null && deps.matching <= ORDERED_MAX;
  const file = fileOf(input.format, {
    source: deps.source.id,
    asOf: toIso(deps.clock.now()),
    order: ordered ? `${input.sort}${input.descending ? " descending" : ""}` : "id",
    matching: deps.matching,
  });
  const pages = pagesOf(deps, input, ordered);
  let written = 0;
  let page = await pages.next();
  yield file.head;
  for (; page.done !== true; page = await pages.next()) {
    const wanted = page.value.slice(0, EXPORT_PLANS_MAX - written);
    const text = wanted.map((row, index) => file.row(cellsOf(deps.source.id, row), written + index)).join("");
    written += wanted.length;
    if (text !== "") yield text;
    if (wanted.length < page.value.length) return yield file.end(true);
  }
  yield file.end(false);
}

async function* pagesOf(
  deps: ExportDeps,
  { sort, descending }: PlansExportInput,
  ordered: boolean,
): AsyncGenerator<readonly PlanRow[]> {
  const order = ordered ? { sort, descending } : ({ sort: "id", descending: false } as const);
  const { source, clock, filter } = deps;
  let cursor: string | null = null;
  do {
    const began = clock.monotonic();
    const from: PlanQuery["from"] = cursor === null ? null : { cursor, direction: "next" };
    const query = { filter, ...order, limit: PAGE_PLANS, from };
    const page: PlanPage = await boundedRead("This list", () => source.store.plans(query));
    const rows = await toPlanRows(deps, page.rows, ["caller", "failure"]);
    const tookMs = clock.monotonic() - began;
    yield rows;
    cursor = page.nextCursor;
    if (cursor !== null) await clock.sleep(Math.min(tookMs, REST_MAX_MS));
  } while (cursor !== null);
}

function cellsOf(source: string, row: PlanRow): Cells {
  const { id, label, rootActionClass, state, result, startedAt, endedAt, realTimeSec, executionTimeSec } = row;
  const { progress, failure, caller } = row;
  return {
    source,
    id,
    label,
    rootActionClass,
    state,
    result,
    startedAt,
    endedAt,
    realTimeSec,
    executionTimeSec,
    progress,
    callerPlanId: caller?.planId ?? null,
    failedStepId: failure?.stepId ?? null,
    failedActionClass: failure?.actionClass ?? null,
    exceptionClass: failure?.exceptionClass ?? null,
    message: failure === null ? null : isMasked(failure.message) ? "(not shown)" : failure.message,
  };
}

interface About {
  readonly source: string;
  readonly asOf: string;
  readonly order: string;
  readonly matching: number | null;
}

interface PlanFile {
  readonly head: string;
  row(cells: Cells, index: number): string;
  end(cut: boolean): string;
}

const CUT = `cut: a file holds at most ${EXPORT_PLANS_MAX} plans`;

function fileOf(format: PlansExportInput["format"], about: About): PlanFile {
  switch (format) {
    case "csv":
      return {
        head: csvLine(COLUMNS),
        row: (cells) => csvLine(COLUMNS.map((column) => String(cells[column] ?? ""))),
        end: (cut) => (cut ? csvLine([CUT, ...COLUMNS.slice(1).map(() => "")]) : ""),
      };
    case "json":
      return {
        head: `${JSON.stringify(about).slice(0, -1)},"plans":[\n`,
        row: (cells, index) => `${index === 0 ? "" : ",\n"}${JSON.stringify(cells)}`,
        end: (cut) => `\n],"cut":${cut ? JSON.stringify(CUT) : "null"}}\n`,
      };
    default:
      return unreachable(format);
  }
}
