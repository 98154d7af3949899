"use client";
import { formatBytes, formatCount } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { routes } from "#components/ui/routes.ts";
import { Facts, Section } from "#components/ui/section.tsx";
import { Age } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { ActorLive, LiveOutput } from "#server/contract/wire/dna-actors.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { Doubled } from "./doubled.tsx";
import { phaseWord } from "./phase-words.ts";

const TopBacklog = onDemand(() => import("#components/beam/top-backlog.tsx").then((module) => module.TopBacklog));

interface RunningProps {
  readonly source: string;
  readonly live: LiveOutput;
  readonly everyMs: number;
}

/** What the owner's node says of the instance: whether it runs, how far behind it is. */
export function RunningSection({ source, live: answer, everyMs }: RunningProps) {
  const { live, doubled, asOf, evaluate } = answer;
  const told = live.kind !== "off" && live.kind !== "unreachable";
  return (
    <Section
      title="Whether it runs"
      note="asked of its owner's node"
      aside={
        told ? <Age at={asOf === null ? null : (Date.parse(asOf) as EpochMs)} everyMs={everyMs} source="beam" /> : null
      }
    >
      {doubled !== null && <Doubled source={source} {...doubled} since={Date.parse(doubled.since) as EpochMs} />}
      <Live source={source} live={live} />
      {live.kind === "running" && (
        <section className="hottest" aria-label={`Hottest actors of partition ${live.partition}`}>
          <TopBacklog
            key={`${live.incarnation} ${live.partition}`}
            source={source}
            incarnation={live.incarnation}
            partition={live.partition}
            evaluate={evaluate}
          />
        </section>
      )}
    </Section>
  );
}

interface LiveProps {
  readonly source: string;
  readonly live: ActorLive;
}

function Live({ source, live }: LiveProps) {
  switch (live.kind) {
    case "off":
      return <Empty title="Not known here.">{live.reason}</Empty>;
    case "unreachable":
      return (
        <Empty title="Its node does not answer.">
          <Name text={live.node} mono />: {live.reason}. That proves nothing about its life.
        </Empty>
      );
    case "other":
      return (
        <Empty title="It does not run: its owner has ended.">
          <Name text={live.node} mono /> is{" "}
          <Link href={routes.node(source, live.incarnation)}>another incarnation</Link> by now. The next message takes
          the key over.
        </Empty>
      );
    case "absent":
      return (
        <Empty title="It does not run.">
          <Name text={live.node} mono /> owns it and has no instance of it: the next message starts it there.
        </Empty>
      );
    case "running":
      return <Running source={source} live={live} />;
    default:
      return live satisfies never;
  }
}

type RunningFacts = Extract<ActorLive, { kind: "running" }>;

function Running({ source, live }: LiveProps & { readonly live: RunningFacts }) {
  const { partition, phase, buffered, mailbox, memoryBytes, reductions, status, currentFunction, ref } = live;
  const backlog = buffered === null ? null : buffered + mailbox;
  return (
    <Facts
      wide
      facts={[
        {
          name: "running on",
          value: (
            <span className="row wrap-row">
              <Link className="mono" href={routes.node(source, live.incarnation)}>
                <Name text={live.node} />
              </Link>
              <State system="actor" word={phaseWord(phase)} />
            </span>
          ),
          source: "its registry",
        },
        {
          name: "partition",
          value: <Link href={routes.node(source, live.incarnation, { tab: "inside" })}>partition {partition}</Link>,
          source: "its registry",
        },
        {
          name: "backlog",
          value:
            backlog === null ? (
              <>
                {formatCount(mailbox)} queued <span className="t3">and what is buffered, which was not told</span>
              </>
            ) : (
              <>
                <b className={backlog > 100 ? "t-attention" : ""}>{formatCount(backlog)}</b>{" "}
                <span className="t3">
                  {formatCount(buffered ?? 0)} buffered + {formatCount(mailbox)} queued
                </span>
              </>
            ),
          source: phase === "busy" ? "inside a callback" : "its state",
        },
        { name: "memory", value: formatBytes(memoryBytes), source: "its process" },
        {
          name: "process",
          value: (
            <span className="mono">
              <Name text={ref} />
            </span>
          ),
          source: [
            status,
            reductions === null ? null : `${formatCount(reductions)} reductions`,
            currentFunction === null ? null : `in ${currentFunction}`,
          ]
            .filter((text) => text !== null)
            .join(", "),
        },
      ]}
    />
  );
}
