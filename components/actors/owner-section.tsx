"use client";
import { Id, Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Facts, Section } from "#components/ui/section.tsx";
import { Age, Instant, Since } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import type { ActorView as ActorFacts } from "#server/contract/wire/dna.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { OwnerState } from "./owner-state.tsx";

interface OwnerProps {
  readonly source: string;
  readonly name: string;
  readonly actor: ActorFacts | null;
  readonly asOf: string | null;
  readonly everyMs: number;
  /** When the owner was last written, by the database; `undefined` = not read yet. */
  readonly writtenAt: string | null | undefined;
}

const instantOf = (text: string | null | undefined): EpochMs | null =>
  text === null || text === undefined ? null : (Date.parse(text) as EpochMs);

/** Who owns the key by the register, since when, and in which state that incarnation is. */
export function OwnerSection({ source, name, actor, asOf, everyMs, writtenAt }: OwnerProps) {
  const cql = <Age at={instantOf(asOf)} everyMs={everyMs} source="cql" />;
  if (actor === null)
    return (
      <Section title="Who owns it" aside={cql}>
        <Empty title="Nobody: the register has no row for this key.">
          The first message claims it for the node it enters at.
        </Empty>
      </Section>
    );
  if ("unreadable" in actor)
    return (
      <Section title="Who owns it" aside={cql}>
        <Empty title="Its row cannot be read.">{actor.reason}</Empty>
      </Section>
    );
  const { owner, claimedAt } = actor;
  const claimed = instantOf(claimedAt);
  return (
    <Section title="Who owns it" note="owned does not mean running" aside={cql}>
      <Facts
        wide
        facts={[
          {
            name: "owner",
            value:
              owner === null ? (
                <span className="t3">none: the row has no owner</span>
              ) : (
                <span className="row wrap-row">
                  <Link className="mono" href={routes.node(source, owner.incarnation)}>
                    <Name text={owner.node ?? "a node that was never seen"} />
                  </Link>
                  <OwnerState owner={owner} />
                </span>
              ),
            source: "cql, judged by this console",
          },
          {
            name: "incarnation",
            value: owner === null ? "–" : <Id id={owner.incarnation} form="incarnation" />,
            source: "cql",
          },
          { name: "claimed", value: <Stamp at={claimed} />, source: "the claimer's clock" },
          ...(writtenAt === undefined
            ? []
            : [{ name: "written", value: <Stamp at={instantOf(writtenAt)} />, source: "the database's clock" }]),
          { name: "key", value: <Id id={name} form="whole" />, wrap: true, source: "cql" },
        ]}
      />
    </Section>
  );
}

function Stamp({ at }: { readonly at: EpochMs | null }) {
  if (at === null) return <span className="t3">not told</span>;
  return (
    <>
      <Instant at={at} />{" "}
      <span className="t3">
        (<Since at={at} /> ago)
      </span>
    </>
  );
}
