"use client";
import { Button } from "#components/ui/button.tsx";
import { Glyph } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { placeHref } from "#components/ui/places.ts";
import { usePermitted, useRefusal } from "#components/ui/session.ts";
import { Age, Instant, Since } from "#components/ui/time.tsx";
import type { Need, NeedKind, PlanOffer } from "#server/contract/view/need.ts";

export interface FailoverTarget {
  readonly source: string;
  readonly incarnation: string;
}

const VERBS: Readonly<Record<NeedKind, string>> = {
  doubled_actor: "Open actor",
  approval_asked: "Open journal",
  name_conflict: "Open node",
  zombie_node: "Open node",
  dead_node: "Open node",
  uncounted_node: "Open node",
  late_node: "Open node",
  unreadable_rows: "Open cluster",
  health_check: "Open check",
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
  reader_parked: "Open part",
  receiver_failing: "Open pipeline",
  haf_check: "Open stack",
  agent_inactive: "Open agent",
  agent_late: "Open agent",
  agent_gap: "Open agent",
  job_ended_badly: "Open job",
  operation_unknown: "Open journal",
};

const verbOf = ({ kind, place }: Need): string =>
  place.page === "plans"
    ? "Open plans"
    : place.page === "cluster"
      ? "Open cluster"
      : place.page === "health"
        ? VERBS.health_check
        : VERBS[kind];

/** What a row can open. */
export interface NeedActs {
  failOver(target: FailoverTarget): void;
  offer(offer: PlanOffer): void;
  /** Says yes or no to what a colleague asks. */
  decide(approvalId: string): void;
  acknowledge(need: Need): void;
  release(need: Need): void;
}

interface NeedRowProps {
  readonly need: Need;
  readonly number: number | null;
  readonly current: boolean;
  readonly acts: NeedActs;
}

/** One finding: what it is, the evidence, what can be done about it. */
export function NeedRow({ need, number, current, acts }: NeedRowProps) {
  const { place, remedy = null, acknowledged = null } = need;
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
        {acknowledged !== null ? (
          <div className="rem trunc">
            <bdi>{acknowledged.by ?? "Somebody"}</bdi> has it until <Instant at={acknowledged.until} />
            {acknowledged.reason !== null && (
              <>
                : <bdi>{acknowledged.reason}</bdi>
              </>
            )}
            {need.count > acknowledged.count && `; ${need.count - acknowledged.count} more since`}
          </div>
        ) : (
          remedy !== null && (
            <div className="rem trunc" title={remedy}>
              → {remedy}
            </div>
          )
        )}
      </div>
      <span className="num t2 small since nowrap">{need.since !== null && <Since at={need.since} />}</span>
      <span className="verb">
        {acknowledged === null && <PrimaryAct need={need} first={number === 1} acts={acts} />}
        <HoldAct need={need} acts={acts} />
      </span>
    </li>
  );
}

/** What is done about it most often; where nothing can be, the place where it is seen. */
function PrimaryAct({ need, first, acts }: { readonly need: Need; readonly first: boolean; readonly acts: NeedActs }) {
  const failoverRefusal = useRefusal("dna:failover");
  const bulkRefusal = useRefusal("plans:bulk");
  const approveRefusal = useRefusal("safety:approve");
  const { place, offer, kind } = need;
  if (kind === "approval_asked" && approveRefusal === null)
    return (
      <Button small primary={first} onPress={() => acts.decide(need.target)}>
        Decide…
      </Button>
    );
  const dead = kind === "dead_node" || kind === "uncounted_node";
  if (dead && place.page === "node" && failoverRefusal === null)
    return (
      <Button small primary={first} onPress={() => acts.failOver(place)}>
        Fail over…
      </Button>
    );
  if (offer !== undefined && offer.planIds.length > 1 && bulkRefusal === null)
    return (
      <Button small primary={first} onPress={() => acts.offer(offer)}>
        Resume all…
      </Button>
    );
  return (
    <Link className="btn sm" href={placeHref(place)}>
      {verbOf(need)}
    </Link>
  );
}

/** Taking it on, or letting it go. */
function HoldAct({ need, acts }: { readonly need: Need; readonly acts: NeedActs }) {
  const refusal = useRefusal("attention:acknowledge");
  const permitted = usePermitted("attention:acknowledge");
  if (!permitted) return null;
  const held = need.acknowledged !== undefined && need.acknowledged !== null;
  return (
    <Button small refusal={refusal} onPress={() => (held ? acts.release(need) : acts.acknowledge(need))}>
      {held ? "Let go…" : "I have it…"}
    </Button>
  );
}
