"use client";
import { useMemo, useState } from "react";
import { DiagramFrame } from "#components/lifecycle/diagram-frame.tsx";
import { type HafActualDrawing, hafActualDrawing } from "#components/lifecycle/haf-actual-diagram.ts";
import { type HafPlanDrawing, hafPlanDrawing } from "#components/lifecycle/haf-plan-diagram.ts";
import { LANES_FULL_MAX } from "#components/lifecycle/haf-stack.ts";
import { EndOfWay, TwinTable } from "#components/lifecycle/twin-table.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Instant } from "#components/ui/time.tsx";
import { phaseWords } from "./haf-words.ts";
import { type Stack, useAtMostEvery } from "./use-stacks.ts";

/** The picture follows this often; words change without a new drawing. */
const DRAW_EVERY_MS = 1_000;

interface StackDiagramProps {
  readonly stack: Stack;
  readonly tab: "plan" | "actual";
}

/** The set-up of the stack: as it is meant with the present marked, or as it was observed. */
export function StackDiagram({ stack, tab }: StackDiagramProps) {
  const [all, setAll] = useState(false);
  const shown = useAtMostEvery(stack, DRAW_EVERY_MS);
  const { fold, sample } = shown;
  const place = (of: "plan" | "actual") => routes.haf({ source: stack.id, tab: of === "plan" ? null : of });
  const drawing = useMemo(
    () =>
      tab === "plan"
        ? { kind: "plan" as const, drawn: hafPlanDrawing({ fold, sample, all }) }
        : { kind: "actual" as const, drawn: hafActualDrawing({ fold, sample, all }) },
    [tab, fold, sample, all],
  );
  const count = drawing.drawn.all;
  return (
    <div className="haf-diagram">
      <nav className="tabs" aria-label="Set-up of the stack">
        <Link href={place("plan")} aria-current={tab === "plan" ? "page" : undefined} scroll={false}>
          Plan
        </Link>
        <Link href={place("actual")} aria-current={tab === "actual" ? "page" : undefined} scroll={false}>
          Actual
        </Link>
        {count > LANES_FULL_MAX && (
          <button type="button" className="btn-plain push" aria-pressed={all} onClick={() => setAll(!all)}>
            {all ? "Fold apps" : `Draw all ${count} apps`}
          </button>
        )}
      </nav>
      {drawing.kind === "plan" ? <Plan drawn={drawing.drawn} /> : <Actual drawn={drawing.drawn} />}
    </div>
  );
}

const STANDINGS = { passed: "passed", now: "now", later: "not reached", failed: "suffers" } as const;

function Plan({ drawn: { diagram, marks, lines } }: { readonly drawn: HafPlanDrawing }) {
  return (
    <DiagramFrame
      diagram={diagram}
      marks={marks}
      note="as it is meant; magenta ground = where it is now, grey ground = not reached yet, red = suffers"
      twin={
        <TwinTable
          title={diagram.title}
          lines={lines}
          keyOf={({ key }) => key}
          marked={({ standing }) => standing === "now"}
          current
          columns={[
            { title: "Phase", names: true, cell: ({ phase }) => phaseWords(phase) },
            { title: "From", cell: ({ from }) => <bdi>{from}</bdi> },
            { title: "To", cell: ({ from, to }) => <EndOfWay from={from} to={to} /> },
            { title: "What", wide: true, cell: ({ what }) => <bdi>{what}</bdi> },
            {
              title: "Where it is",
              className: ({ standing }) => (standing === "failed" ? "t-failed tone" : standing === "later" ? "t3" : ""),
              cell: ({ standing }) => STANDINGS[standing],
            },
          ]}
        />
      }
    />
  );
}

function Actual({ drawn: { diagram, marks, lines, cut } }: { readonly drawn: HafActualDrawing }) {
  const odd = lines.filter(({ deviation }) => deviation !== null);
  return (
    <>
      <DiagramFrame
        diagram={diagram}
        marks={marks}
        note="as it was observed; dashed = inferred from the database, ≠ = not as planned, magenta ground = since the last phase"
        twin={
          <TwinTable
            title={diagram.title}
            lines={lines}
            keyOf={({ key }) => key}
            marked={({ at }) => at === null}
            current
            columns={[
              { title: "When", names: true, cell: ({ at }) => (at === null ? "now" : <Instant at={at} />) },
              { title: "From", cell: ({ from }) => <bdi>{from}</bdi> },
              { title: "To", cell: ({ from, to }) => <EndOfWay from={from} to={to} /> },
              {
                title: "What",
                wide: true,
                className: ({ failed }) => (failed ? "t-failed tone" : ""),
                cell: ({ what }) => <bdi>{what}</bdi>,
              },
              {
                title: "Known by",
                className: ({ inferred }) => (inferred ? "t3" : ""),
                cell: ({ inferred }) => (inferred ? "inferred" : "seen"),
              },
              { title: "Not as planned", className: () => "t2", cell: ({ deviation }) => deviation ?? "–" },
            ]}
          />
        }
      />
      {cut > 0 && <p className="small t3">{cut} older lines are not drawn; the journal has all.</p>}
      {odd.length > 0 && (
        <details className="io">
          <summary>
            <b className="med">Not as planned</b> <span className="t3">{odd.length}</span>
          </summary>
          <ul className="haf-odd">
            {odd.map(({ key, at, to, deviation }) => (
              <li key={key}>
                <Instant at={at} /> <bdi>{to}</bdi> <span className="t2">{deviation}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
