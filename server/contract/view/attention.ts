/**
 * What needs a person, worst first: one pure function over the folds, for the overview in the browser and for
 * `overview.get` alike. Nothing is inferred from a source that is not up: its part says so instead.
 */
import type { StreamName } from "#server/contract/event.ts";
import type { DnaFold, NodeFold } from "#server/contract/fold/dna.ts";
import type { DynflowFold, PlanFold } from "#server/contract/fold/dynflow.ts";
import type { Folds, StreamFold } from "#server/contract/fold/fold.ts";
import type { OperatorFold } from "#server/contract/fold/operator.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

export const NEED_KINDS = [
  "name_conflict",
  "dead_node",
  "source_down",
  "operation_unknown",
  "paused_plans",
  "orphaned_lock",
  "world_silent",
  "job_ended_badly",
  "unreadable_rows",
  "late_node",
] as const;
export type NeedKind = (typeof NEED_KINDS)[number];

/** One thing that needs a person. Texts of upstreams are in it as they are: draw them as text only. */
export interface Need {
  /** Stable while the cause lasts. */
  readonly id: string;
  readonly kind: NeedKind;
  readonly severity: "failed" | "attention";
  readonly stream: StreamName;
  /** What it is about: incarnation, plan, world, lock, job or operation id; the first of several. */
  readonly target: string;
  /** All of them, when it stands for several. */
  readonly targets: readonly string[];
  readonly title: string;
  readonly detail: string;
  readonly since: EpochMs | null;
}

/** An operation without a settled outcome is shown after this. */
const UNSETTLED_AFTER_MS = 15_000;

/** @param now of the server's clock */
export function attention(folds: Folds, now: EpochMs): readonly Need[] {
  const needs = Object.entries(folds).flatMap(([stream, fold]) => needsOf(stream, fold, now));
  return needs.toSorted(worstFirst);
}

function needsOf(stream: StreamName, fold: StreamFold, now: EpochMs): readonly Need[] {
  switch (fold.family) {
    case "dna":
      return fold.source.state === "up" ? dnaNeeds(stream, fold) : sourceNeeds(stream, fold);
    case "dynflow":
      return fold.source.state === "up" ? dynflowNeeds(stream, fold) : sourceNeeds(stream, fold);
    case "operator":
      return operatorNeeds(stream, fold, now);
    case "console":
      return [];
    default:
      return fold satisfies never;
  }
}

function worstFirst(a: Need, b: Need): number {
  if (a.severity !== b.severity) return a.severity === "failed" ? -1 : 1;
  const rank = NEED_KINDS.indexOf(a.kind) - NEED_KINDS.indexOf(b.kind);
  if (rank !== 0) return rank;
  const since = (a.since ?? 0) - (b.since ?? 0);
  return since !== 0 ? since : a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function sourceNeeds(stream: StreamName, { source }: DnaFold | DynflowFold): readonly Need[] {
  if (source.state !== "down") return [];
  const id = stream.slice(stream.indexOf(":") + 1);
  return [
    {
      id: `source_down|${stream}`,
      kind: "source_down",
      severity: "failed",
      stream,
      target: id,
      targets: [id],
      title: `Source ${id} is down`,
      detail: source.reason ?? "no reason known",
      since: source.since,
    },
  ];
}

/** Keys of an incarnation as last counted; `null` = never counted. */
export function ownedKeys(
  fold: DnaFold,
  incarnation: string,
): { readonly keys: number; readonly asOf: EpochMs } | null {
  const owned = fold.owned[incarnation];
  if (owned !== undefined) return { keys: owned.counts.reduce((sum, count) => sum + count.keys, 0), asOf: owned.asOf };
  return fold.census === null ? null : { keys: 0, asOf: fold.census.finishedAt };
}

function dnaNeeds(stream: StreamName, fold: DnaFold): readonly Need[] {
  const nodes = Object.entries(fold.nodes).flatMap(([id, node]) => nodeNeed(stream, fold, id, node) ?? []);
  const unreadable = Object.entries(fold.unreadable);
  const [first] = unreadable;
  if (first === undefined) return nodes;
  return [
    ...nodes,
    {
      id: `unreadable_rows|${stream}`,
      kind: "unreadable_rows",
      severity: "attention",
      stream,
      target: first[0],
      targets: unreadable.map(([key]) => key),
      title:
        unreadable.length === 1
          ? "A row of the nodes table cannot be read"
          : `${unreadable.length} rows of the nodes table cannot be read`,
      detail: `${first[0]}: ${first[1].reason}`,
      since: null,
    },
  ];
}

function nodeNeed(stream: StreamName, fold: DnaFold, id: string, node: NodeFold): Need | null {
  const base = { stream, target: id, targets: [id], since: node.since };
  if (node.flags.name_conflict !== undefined) {
    const title = `Two incarnations beat as ${node.node}`;
    return {
      ...base,
      id: `name_conflict|${stream}|${id}`,
      kind: "name_conflict",
      severity: "failed",
      title,
      detail: node.flags.name_conflict,
    };
  }
  if (node.state === "silent" || node.state === "gone") return deadNeed(base, fold, id, node);
  if (node.state !== "late") return null;
  const title = `Node ${node.node} is late`;
  return {
    ...base,
    id: `late_node|${stream}|${id}`,
    kind: "late_node",
    severity: "attention",
    title,
    detail: node.evidence,
  };
}

/** A dead node needs a person while it holds keys, or while nobody knows whether it does. */
function deadNeed(
  base: Pick<Need, "stream" | "target" | "targets" | "since">,
  fold: DnaFold,
  id: string,
  node: NodeFold,
): Need | null {
  const owned = ownedKeys(fold, id);
  if (owned !== null && owned.keys === 0 && owned.asOf >= node.since) return null;
  const known = owned !== null && owned.keys > 0;
  const holds = known ? `holds ${owned.keys} keys` : "its keys have not been counted since";
  return {
    ...base,
    id: `dead_node|${base.stream}|${id}`,
    kind: "dead_node",
    severity: known || node.state === "silent" ? "failed" : "attention",
    title: `Node ${node.node} is ${node.state}${known ? ", its keys are not yet taken over" : ""}`,
    detail: `${node.evidence} · ${holds}`,
  };
}

function dynflowNeeds(stream: StreamName, fold: DynflowFold): readonly Need[] {
  return [...pausedNeeds(stream, fold), ...lockNeeds(stream, fold), ...worldNeeds(stream, fold)];
}

/** Class of a plan for people: its label, else the class of its root action. */
export const planClass = (plan: Pick<PlanFold, "label" | "rootActionClass">): string =>
  plan.label ?? plan.rootActionClass ?? "(no label)";

function pausedNeeds(stream: StreamName, fold: DynflowFold): readonly Need[] {
  const groups = new Map<string, [string, PlanFold][]>();
  for (const entry of Object.entries(fold.plans)) {
    const [, plan] = entry;
    if (plan.state !== "paused") continue;
    const key = `${planClass(plan)}|${plan.failure?.actionClass ?? ""}|${plan.failure?.exceptionClass ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups].flatMap(([key, plans]) => pausedNeed(stream, key, plans));
}

function pausedNeed(stream: StreamName, key: string, plans: readonly (readonly [string, PlanFold])[]): readonly Need[] {
  const oldestFirst = plans.toSorted(([, a], [, b]) => a.stateSince - b.stateSince);
  const [oldest] = oldestFirst;
  if (oldest === undefined) return [];
  const [target, plan] = oldest;
  const { failure } = plan;
  return [
    {
      id: `paused_plans|${stream}|${key}`,
      kind: "paused_plans",
      severity: "failed",
      stream,
      target,
      targets: oldestFirst.map(([id]) => id),
      title: plans.length === 1 ? `${planClass(plan)} is paused` : `${plans.length} × ${planClass(plan)} are paused`,
      detail:
        failure === null
          ? "no failed step"
          : `step ${failure.stepId} ${failure.actionClass} · ${failure.exceptionClass}`,
      since: plan.stateSince,
    },
  ];
}

function lockNeeds(stream: StreamName, fold: DynflowFold): readonly Need[] {
  return Object.entries(fold.locks)
    .filter(([, lock]) => lock.worldId !== null && fold.worlds[lock.worldId] === undefined)
    .map(([key, lock]) => ({
      id: `orphaned_lock|${stream}|${key}`,
      kind: "orphaned_lock" as const,
      severity: "failed" as const,
      stream,
      target: lock.planId ?? key,
      targets: [key],
      title: `A lock is held by a world that is not registered`,
      detail: `${lock.class} ${lock.id} · world ${lock.worldId ?? ""}`,
      since: lock.seenSince,
    }));
}

function worldNeeds(stream: StreamName, fold: DynflowFold): readonly Need[] {
  return Object.entries(fold.worlds)
    .filter(([, world]) => world.ping !== null && world.ping.roundTripMs === null)
    .map(([id, world]) => {
      const locks = Object.values(fold.locks).filter((lock) => lock.worldId === id).length;
      return {
        id: `world_silent|${stream}|${id}`,
        kind: "world_silent" as const,
        severity: world.executor ? ("failed" as const) : ("attention" as const),
        stream,
        target: id,
        targets: [id],
        title: `World ${world.hostname ?? id} did not answer a ping`,
        detail: locks === 0 ? "holds no locks" : `holds ${locks} locks`,
        since: world.ping?.at ?? null,
      };
    });
}

function operatorNeeds(stream: StreamName, fold: OperatorFold, now: EpochMs): readonly Need[] {
  const operations = fold.operations.flatMap((operation): Need[] => {
    const askedAt = operation.at.requested ?? null;
    const lost = operation.phase === "requested" && askedAt !== null && now - askedAt > UNSETTLED_AFTER_MS;
    if (operation.phase !== "unknown" && operation.phase !== "unverified" && !lost) return [];
    const detail = operation.found ?? "no answer was recorded";
    const title = `Outcome of ${operation.action} is not known`;
    return [
      {
        id: `operation_unknown|${operation.id}`,
        kind: "operation_unknown",
        severity: "attention",
        stream,
        target: operation.target,
        targets: [operation.id],
        title,
        detail,
        since: askedAt,
      },
    ];
  });
  const jobs = Object.entries(fold.jobs).flatMap(([id, job]): Need[] => {
    const bad =
      job.state === "failed" ||
      job.state === "stopped" ||
      (job.state === "done" && job.counts.unknown + job.counts.failed > 0);
    if (!bad) return [];
    const title = `Job “${job.title}” ${job.state === "done" ? "left some undone" : job.state}`;
    return [
      {
        id: `job_ended_badly|${id}`,
        kind: "job_ended_badly",
        severity: "attention",
        stream,
        target: id,
        targets: [id],
        title,
        detail: job.note ?? "",
        since: job.since,
      },
    ];
  });
  return [...operations, ...jobs];
}
