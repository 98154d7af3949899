import type {
  CensusCount,
  DatabaseHostFacts,
  IncarnationFlag,
  IncarnationState,
  JournalEvent,
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
}

/** Keys of one incarnation by type as last counted, each with the age of its own count. */
export interface OwnedFold {
  readonly asOf: EpochMs;
  readonly counts: readonly CensusCount[];
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
}

export const EMPTY_DNA: DnaFold = {
  family: "dna",
  source: UNKNOWN_SOURCE,
  nodes: {},
  unreadable: {},
  database: null,
  census: null,
  owned: {},
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
      return { ...state, nodes: edit.drop(state.nodes, event.subject), owned: edit.drop(state.owned, event.subject) };
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
    default:
      return state;
  }
}

function withNode(edit: RecordEditor, state: DnaFold, id: string, node: NodeFold): DnaFold {
  return { ...state, nodes: edit.put(state.nodes, id, node) };
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
  const { startedAt, finishedAt, rows, unreadableRows } = body;
  return { ...state, owned: counted, census: { startedAt, finishedAt, rows, unreadableRows } };
}
