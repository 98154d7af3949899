"use client";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useIsPast } from "#components/ui/instants.ts";
import { useFold } from "#components/ui/live.ts";
import { OnlyNow } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, Faults, QueryWidget } from "#components/ui/widget.tsx";
import { dnaStream } from "#server/contract/event.ts";
import type { BeamNodeOutput } from "#server/contract/wire/dna-beam.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { Abilities } from "./abilities.tsx";
import { CachedOwner } from "./cached-owner.tsx";
import { DoubledHere } from "./doubled-here.tsx";
import { LinkFacts } from "./link-facts.tsx";
import { LinkThen } from "./link-then.tsx";
import { NotConfigured } from "./not-configured.tsx";
import { PartitionInstances } from "./partition-instances.tsx";
import { PartitionTable } from "./partition-table.tsx";
import { PeersTable } from "./peers-table.tsx";
import { TopBacklog } from "./top-backlog.tsx";
import { Vitals } from "./vitals.tsx";
import "./beam.css";

/** Its worker turns once in 5 s: what is looked at is asked more often. */
const EVERY_MS = 2_000;

const SupervisionTree = onDemand(() => import("./supervision-tree.tsx").then((module) => module.SupervisionTree));
const WorkerLoop = onDemand(() => import("./worker-loop.tsx").then((module) => module.WorkerLoop));

interface InsideNodeProps {
  readonly source: string;
  readonly incarnation: string;
}

/**
 * What goes on inside the node of one incarnation, as it says itself over Erlang distribution: partitions and what runs
 * in them, backlog, its view of its peers, its VM, its processes. Only now can tell; of the past the link is known.
 */
export function InsideNode({ source, incarnation }: InsideNodeProps) {
  const past = useIsPast();
  const query = useQuery(
    useTRPC().dna.beam.node.queryOptions({ source, incarnation }, { refetchInterval: EVERY_MS, enabled: !past }),
  );
  if (past)
    return (
      <div className="inside">
        <LinkThen source={source} incarnation={incarnation} />
        <OnlyNow>What runs inside a node, its backlog, its peers and its vitals are asked of it when you look.</OnlyNow>
      </div>
    );
  return (
    <QueryWidget query={query} what="the inside of the node" rows={8} columns={4}>
      {(told) => (
        <div className="inside">
          <Faults faults={told.faults} />
          <Told source={source} incarnation={incarnation} told={told} />
        </div>
      )}
    </QueryWidget>
  );
}

interface ToldProps extends InsideNodeProps {
  readonly told: BeamNodeOutput;
}

function Told({ source, incarnation, told }: ToldProps) {
  const silentMs = useFold(({ samples }) => samples[dnaStream(source)]?.nodes?.[incarnation]?.silentMs) ?? null;
  if (!told.configured)
    return (
      <>
        <NotConfigured />
        <Loop told={told} silentMs={silentMs} />
      </>
    );
  const other = told.identity !== null && told.identity !== incarnation;
  return (
    <>
      <LinkFacts source={source} incarnation={incarnation} told={told} />
      {told.identity === incarnation ? (
        <Insides source={source} incarnation={incarnation} told={told} silentMs={silentMs} />
      ) : (
        <>
          <Empty title={other ? "Its node is another incarnation now." : "Its node has not answered."}>
            {other
              ? "What runs there is not this incarnation's; open the other one to see it."
              : (told.link?.reason ?? told.failure ?? "It is asked by and by.")}
          </Empty>
          <Loop told={told} silentMs={silentMs} />
        </>
      )}
    </>
  );
}

function Insides({ source, incarnation, told, silentMs }: ToldProps & { readonly silentMs: number | null }) {
  const [partition, setPartition] = useState<number | null>(null);
  const at = { source, incarnation };
  const partitions = told.partitions ?? [];
  return (
    <>
      <Section
        title="Partitions"
        note="running instances, as each registry counts them; a press lists them"
        aside={
          <Age at={told.partitionsAt === null ? null : (Date.parse(told.partitionsAt) as EpochMs)} source="beam" />
        }
      >
        <PartitionTable partitions={told.partitions} chosen={partition} onChoose={setPartition} />
        {partition !== null && <PartitionInstances {...at} partition={partition} />}
      </Section>
      <Section
        title="Largest backlog"
        note="buffered events and mailbox together: the mailbox alone is not the backlog"
      >
        <TopBacklog {...at} partition={partition} evaluate={told.evaluate} />
      </Section>
      <Section title="Doubled keys" note="that run here and on another node at the same time">
        <DoubledHere source={source} node={told.node} />
      </Section>
      <Section title="Its peers, as it sees them" note="beside our own judgement">
        <PeersTable {...at} />
      </Section>
      <div className="inside-two">
        <Section
          title="Its VM"
          aside={<Age at={told.vitalsAt === null ? null : (Date.parse(told.vitalsAt) as EpochMs)} source="beam" />}
        >
          <Vitals vitals={told.vitals} />
        </Section>
        <div className="inside">
          <Section title="Who owns a key, by its cache" note="it asks the database only when the entry runs out">
            <CachedOwner {...at} />
          </Section>
          <Section title="What cannot be asked there">
            <Abilities abilities={told.abilities} evaluate={told.evaluate} />
          </Section>
        </div>
      </div>
      <Section title="Supervision tree" note="who starts whom again, and what ends with whom">
        <Asked what="the supervision tree">
          <SupervisionTree partitions={partitions} lastRefreshMs={told.lastRefreshMs} />
        </Asked>
      </Section>
      <Loop told={told} silentMs={silentMs} />
    </>
  );
}

function Loop({ told, silentMs }: { readonly told: BeamNodeOutput; readonly silentMs: number | null }) {
  return (
    <Section title="Cluster worker" note="its loop, with the present moment marked">
      <Asked what="its loop">
        <WorkerLoop
          refresh={
            told.refreshAt === null ? null : { ageMs: told.lastRefreshMs, at: Date.parse(told.refreshAt) as EpochMs }
          }
          silentMs={silentMs}
        />
      </Asked>
    </Section>
  );
}

/** A drawing that is made when it is asked for. */
function Asked({ what, children }: { readonly what: string; readonly children: React.ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="btn sm" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? "Hide" : "Show"} {what}
      </button>
      {open && children}
    </>
  );
}
