"use client";
import { useMemo } from "react";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { useFold } from "#components/ui/live.ts";
import { NotKnownStreams, OnlyNow } from "#components/ui/not-known.tsx";
import { routes } from "#components/ui/routes.ts";
import { PageHead, Section } from "#components/ui/section.tsx";
import { MACHINE_GROUPS, type Machine } from "#server/contract/diagram/machine.ts";
import { MACHINES, machineOf } from "#server/contract/diagram/machines.ts";
import { PLAN_MACHINE } from "#server/contract/diagram/plan-lifecycle.ts";
import type { LiveState } from "#server/contract/live.ts";
import { lifecycleCounts, type StateCounts } from "#server/contract/view/lifecycle-counts.ts";
import { countedDiagram, countedMarks } from "./counted-diagram.ts";
import { Glossary } from "./glossary.tsx";
import { sourceText } from "./glossary-lines.ts";
import { MachineLifecycle } from "./machine-lifecycle.tsx";
import { CountOfState } from "./state-count.tsx";
import "./lifecycles.css";

const stateOf = (state: LiveState): LiveState => state;
const NO_COUNTS: StateCounts = {};
const FAMILIES = ["dna", "dynflow", "haf", "ingest", "operator", "console"] as const;

/** Every state machine there is, with what is in each state now, and a glossary of all states. */
export function LifecyclesPage() {
  const { search, go } = useAddress();
  const machine = machineOf(search.get("kind")) ?? PLAN_MACHINE;
  const text = search.get("q") ?? "";
  const step = (by: number) => (event: KeyboardEvent) => {
    // A diagram that is wider than the page is scrolled by these keys.
    if (event.target instanceof Element && event.target.closest(".diagram-box") !== null) return false;
    const at = MACHINES.findIndex(({ kind }) => kind === machine.kind);
    const next = MACHINES.at((at + by) % MACHINES.length) ?? machine;
    go(routes.lifecycles({ kind: next.kind, text }), { replace: true });
    return true;
  };
  useKeys(
    [
      { keys: "ArrowRight", does: "next life cycle", run: step(1) },
      { keys: "ArrowLeft", does: "previous life cycle", run: step(-1) },
    ],
    { group: "Life cycles" },
  );
  return (
    <div className="page">
      <Crumbs path={[{ text: "Life cycles" }]} />
      <PageHead
        title="Life cycles"
        sub={`${plural(MACHINES.length, "state machine")} as the code itself goes by them, with what is in each state now.`}
      />
      <NotKnownStreams families={FAMILIES} />
      <div className="lifecycles">
        <MachineList current={machine} text={text} />
        <div className="stack">
          <MachineSection key={machine.kind} machine={machine} />
          <Glossary
            text={text}
            onText={(typed) => go(routes.lifecycles({ kind: machine.kind, text: typed }), { replace: true })}
          />
        </div>
      </div>
    </div>
  );
}

function MachineList({ current, text }: { readonly current: Machine; readonly text: string }) {
  return (
    <nav className="machines" aria-label="Life cycles">
      {MACHINE_GROUPS.map((group) => (
        <div key={group}>
          <h2 className="small t3">{group}</h2>
          <ul>
            {MACHINES.filter((machine) => machine.group === group).map(({ kind, name }) => (
              <li key={kind}>
                <Link
                  href={routes.lifecycles({ kind, text })}
                  className="plain"
                  aria-current={kind === current.kind ? "page" : undefined}
                >
                  {name}
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  );
}

function MachineSection({ machine }: { readonly machine: Machine }) {
  const past = useIsPast();
  const state = useFold(stateOf);
  const folds = state?.folds;
  const samples = state?.samples;
  const counts = useMemo(
    () => (folds === undefined ? undefined : lifecycleCounts(machine, folds, samples ?? {})),
    [machine, folds, samples],
  );
  // Numbers that did not change leave the drawing alone.
  const key = JSON.stringify(counts ?? NO_COUNTS);
  const [diagram, marks] = useMemo(() => {
    const told = JSON.parse(key) as StateCounts;
    return [countedDiagram(machine, told), countedMarks(machine, told)] as const;
  }, [machine, key]);
  return (
    <Section
      title={machine.title}
      note={`${plural(machine.states.length, "state")}, ${plural(machine.transitions.length, "way")}`}
    >
      <p className="small t3 wrap">From {machine.sources.map(sourceText).join("; ")}.</p>
      <MachineLifecycle
        machine={machine}
        diagram={diagram}
        marks={marks}
        note={past ? "coloured = something was in this state then" : "coloured = something is in this state now"}
        beside={{
          title: past ? "then" : "now",
          of: (word) => <CountOfState kind={machine.kind} state={word} count={counts?.[word]} />,
        }}
      />
      <StateCountsLine machine={machine} counts={counts} />
      <OnlyNow>
        What nodes tell of themselves every second: of workers and running actors nothing is known then.
      </OnlyNow>
    </Section>
  );
}

/** The same as the picture shows, one after the other, each a way to its list. */
function StateCountsLine({ machine, counts }: { readonly machine: Machine; readonly counts: StateCounts | undefined }) {
  return (
    <ul className="state-counts" aria-label={`States of ${machine.name}`}>
      {machine.states.map((word) => (
        <li key={word}>
          <State system={machine.system} word={word} />
          <CountOfState kind={machine.kind} state={word} count={counts?.[word]} />
        </li>
      ))}
    </ul>
  );
}
