import type { JournalEvent, Maskable } from "#server/contract/event.ts";
import {
  HAF_CHECKS,
  type HafAppFacts,
  type HafCheck,
  type HafDatabaseFacts,
  type HafDockerState,
  type HafEventBodies,
  type HafIndexFacts,
  type HafLifecycleFact,
  type HafLogFacts,
  type HafPhase,
  type HafProgressFacts,
  type HafRoleRef,
  type HafRoleState,
  hafRoleKey,
} from "#server/contract/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { DecimalText } from "#server/kernel/json.ts";
import { COPYING, own, type RecordEditor } from "./record.ts";
import { reduceSource, type SourceFold, UNKNOWN_SOURCE } from "./source.ts";

export interface HafAppFold extends HafAppFacts {
  readonly stateSince: EpochMs;
  /** When any of it was last seen to change. */
  readonly movedAt: EpochMs;
  /** How often an app of this name was created: the generation of its roles. */
  readonly life: number;
}

export interface HafRoleFold extends HafRoleRef {
  readonly state: HafRoleState;
  readonly inferred: boolean;
  /** When it came to this state, by the source's clock. */
  readonly since: EpochMs;
  readonly exitCode: number | null;
  readonly container: HafEventBodies["haf.role.changed"]["container"];
}

export interface HafCheckFold {
  readonly level: HafEventBodies["haf.check.changed"]["to"];
  readonly since: EpochMs;
  readonly evidence: string;
  readonly about: readonly string[];
}

export interface HafFold {
  readonly family: "haf";
  readonly source: SourceFold;
  readonly database: HafDatabaseFacts | null;
  /** As `HAF_PHASES` order them; empty = nothing was read yet. */
  readonly phases: readonly HafPhase[];
  readonly phasesSince: EpochMs;
  readonly syncState: string | null;
  readonly ready: boolean | null;
  readonly indexes: HafIndexFacts | null;
  readonly progress: HafProgressFacts | null;
  readonly fork: { readonly id: DecimalText; readonly block: number } | null;
  readonly hived: {
    readonly connectionId: DecimalText;
    readonly gitSha: string | null;
    readonly since: EpochMs;
  } | null;
  readonly docker: {
    readonly state: HafDockerState;
    readonly since: EpochMs;
    readonly reason: Maskable<string> | null;
  };
  readonly apps: Readonly<Record<string, HafAppFold>>;
  /** By `hafRoleKey`. */
  readonly roles: Readonly<Record<string, HafRoleFold>>;
  readonly checks: Readonly<Partial<Record<HafCheck, HafCheckFold>>>;
  /** What happened, oldest first, at most `HAF_FACTS_MAX`; older ones are in the journal. */
  readonly facts: readonly HafLifecycleFact[];
  /** The rows of the apps' log that were told last, as `hafLogKey` names them, at most `HAF_LOG_TAIL_MAX`. */
  readonly logTail: readonly string[];
}

/** Lines of `facts` kept. */
export const HAF_FACTS_MAX = 500;
/** Rows of the apps' log that are remembered, so that none is told twice after a restart or a rewind. */
export const HAF_LOG_TAIL_MAX = 100;
/** Lives of roles kept: beyond it those that ended first go first. */
export const HAF_ROLES_MAX = 400;
/** Apps kept: beyond it those that were removed first go first. */
export const HAF_APPS_MAX = 300;

export const EMPTY_HAF: HafFold = {
  family: "haf",
  source: UNKNOWN_SOURCE,
  database: null,
  phases: [],
  phasesSince: 0 as EpochMs,
  syncState: null,
  ready: null,
  indexes: null,
  progress: null,
  fork: null,
  hived: null,
  docker: { state: "none", since: 0 as EpochMs, reason: null },
  apps: {},
  roles: {},
  checks: {},
  facts: [],
  logTail: [],
};

/** Which row of the apps' log it is, in a database that may be another one tomorrow. */
export const hafLogKey = ({
  logId,
  app,
  event,
  block,
}: Pick<HafLogFacts, "logId" | "app" | "event" | "block">): string => `${logId} ${event} ${block ?? "-"} ${app}`;

/** Pure and total; an event of another kind changes nothing. */
export function reduceHaf(state: HafFold, event: JournalEvent, edit: RecordEditor = COPYING): HafFold {
  switch (event.kind) {
    case "source.state_changed":
      return { ...state, source: reduceSource(state.source, event) };
    case "haf.database.changed":
      return { ...state, database: event.body };
    case "haf.stack.state_changed": {
      const { to, evidence } = event.body;
      const moved = { ...state, phases: to, phasesSince: event.observedAt };
      return withFact(moved, event, { kind: "phase", to: to.join(","), note: evidence });
    }
    case "haf.sync_state.changed": {
      const { from, to } = event.body;
      const note = from === null ? `hived is in ${to}` : `hived goes from ${from} to ${to}`;
      return withFact({ ...state, syncState: to }, event, { kind: "note", to: "sync-state", note });
    }
    case "haf.ready.changed":
      return { ...state, ready: event.body.ready };
    case "haf.indexes.changed":
      return { ...state, indexes: event.body };
    case "haf.progress":
      return { ...state, progress: event.body };
    case "haf.block.rewound": {
      const { from, to } = event.body;
      const note = `the last irreversible block went from ${from} back to ${to}`;
      return withFact(state, event, { kind: "note", to: "rewound", note });
    }
    case "haf.fork.switched":
    case "haf.hived.connected":
      return reduceHived(state, event);
    case "haf.app.state_changed":
    case "haf.app.changed":
    case "haf.app.logged":
      return reduceApp(state, event, edit);
    case "haf.role.changed":
      return reduceRole(state, event, edit);
    case "haf.docker.changed": {
      const { state: now, reason } = event.body;
      return { ...state, docker: { state: now, since: event.observedAt, reason } };
    }
    case "haf.check.changed": {
      const check = HAF_CHECKS.find((known) => known === event.subject);
      if (check === undefined) return state;
      const { to: level, evidence, about } = event.body;
      const known = state.checks[check];
      const since = known?.level === level ? known.since : event.observedAt;
      return { ...state, checks: { ...state.checks, [check]: { level, since, evidence, about } } };
    }
    default:
      return state;
  }
}

type Of<K extends JournalEvent["kind"]> = Extract<JournalEvent, { readonly kind: K }>;

function reduceHived(state: HafFold, event: Of<"haf.fork.switched" | "haf.hived.connected">): HafFold {
  if (event.kind === "haf.fork.switched") {
    const { forkId: id, block } = event.body;
    const moved = { ...state, fork: { id, block } };
    if (state.fork === null) return moved;
    return withFact(moved, event, { kind: "note", to: "fork", note: `fork ${id} from block ${block} on` });
  }
  const { connectionId, gitSha, block, again } = event.body;
  const moved = { ...state, hived: { connectionId, gitSha, since: event.occurredAt } };
  const note = `hived ${again ? "started again" : "started"} at block ${block}`;
  return withFact(moved, event, { kind: "note", to: "hived", note });
}

function reduceApp(
  state: HafFold,
  event: Of<"haf.app.state_changed" | "haf.app.changed" | "haf.app.logged">,
  edit: RecordEditor,
): HafFold {
  if (event.kind === "haf.app.logged") {
    const { app, event: to, stage, block } = event.body;
    const logTail = [...state.logTail, hafLogKey(event.body)].slice(-HAF_LOG_TAIL_MAX);
    const note = [stage, block === null ? null : `block ${block}`].filter((part) => part !== null).join(", ");
    const line = { kind: "log", ref: syncOf(state, app), to, note } as const;
    return to === "DETACHED"
      ? withDetached({ ...state, logTail }, event, line)
      : withFact({ ...state, logTail }, event, line);
  }
  const known = own(state.apps, event.subject);
  const facts = event.kind === "haf.app.changed" ? event.body : event.body.app;
  const anew = known?.state === "removed" && facts.state !== "removed";
  const app: HafAppFold = {
    ...facts,
    stateSince: known?.state === facts.state ? known.stateSince : event.observedAt,
    movedAt: event.observedAt,
    life: known === undefined ? 1 : known.life + (anew ? 1 : 0),
  };
  const moved = { ...state, apps: withoutOldest(edit.put(state.apps, event.subject, app), edit, APPS) };
  if (event.kind === "haf.app.changed") return moved;
  const ref = syncOf(moved, event.subject);
  return withFact(moved, event, { kind: "note", ref, to: facts.state, note: event.body.evidence });
}

/**
 * An app that begins is attached and detached again at one instant, in one transaction: nothing to draw. What it did in
 * between stays.
 */
function withDetached(state: HafFold, event: Of<"haf.app.logged">, line: Line): HafFold {
  const flip = state.facts.findLastIndex(
    ({ kind, at, to, ref }) =>
      kind === "log" && to === "ATTACHED" && at === event.occurredAt && ref?.app === event.body.app,
  );
  return flip < 0 ? withFact(state, event, line) : { ...state, facts: state.facts.toSpliced(flip, 1) };
}

const syncOf = (state: HafFold, app: string): HafRoleRef => ({
  role: "sync",
  app,
  generation: own(state.apps, app)?.life ?? 1,
});

function reduceRole(state: HafFold, event: Of<"haf.role.changed">, edit: RecordEditor): HafFold {
  const { role, app, generation, to, inferred, cause, exitCode, evidence, container } = event.body;
  const ref = { role, app, generation };
  const life = { ...ref, state: to, inferred, since: event.occurredAt, exitCode, container };
  const roles = withoutOldest(edit.put(state.roles, hafRoleKey(ref), life), edit, ROLES);
  return withFact({ ...state, roles }, event, { kind: "role", ref, to, cause, inferred, note: evidence });
}

interface Bound<T> {
  readonly max: number;
  readonly isOver: (entry: T) => boolean;
  readonly since: (entry: T) => number;
}

const APPS: Bound<HafAppFold> = {
  max: HAF_APPS_MAX,
  isOver: ({ state }) => state === "removed",
  since: ({ movedAt }) => movedAt,
};
const ROLES: Bound<HafRoleFold> = {
  max: HAF_ROLES_MAX,
  isOver: ({ state }) => isHafRoleOver(state),
  since: ({ since }) => since,
};

/** Whether this life is over: nothing follows but another one. */
export const isHafRoleOver = (state: HafRoleState): boolean =>
  state === "done" || state === "failed" || state === "destroyed";

function withoutOldest<T>(
  record: Readonly<Record<string, T>>,
  edit: RecordEditor,
  { max, isOver, since }: Bound<T>,
): Readonly<Record<string, T>> {
  const entries = Object.entries(record);
  if (entries.length <= max) return record;
  const first = entries.toSorted(
    ([a, one], [b, other]) =>
      Number(isOver(other)) - Number(isOver(one)) || since(one) - since(other) || (a < b ? -1 : 1),
  )[0];
  return first === undefined ? record : edit.drop(record, first[0]);
}

type Line = Pick<HafLifecycleFact, "kind" | "to" | "note"> & Partial<HafLifecycleFact>;

function withFact(state: HafFold, event: JournalEvent, line: Line): HafFold {
  const fact: HafLifecycleFact = { at: event.occurredAt, ref: null, cause: null, inferred: false, ...line };
  return { ...state, facts: [...state.facts, fact].slice(-HAF_FACTS_MAX) };
}
