"use client";
import { formatDurationMs, formatShare, parseInstant } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { ClassName, Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Instant, Since } from "#components/ui/time.tsx";
import { lookOf } from "#server/kernel/states.ts";
import type { ColumnId } from "./columns.ts";
import { failureText, type PlanLine } from "./plan-lines.ts";
import type { RowOperation } from "./plan-table.tsx";

const METER_PX = 48;

interface CellProps {
  readonly column: ColumnId;
  readonly line: PlanLine;
  /** It left the list and stands only where it stood. */
  readonly gone: boolean;
  readonly operation: RowOperation | undefined;
}

const CLASSES: Readonly<Partial<Record<ColumnId, string>>> = {
  state: "c-state",
  result: "c-result",
  label: "c-label trunc",
  class: "c-class trunc p2",
  plan: "c-plan",
  source: "p3 t2",
  started: "num c-started",
  ended: "num p2",
  real: "num p2",
  execution: "num p2",
  done: "num p2",
  world: "p2",
  caller: "p2",
  where: "w100 trunc c-where",
};

/** One cell of a row. */
export function PlanCell(props: CellProps) {
  return (
    <td className={CLASSES[props.column]}>
      <Content {...props} />
    </td>
  );
}

function Content({ column, line, gone, operation }: CellProps) {
  switch (column) {
    case "state":
      return <State system="plan" word={line.state} />;
    case "result":
      return line.result === "pending" ? <None /> : <State system="result" word={line.result} />;
    case "label":
      return (
        <Link href={routes.plan(line.source, line.id)} className="plain">
          <ClassName name={line.label ?? line.rootActionClass ?? "not planned yet"} />
        </Link>
      );
    case "class":
      return <ClassName name={line.rootActionClass} />;
    case "plan":
      return <Id id={line.id} />;
    case "source":
      return <bdi>{line.source}</bdi>;
    case "started":
      return <Since at={parseInstant(line.startedAt)} />;
    case "ended":
      return <Since at={parseInstant(line.endedAt)} />;
    case "real":
      return <RealTime line={line} />;
    case "execution":
      return line.executionTimeSec === null ? <None /> : formatDurationMs(line.executionTimeSec * 1_000);
    case "done":
      return <Progress line={line} />;
    case "world":
      return line.world === null ? <None /> : <Id id={line.world} />;
    case "caller":
      return line.caller === null ? (
        <None />
      ) : (
        <Link href={routes.plan(line.source, line.caller.planId)} className="mono" title={line.caller.planId}>
          {`${line.caller.planId.slice(0, 4)}…${line.caller.planId.slice(-4)}`}
        </Link>
      );
    case "where":
      return (
        <>
          {operation !== undefined && (
            <span className="small">
              <State system="operation" word={operation.phase}>
                {operation.verb} {operation.phase}
              </State>{" "}
            </span>
          )}
          {gone ? <span className="t3">not in this list any more</span> : <Where line={line} />}
        </>
      );
  }
}

const None = () => <span className="off">–</span>;

function RealTime({ line }: { readonly line: PlanLine }) {
  if (line.realTimeSec !== null && line.endedAt !== null) return formatDurationMs(line.realTimeSec * 1_000);
  const started = parseInstant(line.startedAt);
  return line.state !== "running" || started === null ? <None /> : <Since at={started} />;
}

const HAS_PROGRESS: ReadonlySet<string> = new Set(["running", "paused"]);

function Progress({ line: { progress, state } }: { readonly line: PlanLine }) {
  if (progress === null || !HAS_PROGRESS.has(state)) return <None />;
  return (
    <span className="pr">
      <svg className={`meter t-${lookOf("plan", state).tone}`} width={METER_PX} height="3" aria-hidden="true">
        <rect className="ground" width={METER_PX} height="3" />
        <rect className="fill" width={METER_PX * Math.min(1, Math.max(0, progress))} height="3" />
      </svg>
      {formatShare(progress)}
    </span>
  );
}

function Where({ line: { failure, note, endedAt } }: { readonly line: PlanLine }) {
  if (failure !== null) {
    const text = failureText(failure);
    return (
      <span title={text}>
        {failure.stepId} {failure.actionClass.split("::").at(-1)} <bdi className="t-failed tone">{text}</bdi>
      </span>
    );
  }
  const ended = parseInstant(endedAt);
  return (
    <span className="t3" title={note ?? undefined}>
      <bdi>{note ?? ""}</bdi>
      {note === null && ended !== null && (
        <>
          ended <Instant at={ended} />
        </>
      )}
    </span>
  );
}
