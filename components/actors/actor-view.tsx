"use client";
import { useQuery } from "@tanstack/react-query";
import { HistorySection } from "#components/history/history-section.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Crumbs } from "#components/ui/crumbs.tsx";
import { useEstate } from "#components/ui/estate.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { copyText, Id, Name } from "#components/ui/ident.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { OutLinks } from "#components/ui/out-links.tsx";
import { routes } from "#components/ui/routes.ts";
import { Facts, PageHead, Section } from "#components/ui/section.tsx";
import { Age, Instant, Since } from "#components/ui/time.tsx";
import { useTRPC } from "#components/ui/trpc.ts";
import { Empty, Faults, QueryWidget } from "#components/ui/widget.tsx";
import { actorSubject } from "#server/contract/actor-key.ts";
import type { ActorView as ActorFacts } from "#server/contract/wire/dna.ts";
import type { ExplainOutput } from "#server/contract/wire/dna-actors.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { Tone } from "#server/kernel/states.ts";
import { OwnerState } from "./owner-state.tsx";
import { OwnerThen } from "./owners-then.tsx";

const RequestPath = onDemand(() =>
  import("#components/lifecycle/request-path.tsx").then((module) => module.RequestPath),
);

const EVERY_MS = 3_000;

interface ActorViewProps {
  readonly source: string;
  readonly namespace: string;
  readonly moduleId: number;
  readonly name: string;
}

/** One key: who owns it since when, and what would happen to a message now. */
export function ActorView({ source, namespace, moduleId, name }: ActorViewProps) {
  const { go } = useAddress();
  const module = useEstate()?.dna.find(({ id }) => id === source)?.modules[String(moduleId)];
  const past = useIsPast();
  const subject = actorSubject({ namespace, moduleId, name });
  const type = `${namespace} / ${moduleId}${module === undefined ? "" : ` ${module}`}`;
  const list = routes.actors({ source, namespace, moduleId });
  useKeys(
    [
      { keys: "Escape", does: "back to the list", run: () => go(list) },
      { keys: "Y", does: "copy the name", run: () => void copyText(name) },
    ],
    { group: "Actor" },
  );
  return (
    <div className="page">
      <Crumbs
        path={[
          { text: "Actors", href: routes.actors() },
          { text: source, href: routes.actors({ source }) },
          { text: type, href: list },
          { text: name === "" ? "(empty name)" : name, mono: true },
        ]}
      />
      <PageHead
        title={
          <>
            <span className="t3 regular">
              <Name text={type} /> /{" "}
            </span>
            <Name text={name} />
          </>
        }
        sub={<OutLinks on="dna.actor" values={{ source, actor: name }} />}
      />
      {past ? (
        <OwnerThen source={source} subject={subject} />
      ) : (
        <ActorNow source={source} namespace={namespace} moduleId={moduleId} name={name} what={`${type} / ${name}`} />
      )}
      <HistorySection thing={{ type: "actor", source, id: subject }} what={`${type} / ${name}`} />
    </div>
  );
}

function ActorNow({ source, namespace, moduleId, name, what }: ActorViewProps & { readonly what: string }) {
  const query = useQuery(
    useTRPC().dna.actors.explain.queryOptions({ source, namespace, moduleId, name }, { refetchInterval: EVERY_MS }),
  );
  return (
    <QueryWidget query={query} what={what} rows={6}>
      {(explained) => (
        <div className="stack">
          <Faults faults={explained.faults} />
          <Owner source={source} name={name} actor={explained.actor} asOf={explained.asOf} />
          <MessageNow explained={explained} />
        </div>
      )}
    </QueryWidget>
  );
}

interface OwnerProps {
  readonly source: string;
  readonly name: string;
  readonly actor: ActorFacts | null;
  readonly asOf: string | null;
}

function Owner({ source, name, actor, asOf }: OwnerProps) {
  const cql = <Age at={asOf === null ? null : (Date.parse(asOf) as EpochMs)} everyMs={EVERY_MS} source="cql" />;
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
  const claimed = claimedAt === null ? null : (Date.parse(claimedAt) as EpochMs);
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
                  <Link className="mono" href={routes.topology({ of: source, node: owner.incarnation })}>
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
          {
            name: "claimed",
            value: (
              <>
                <Instant at={claimed} />{" "}
                {claimed !== null && (
                  <span className="t3">
                    (<Since at={claimed} /> ago)
                  </span>
                )}
              </>
            ),
            source: "the claimer's clock",
          },
          { name: "key", value: <Id id={name} form="whole" />, wrap: true, source: "cql" },
        ]}
      />
    </Section>
  );
}

const END_TONES: Readonly<Record<ExplainOutput["end"], Tone>> = {
  deliver: "good",
  start: "good",
  forward: "good",
  claim: "working",
  replace: "attention",
  halt: "failed",
  crash: "failed",
  unknown: "unknown",
};

function MessageNow({ explained }: { readonly explained: ExplainOutput }) {
  const { end, sentence, nodes, edges, assumptions } = explained;
  return (
    <Section title="A message now" note="what would happen, by what can be read from here">
      <p className="answer">
        <Glyph tone={END_TONES[end]} label={end} />
        <span>{sentence}</span>
      </p>
      <div className="two-col">
        <RequestPath nodes={nodes} edges={edges} />
        <section>
          <h3 className="lbl">It rests on</h3>
          <ul className="plain-list">
            {assumptions.map((text) => (
              <li key={text} className="small t2">
                {text}
              </li>
            ))}
          </ul>
        </section>
      </div>
    </Section>
  );
}
