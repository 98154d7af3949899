"use client";
import { useMemo, useState } from "react";
import { useAddress } from "#components/ui/address.ts";
import { formatCount } from "#components/ui/format.ts";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { useFold } from "#components/ui/live.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { useRefusal } from "#components/ui/session.ts";
import { dynflowStream, OPERATOR_STREAM } from "#server/contract/event.ts";
import type { OperationPhase } from "#server/contract/fold/operator.ts";
import { OPERATION_PHASES } from "#server/contract/fold/operator-state.ts";
import type { LiveState } from "#server/contract/live.ts";
import type { ColumnId } from "./columns.ts";
import { lineNow, type PlanLine, type Source } from "./plan-lines.ts";
import { keyOf, PlanTable, type RowOperation } from "./plan-table.tsx";
import type { PlansQuery } from "./plans-query.ts";
import { useSteadyRows } from "./steady-rows.ts";
import { useHold } from "./use-hold.ts";
import type { Selection } from "./use-selection.ts";

const ActOnPlan = onDemand(async () => (await import("#components/plan/act-on-plan.tsx")).ActOnPlan);

interface PlanRowsProps {
  readonly lines: readonly PlanLine[];
  readonly sources: readonly Source[];
  readonly query: PlansQuery;
  readonly columns: readonly ColumnId[];
  /** Names the list that the lines are of; while another is on its way it is still the old one. */
  readonly list: string;
  readonly onQuery: (query: PlansQuery, how: { readonly replace: boolean }) => void;
  readonly selection: Selection;
}

const VERBS: Readonly<Record<string, string>> = {
  "dynflow.plans.resume": "resume",
  "dynflow.plans.skip": "skip",
  "dynflow.plans.cancel": "cancel",
};

/** By stream and plan, the last verb and its phase as `resume executed`: text, so that equal ones compare as equal. */
const phasesOf = (state: LiveState): Readonly<Record<string, string>> => {
  const fold = state.folds[OPERATOR_STREAM];
  if (fold?.family !== "operator") return {};
  return Object.fromEntries(
    fold.operations.flatMap(({ action, stream, target, phase }) => {
      const verb = VERBS[action];
      return verb === undefined ? [] : [[`${stream} ${target}`, `${verb} ${phase}`]];
    }),
  );
};

function operationOf(text: string | undefined): RowOperation | null {
  const [verb = "", word] = text?.split(" ") ?? [];
  const phase = OPERATION_PHASES.find((each) => each === word);
  return phase === undefined || SETTLED.has(phase) ? null : { verb, phase };
}
const SETTLED: ReadonlySet<OperationPhase> = new Set(["verified", "denied"]);

/**
 * The rows with what can be done to them. Under a pointer, with the focus among them, or with some selected, they keep
 * their places.
 */
export function PlanRows({ lines, sources, query, columns, list, onQuery, selection }: PlanRowsProps) {
  const { go } = useAddress();
  const [resuming, setResuming] = useState<PlanLine | null>(null);
  const refusal = useRefusal("plans:resume");
  const past = useIsPast();
  const { held, handlers } = useHold();
  const steady = useSteadyRows<PlanLine>(lines, !past && (held || selection.size > 0 || resuming !== null), {
    list,
    keyOf,
    nowOf: (line) => lineNow(sources, line.source, line.id),
  });
  const rows = steady.rows.map(({ row }) => row);
  const operations = useOperations(rows);
  const down = new Set(sources.filter(({ fold }) => fold.source.state === "down").map(({ id }) => id));
  const open = (line: PlanLine) => go(routes.plan(line.source, line.id));
  const cursor = useRowCursor({ rows, idOf: keyOf, onOpen: open, enabled: resuming === null });
  const stale = steady.added + steady.gone > 0;
  useKeys(
    [
      {
        keys: "R",
        does: "resume the plan of the row",
        run: () => {
          const line = rows.find((each) => keyOf(each) === cursor.current);
          if (line === undefined || refusal !== null) return false;
          setResuming(line);
          return true;
        },
      },
      {
        keys: "X",
        does: "select the row; with Shift all up to it",
        run: ({ shiftKey }) => {
          if (cursor.current === null) return false;
          selection.toggle(cursor.current, shiftKey ? rows.map(keyOf) : null);
          return true;
        },
      },
      ...(stale ? [{ keys: "U", does: "bring the list up to date", run: steady.refresh }] : []),
    ],
    { group: "List", enabled: resuming === null },
  );
  return (
    <div className="steady" {...handlers}>
      <div className="steady-say" role="status">
        {stale && (
          <button type="button" className="btn sm" onClick={steady.refresh}>
            {changeWords(steady.added, steady.gone)}: bring up to date <kbd>U</kbd>
          </button>
        )}
      </div>
      <PlanTable
        places={steady.rows}
        columns={columns}
        sort={query.sort}
        descending={query.descending}
        onSort={(sort, descending) =>
          onQuery({ ...query, sort, descending, position: null, row: null }, { replace: false })
        }
        current={cursor.current}
        down={down}
        operations={operations}
        refusal={refusal}
        selection={selection}
        onOpen={open}
        onResume={setResuming}
      />
      {resuming !== null && (
        <ActOnPlan
          source={resuming.source}
          planId={resuming.id}
          stepId={null}
          act="resume"
          onClose={() => setResuming(null)}
        />
      )}
    </div>
  );
}

function useOperations(lines: readonly PlanLine[]): ReadonlyMap<string, RowOperation> {
  const phases = useFold(phasesOf);
  return useMemo(
    () =>
      new Map(
        lines.flatMap((line) => {
          const operation = operationOf(phases?.[`${dynflowStream(line.source)} ${line.id}`]);
          return operation === null ? [] : [[keyOf(line), operation] as const];
        }),
      ),
    [lines, phases],
  );
}

const changeWords = (added: number, gone: number): string =>
  [...(added > 0 ? [`${formatCount(added)} new`] : []), ...(gone > 0 ? [`${formatCount(gone)} gone`] : [])].join(", ");
