import type {
  ActorFacts,
  BeamState,
  CensusCount,
  CensusTypeFacts,
  DatabaseHostFacts,
  HealthLevel,
  IncarnationFlag,
  IncarnationState,
  InstanceFacts,
  JournalEvent,
  OwnerFacts,
} from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { DecimalText } from "#server/kernel/json.ts";
import { COPYING, own, type RecordEditor } from "./record.ts";
import { reduceSource, type SourceFold, UNKNOWN_SOURCE } from "./source.ts";

/** One incarnation as the console has judged it. */
export interface NodeFold {
  readonly cluster: string;
  readonly node: string;
  readonly createdAt: EpochMs;
  readonly nodeId: DecimalText;
  readonly state: IncarnationState;
  /** When it entered this state, by our clock. */
  readonly since: EpochMs;
  /** Silence counted at that moment. */
  readonly silentMsThen: number;
  readonly evidence: string;
  /** Flag to its evidence. */
  readonly flags: Readonly<Partial<Record<IncarnationFlag, string>>>;
  readonly firstSeenAt: EpochMs;
}

export interface CensusFold {
  readonly startedAt: EpochMs;
  readonly finishedAt: EpochMs;
  readonly rows: number;
  readonly unreadableRows: number;
  /** Rows by type; empty when an older version of the console counted. */
  readonly types: readonly CensusTypeFacts[];
  /** Keys of owners that are not told one by one: there were too many. */
  readonly otherKeys: number;
}

/** One check as last judged. */
export interface HealthFold {
  readonly level: HealthLevel;
  readonly evidence: string;
  readonly about: readonly string[];
  /** When it came to this level, by our clock. */
  readonly since: EpochMs;
  /** When this evidence was told. */
  readonly at: EpochMs;
}

/** Keys of one incarnation by type as last counted, each with the age of its own count. */
export interface OwnedFold {
  readonly asOf: EpochMs;
  readonly counts: readonly CensusCount[];
}

/** A key that is read because somebody looks at it, with its owner as last seen to change. */
export interface WatchedFold extends ActorFacts, OwnerFacts {
  /** When this owner was first seen, by our clock. */
  readonly since: EpochMs;
  /** Who owned it between this and `since` is not known; `null` = nothing before `since` is. */
  readonly notKnownFrom: EpochMs | null;
}

/** How the console stands with the machine behind one BEAM name. */
export interface BeamFold {
  readonly cluster: string;
  readonly state: BeamState;
  readonly reason: string | null;
  /** The incarnation it said it is; `null` = it has not said so. */
  readonly identity: string | null;
  readonly since: EpochMs;
}

/** A key with several instances at the same time. */
export interface DoubledFold extends ActorFacts {
  readonly instances: readonly InstanceFacts[];
  readonly evidence: string;
  /** When it was told first, by our clock. */
  readonly since: EpochMs;
}

/** The last time the instances of an incarnation ended all but at once. */
export interface CountFellFold {
  readonly node: string;
  readonly at: EpochMs;
  readonly before: number;
  readonly after: number;
  readonly withinMs: number;
}

export interface DnaFold {
  readonly family: "dna";
  readonly source: SourceFold;
  /** Incarnation id (`created:id`) to what is known of it. */
  readonly nodes: Readonly<Record<string, NodeFold>>;
  /** Key of a row that could not be read to why; they cost only themselves. */
  readonly unreadable: Readonly<Record<string, { readonly cluster: string; readonly reason: string }>>;
  readonly database: {
    readonly name: string;
    readonly product: string;
    readonly hosts: readonly DatabaseHostFacts[];
  } | null;
  readonly census: CensusFold | null;
  readonly owned: Readonly<Record<string, OwnedFold>>;
  /** By `actorSubject`; bounded by the watch, which lets the oldest go. */
  readonly watched: Readonly<Record<string, WatchedFold>>;
  /** BEAM name to how the console stands with it; empty where no access to the nodes is configured. */
  readonly beam: Readonly<Record<string, BeamFold>>;
  /** By `actorSubject`: keys that run on several nodes at once. */
  readonly doubled: Readonly<Record<string, DoubledFold>>;
  /** Incarnation id to the last fall of its running instances; forgotten with it. */
  readonly fell: Readonly<Record<string, CountFellFold>>;
  /** By id of the check. */
  readonly health: Readonly<Record<string, HealthFold>>;
}

export const EMPTY_DNA: DnaFold = {
  family: "dna",
  source: UNKNOWN_SOURCE,
  nodes: {},
  unreadable: {},
  database: null,
  census: null,
  owned: {},
  watched: {},
  beam: {},
  doubled: {},
  fell: {},
  health: {},
};

/** Pure and total; an event of another kind changes nothing. */
export function reduceDna(state: DnaFold, event: JournalEvent, edit: RecordEditor = COPYING): DnaFold {
  switch (event.kind) {
    case "source.state_changed":
      return { ...state, source: reduceSource(state.source, event) };
    case "dna.node.seen":
      return withNode(edit, state, event.subject, {
        ...event.body,
        state: "observing",
        since: event.observedAt,
        silentMsThen: 0,
        evidence: "first seen",
        flags: {},
        firstSeenAt: event.observedAt,
      });
    case "dna.incarnation.state_changed": {
      const node = own(state.nodes, event.subject);
      if (node === undefined) return state;
      const { to, evidence, silentMs } = event.body;
      return withNode(edit, state, event.subject, {
        ...node,
        state: to,
        since: event.observedAt,
        evidence,
        silentMsThen: silentMs,
      });
    }
    case "dna.node.flag_changed": {
      const node = own(state.nodes, event.subject);
      if (node === undefined) return state;
      const { [event.body.flag]: _, ...others } = node.flags;
      const flags = event.body.set ? { ...others, [event.body.flag]: event.body.evidence } : others;
      return withNode(edit, state, event.subject, { ...node, flags });
    }
    case "dna.node.forgotten":
      return {
        ...state,
        nodes: edit.drop(state.nodes, event.subject),
        owned: edit.drop(state.owned, event.subject),
        fell: edit.drop(state.fell, event.subject),
      };
    case "dna.beam.changed":
    case "dna.node.count_fell":
    case "dna.actor.doubled":
    case "dna.actor.undoubled":
      return reduceBeam(state, event, edit);
    case "dna.row.unreadable": {
      const { cluster, reason } = event.body;
      const unreadable =
        reason === null
          ? edit.drop(state.unreadable, event.subject)
          : edit.put(state.unreadable, event.subject, { cluster, reason });
      return { ...state, unreadable };
    }
    case "dna.database.changed":
      return { ...state, database: event.body };
    case "dna.census.finished":
      return reduceCensus(state, event.body);
    case "dna.health.changed": {
      const { to: level, evidence, about } = event.body;
      const before = own(state.health, event.subject);
      const since = before?.level === level ? before.since : event.observedAt;
      return {
        ...state,
        health: edit.put(state.health, event.subject, { level, evidence, about, since, at: event.observedAt }),
      };
    }
    case "dna.actor.seen": {
      const { owner, ...key } = event.body;
      return withWatched(edit, state, event.subject, { ...key, ...owner, since: event.observedAt });
    }
    case "dna.actor.owner_changed": {
      const { from: _, to, ...key } = event.body;
      return withWatched(edit, state, event.subject, { ...key, ...to, since: event.observedAt });
    }
    case "dna.census.adjusted":
      return reduceAdjustment(state, event.subject, event.body.changes, edit);
    case "dna.actor.claimed": {
      const known = own(state.watched, event.subject);
      if (known === undefined) return state;
      const { to, claimedAt } = event.body;
      return withWatched(edit, state, event.subject, {
        ...known,
        ...{ incarnation: to, claimedAt, unreadable: null },
        since: event.observedAt,
        notKnownFrom: null,
      });
    }
    case "dna.actor.released": {
      const known = own(state.watched, event.subject);
      if (known === undefined) return state;
      const nobody = { incarnation: null, claimedAt: null, unreadable: null };
      return withWatched(edit, state, event.subject, {
        ...known,
        ...nobody,
        since: event.observedAt,
        notKnownFrom: null,
      });
    }
    case "dna.actor.unwatched":
      return { ...state, watched: edit.drop(state.watched, event.subject) };
    default:
      return state;
  }
}

type BeamEvent = Extract<
  JournalEvent,
  { kind: "dna.beam.changed" | "dna.node.count_fell" | "dna.actor.doubled" | "dna.actor.undoubled" }
>;

/** What was seen on the nodes themselves. */
function reduceBeam(state: DnaFold, event: BeamEvent, edit: RecordEditor): DnaFold {
  const { subject, observedAt } = event;
  switch (event.kind) {
    case "dna.beam.changed": {
      const { cluster, state: link, reason, identity } = event.body;
      if (link === "none") return { ...state, beam: edit.drop(state.beam, subject) };
      const beam = { cluster, state: link, reason, identity, since: observedAt };
      return { ...state, beam: edit.put(state.beam, subject, beam) };
    }
    case "dna.node.count_fell": {
      const { node, before, after, withinMs } = event.body;
      if (own(state.nodes, subject) === undefined) return state;
      return { ...state, fell: edit.put(state.fell, subject, { node, at: observedAt, before, after, withinMs }) };
    }
    case "dna.actor.doubled": {
      const since = own(state.doubled, subject)?.since ?? observedAt;
      return { ...state, doubled: edit.put(state.doubled, subject, { ...event.body, since }) };
    }
    case "dna.actor.undoubled":
      return { ...state, doubled: edit.drop(state.doubled, subject) };
    default:
      return event satisfies never;
  }
}

function withWatched(edit: RecordEditor, state: DnaFold, subject: string, actor: WatchedFold): DnaFold {
  return { ...state, watched: edit.put(state.watched, subject, actor) };
}

function withNode(edit: RecordEditor, state: DnaFold, id: string, node: NodeFold): DnaFold {
  return { ...state, nodes: edit.put(state.nodes, id, node) };
}

type Adjustments = Extract<JournalEvent, { kind: "dna.census.adjusted" }>["body"]["changes"];

/** Keeps counts right by what we changed ourselves; whoever was never counted stays uncounted. */
function reduceAdjustment(state: DnaFold, from: string, changes: Adjustments, edit: RecordEditor): DnaFold {
  let { owned } = state;
  for (const { to, namespace, moduleId, keys } of changes) {
    owned = withKeys(owned, from, { namespace, moduleId, keys: -keys }, edit);
    if (to !== null) owned = withKeys(owned, to, { namespace, moduleId, keys }, edit);
  }
  return { ...state, owned };
}

function withKeys(
  owned: DnaFold["owned"],
  id: string,
  change: Omit<CensusCount, "incarnationId">,
  edit: RecordEditor,
): DnaFold["owned"] {
  const known = own(owned, id);
  if (known === undefined) return owned;
  const { namespace, moduleId } = change;
  const same = (count: CensusCount): boolean => count.namespace === namespace && count.moduleId === moduleId;
  const keys = Math.max(0, (known.counts.find(same)?.keys ?? 0) + change.keys);
  const others = known.counts.filter((count) => !same(count));
  const counts = keys === 0 ? others : [...others, { incarnationId: id, namespace, moduleId, keys }];
  return edit.put(owned, id, { ...known, counts });
}

type CensusBody = Extract<JournalEvent, { kind: "dna.census.finished" }>["body"];

function reduceCensus(state: DnaFold, body: CensusBody): DnaFold {
  const byOwner = new Map<string, CensusCount[]>();
  for (const count of body.counts)
    byOwner.set(count.incarnationId, [...(byOwner.get(count.incarnationId) ?? []), count]);
  const counted = Object.fromEntries([...byOwner].map(([id, counts]) => [id, { asOf: body.finishedAt, counts }]));
  if (body.incarnationId !== null) {
    const counts = own(counted, body.incarnationId) ?? { asOf: body.finishedAt, counts: [] };
    return { ...state, owned: { ...state.owned, [body.incarnationId]: counts } };
  }
  const { startedAt, finishedAt, rows, unreadableRows, types = [], otherKeys = 0 } = body;
  return { ...state, owned: counted, census: { startedAt, finishedAt, rows, unreadableRows, types, otherKeys } };
}
