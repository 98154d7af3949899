"use client";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { DiagramFrame } from "#components/lifecycle/diagram-frame.tsx";
import { TwinTable } from "#components/lifecycle/twin-table.tsx";
import { formatCount, plural } from "#components/ui/format.ts";
import { Glyph, State } from "#components/ui/glyph.tsx";
import { ClassName, Id } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget } from "#components/ui/widget.tsx";
import type { DependenciesOutput, DependencyPlan } from "#server/contract/wire/dynflow-plan-parts.ts";
import type { Tone } from "#server/kernel/states.ts";
import { DEPENDENCY_NODES_MAX, dependencyDiagram, dependencyMarks } from "./dependency-diagram.ts";
import type { PlanOutput } from "./types.ts";
import "./plan-parts.css";

const LOOK_EVERY_MS = 5_000;

/** What a plan waits for, what waits for it, directly and not, and what each of them means to whoever waits. */
export function DependenciesView({ source, plan }: { readonly source: string; readonly plan: PlanOutput }) {
  const trpc = useTRPC();
  const query = useQuery(
    trpc.dynflow.plans.dependencies.queryOptions(
      { source, planId: plan.id },
      { refetchInterval: plan.state === "stopped" ? false : LOOK_EVERY_MS },
    ),
  );
  return (
    <QueryWidget query={query} what="dependencies" columns={4}>
      {(found) => <Dependencies source={source} found={found} waiting={plan.state === "scheduled"} />}
    </QueryWidget>
  );
}

interface DependenciesProps {
  readonly source: string;
  readonly found: DependenciesOutput;
  /** False = it has gone on, one way or another: what it depends on holds it up no more. */
  readonly waiting: boolean;
}

function Dependencies({ source, found, waiting }: DependenciesProps) {
  const { plans, edges, cut } = found;
  const ahead = plans.filter(({ side }) => side === "waits-for" || side === "both");
  const behind = plans.filter(({ side }) => side === "blocks" || side === "both");
  if (edges.length === 0)
    return (
      <Empty title="It waits for no other plan, and none waits for it.">Dependencies are kept since Dynflow 2.0.</Empty>
    );
  return (
    <div className="stack">
      {cut && <p className="warn small">There are more than are shown: each side ends after 500 plans.</p>}
      {edges.some(({ circle }) => circle) && (
        <p className="warn">
          Some of these plans wait for each other in a circle (marked). None of them can start until one is stopped.
        </p>
      )}
      <Side source={source} title="It waits for" none="It waits for no other plan." found={found} plans={ahead}>
        {waiting ? <Meaning found={found} ahead={ahead} /> : <PastMeaning ahead={ahead} />}
      </Side>
      <Side source={source} title="What waits for it" none="No plan waits for it." found={found} plans={behind} />
      <Picture found={found} />
    </div>
  );
}

const directOf = (plans: readonly DependencyPlan[]) => plans.filter(({ distance }) => distance === 1);
const standingIn = (plans: readonly DependencyPlan[]) => (standing: DependencyPlan["standing"]) =>
  plans.filter((plan) => plan.standing === standing).length;

/** What the prerequisites of a plan come to that waits for them no more: they say how it came about. */
function PastMeaning({ ahead }: { readonly ahead: readonly DependencyPlan[] }) {
  const direct = directOf(ahead);
  const count = standingIn(direct);
  const [waits, failed] = [count("waits"), count("failed")];
  if (direct.length === 0) return null;
  return (
    <p className="small t2">
      It is not scheduled: they do not hold it up.
      {waits > 0 && ` ${plural(waits, "of them has", "of them have")} not stopped.`}
      {failed > 0 && ` ${plural(failed, "of them failed", "of them failed")}.`}
    </p>
  );
}

/** What the prerequisites come to. */
function Meaning({ found, ahead }: { readonly found: DependenciesOutput; readonly ahead: readonly DependencyPlan[] }) {
  const direct = directOf(ahead);
  const count = standingIn(direct);
  const [waits, failed] = [count("waits"), count("failed")];
  if (direct.length === 0) return null;
  return (
    <p className="small t2">
      {waits > 0
        ? `It cannot start before ${waits === 1 ? "one of them has" : `${formatCount(waits)} of them have`} stopped.`
        : "All that it waits for directly has stopped."}{" "}
      {failed > 0 &&
        (found.failedStops === true ? (
          <span className="t-failed tone">
            {plural(failed, "of them failed", "of them failed")}: it will be stopped instead of started, as it has no
            latest start.
          </span>
        ) : found.failedStops === false ? (
          `${plural(failed, "of them failed", "of them failed")}; it is started all the same, as it has a latest start.`
        ) : (
          `${plural(failed, "of them failed", "of them failed")}.`
        ))}{" "}
      <span className="t3">Warning and cancelled count as fine.</span>
    </p>
  );
}

interface SideProps {
  readonly source: string;
  readonly title: string;
  /** Said when there is none. */
  readonly none: string;
  readonly found: DependenciesOutput;
  readonly plans: readonly DependencyPlan[];
  readonly children?: React.ReactNode;
}

function Side({ source, title, none, found, plans, children }: SideProps) {
  const circles = useMemo(
    () =>
      new Set(
        found.edges.filter(({ circle }) => circle).flatMap(({ waiting, prerequisite }) => [waiting, prerequisite]),
      ),
    [found],
  );
  return (
    <Section title={title} note="directly and through others; nearest first" aside={plural(plans.length, "plan")}>
      {children}
      {plans.length === 0 ? (
        <p className="t3 pad-y">{none}</p>
      ) : (
        <table aria-label={title}>
          <thead>
            <tr>
              <th scope="col">So far</th>
              <th scope="col">State</th>
              <th scope="col">Result</th>
              <th scope="col" className="w100">
                Plan
              </th>
              <th scope="col" className="p2">
                how
              </th>
            </tr>
          </thead>
          <tbody>
            {plans.map((plan) => (
              <tr key={plan.id}>
                <td>
                  <Standing standing={plan.standing} />
                </td>
                <td>
                  {plan.state === null ? (
                    <span className="unk">row gone</span>
                  ) : (
                    <State system="plan" word={plan.state} quiet={plan.state === "stopped"} />
                  )}
                </td>
                <td>
                  {plan.result !== null && (
                    <State system="result" word={plan.result} quiet={plan.result === "success"} />
                  )}
                </td>
                <td className="w100 trunc">
                  <Link href={routes.plan(source, plan.id, { tab: "dependencies" })} className="plain">
                    <ClassName name={plan.label ?? plan.rootActionClass} />
                  </Link>{" "}
                  <span className="t3">
                    <Id id={plan.id} />
                  </span>
                  {circles.has(plan.id) && <span className="small t-attention tone"> in a circle</span>}
                </td>
                <td className="p2 t2">
                  {plan.distance === 1 ? "directly" : `through ${formatCount(plan.distance - 1)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

const STANDINGS: Readonly<Record<DependencyPlan["standing"], { readonly tone: Tone; readonly word: string }>> = {
  waits: { tone: "waiting", word: "not yet" },
  satisfied: { tone: "good", word: "fine" },
  failed: { tone: "failed", word: "failed" },
};

function Standing({ standing }: Pick<DependencyPlan, "standing">) {
  const { tone, word } = STANDINGS[standing];
  return (
    <span className={`st t-${tone}${tone === "good" ? " ink" : ""}`}>
      <Glyph tone={tone} />
      {word}
    </span>
  );
}

function Picture({ found }: { readonly found: DependenciesOutput }) {
  const key = found.plans.map(({ id, label }) => `${id} ${label}`).join() + found.edges.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn changes with the plans and their names only
  const diagram = useMemo(() => dependencyDiagram(found), [key]);
  const marks = useMemo(() => dependencyMarks(found), [found]);
  if (found.plans.length > DEPENDENCY_NODES_MAX)
    return <p className="small t3">More than {DEPENDENCY_NODES_MAX} plans are not drawn as a picture.</p>;
  const names = new Map(diagram.nodes.map(({ key: id, label }) => [id, label]));
  return (
    <DiagramFrame
      diagram={diagram}
      marks={marks}
      note="left comes first; magenta = this plan, filled = has stopped and is fine, dotted = part of a circle"
      twin={
        <TwinTable
          title="Who waits for whom"
          lines={found.edges}
          keyOf={({ waiting, prerequisite }) => `${waiting} ${prerequisite}`}
          columns={[
            { title: "Waits", cell: ({ waiting }) => <bdi>{names.get(waiting) ?? waiting}</bdi> },
            {
              title: "For",
              cell: ({ prerequisite, circle }) => (
                <>
                  <bdi>{names.get(prerequisite) ?? prerequisite}</bdi>
                  {circle && " (circle)"}
                </>
              ),
            },
          ]}
        />
      }
    />
  );
}
