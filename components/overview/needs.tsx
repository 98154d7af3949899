"use client";
import { useState } from "react";
import { useAttention } from "#components/shell/attention-context.tsx";
import { useAddress } from "#components/ui/address.ts";
import { Button } from "#components/ui/button.tsx";
import { Glyph } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { useNotKnown } from "#components/ui/not-known.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { placeHref } from "#components/ui/places.ts";
import { useRowCursor } from "#components/ui/row-cursor.ts";
import { Section } from "#components/ui/section.tsx";
import { useRefusal } from "#components/ui/session.ts";
import { Age, Since } from "#components/ui/time.tsx";
import { Empty, Skeleton } from "#components/ui/widget.tsx";
import type { Need, NeedKind } from "#server/contract/view/need.ts";

const FailoverDialog = onDemand(() =>
  import("#components/failover/failover-dialog.tsx").then((module) => module.FailoverDialog),
);

const NUMBERED = 7;
const SHOWN_MAX = 30;

interface FailoverTarget {
  readonly source: string;
  readonly incarnation: string;
}

/** The findings, worst first; keys 1 to 7 open them. */
export function Needs() {
  const needs = useAttention();
  const { go } = useAddress();
  const past = useIsPast();
  const unknown = useNotKnown("dna", "dynflow").length;
  const [failover, setFailover] = useState<FailoverTarget | null>(null);
  const [all, setAll] = useState(false);
  const shown = (needs ?? []).slice(0, all ? undefined : SHOWN_MAX);
  const open = (need: Need | undefined) => {
    if (need === undefined) return false;
    go(placeHref(need.place));
    return true;
  };
  const cursor = useRowCursor({ rows: shown, idOf: ({ id }) => id, onOpen: open });
  useKeys(
    Array.from({ length: NUMBERED }, (_, index) => ({
      keys: String(index + 1),
      does: `open finding ${index + 1}`,
      run: () => open(shown[index]),
    })),
    { group: "Needs a person" },
  );
  if (needs === undefined)
    return (
      <Section title="Needs a person">
        <Skeleton rows={4} what="what needs a person" />
      </Section>
    );
  return (
    <Section
      title="Needs a person"
      note="worst first: data at risk, then stuck, then late"
      aside={needs.length > 0 ? keysNote(needs.length) : undefined}
    >
      {needs.length === 0 ? (
        <Empty
          title={
            unknown > 0
              ? "Nothing that is known needed a person then."
              : `Nothing ${past ? "needed" : "needs"} a person ${past ? "then" : "now"}.`
          }
        >
          {unknown === 0 && "No dead node holds keys, no plan is paused, every source and every asked world answers."}
        </Empty>
      ) : (
        <ol className="needs">
          {shown.map((need, index) => (
            <NeedRow
              key={need.id}
              need={need}
              number={index < NUMBERED ? index + 1 : null}
              current={cursor.current === need.id}
              onFailover={setFailover}
            />
          ))}
        </ol>
      )}
      {needs.length > shown.length && (
        <p className="more small t3">
          <Button small onPress={() => setAll(true)}>
            Show all {needs.length}
          </Button>
        </p>
      )}
      {failover !== null && <FailoverDialog {...failover} onClose={() => setFailover(null)} />}
    </Section>
  );
}

const keysNote = (count: number): string => (count === 1 ? "press 1" : `press 1 to ${Math.min(NUMBERED, count)}`);

const VERBS: Readonly<Record<NeedKind, string>> = {
  name_conflict: "Open node",
  dead_node: "Open node",
  uncounted_node: "Open node",
  late_node: "Open node",
  unreadable_rows: "Open cluster",
  orphaned_lock: "Open locks",
  no_executor: "Open worlds",
  no_poller: "Open worlds",
  plan_unlocked: "Open plan",
  planning_stuck: "Open plan",
  never_starts: "Open plan",
  planned_long: "Open plan",
  skipped_waiting: "Open plan",
  suspended_long: "Open plan",
  world_silent: "Open world",
  paused_plans: "Open plan",
  source_down: "Since when",
  job_ended_badly: "Open job",
  operation_unknown: "Open journal",
};

const verbOf = ({ kind, place }: Need): string =>
  place.page === "plans" ? "Open plans" : place.page === "cluster" ? "Open cluster" : VERBS[kind];

interface NeedRowProps {
  readonly need: Need;
  readonly number: number | null;
  readonly current: boolean;
  readonly onFailover: (target: FailoverTarget) => void;
}

function NeedRow({ need, number, current, onFailover }: NeedRowProps) {
  const refusal = useRefusal("dna:failover");
  const { place } = need;
  const dead = need.kind === "dead_node" || need.kind === "uncounted_node";
  const failsOver = dead && place.page === "node" && refusal === null;
  const [before, name, after] = need.headline;
  return (
    <li className={current ? "sel" : ""} data-row={need.id}>
      <span className="k" aria-hidden="true">
        {number}
      </span>
      <span className="gly">
        <Glyph tone={need.severity} shape={need.shape} label={need.severity === "failed" ? "failed" : "attention"} />
      </span>
      <div className="what">
        <div className="ttl trunc" title={need.title}>
          <Link href={placeHref(place)} className="plain">
            {before}
            {name !== "" && <bdi className="strong">{name}</bdi>}
            {after}
          </Link>
        </div>
        <div className="ev trunc" title={need.detail}>
          {need.evidence.map(({ text, at }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: evidence has an order and no name
            <span key={index}>
              {index > 0 && " · "}
              <bdi>{text}</bdi>
              {at !== undefined && (
                <>
                  {" "}
                  <Age at={at} suffix="ago" />
                </>
              )}
            </span>
          ))}
        </div>
      </div>
      <span className="num t2 small since nowrap">{need.since !== null && <Since at={need.since} />}</span>
      <span className="verb">
        {failsOver ? (
          <Button
            small
            primary={number === 1}
            onPress={() => onFailover({ source: place.source, incarnation: place.incarnation })}
          >
            Fail over…
          </Button>
        ) : (
          <Link className="btn sm" href={placeHref(place)}>
            {verbOf(need)}
          </Link>
        )}
      </span>
    </li>
  );
}
