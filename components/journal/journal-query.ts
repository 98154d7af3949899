/** The journal as it stands in the address, and what a filter by words means. Pure. */
import { parseInstant } from "#components/ui/format.ts";
import type { EventKind } from "#server/contract/event.ts";
import type { OperationPhase } from "#server/contract/fold/operator.ts";
import { OPERATION_PHASES } from "#server/contract/fold/operator-state.ts";
import { toIso } from "#server/kernel/clock.ts";

/** Every kind, so that one that is added without being listed does not compile. */
const KINDS: Readonly<Record<EventKind, true>> = {
  "source.state_changed": true,
  "dna.node.seen": true,
  "dna.node.forgotten": true,
  "dna.node.flag_changed": true,
  "dna.incarnation.state_changed": true,
  "dna.row.unreadable": true,
  "dna.database.changed": true,
  "dna.census.finished": true,
  "dna.health.changed": true,
  "dna.actor.seen": true,
  "dna.actor.owner_changed": true,
  "dna.actor.released": true,
  "dna.actor.claimed": true,
  "dna.census.adjusted": true,
  "dna.actor.unwatched": true,
  "dna.actor.doubled": true,
  "dna.actor.undoubled": true,
  "dna.beam.changed": true,
  "dna.node.count_fell": true,
  "dynflow.plan.created": true,
  "dynflow.plan.state_changed": true,
  "dynflow.plan.result_changed": true,
  "dynflow.plan.changed": true,
  "dynflow.plan.gone": true,
  "dynflow.step.state_changed": true,
  "dynflow.world.registered": true,
  "dynflow.world.changed": true,
  "dynflow.world.gone": true,
  "dynflow.world.pong": true,
  "dynflow.world.ping_timeout": true,
  "dynflow.lock.acquired": true,
  "dynflow.lock.released": true,
  "dynflow.envelope.undecodable": true,
  "haf.database.changed": true,
  "haf.stack.state_changed": true,
  "haf.sync_state.changed": true,
  "haf.ready.changed": true,
  "haf.indexes.changed": true,
  "haf.progress": true,
  "haf.block.rewound": true,
  "haf.fork.switched": true,
  "haf.hived.connected": true,
  "haf.app.state_changed": true,
  "haf.app.changed": true,
  "haf.app.logged": true,
  "haf.role.changed": true,
  "haf.docker.changed": true,
  "haf.check.changed": true,
  "agent.seen": true,
  "agent.state_changed": true,
  "agent.restarted": true,
  "agent.gap": true,
  "agent.skew_changed": true,
  "agent.message": true,
  "ingest.pipeline.changed": true,
  "ingest.gateway.changed": true,
  "ingest.receiver.changed": true,
  "console.reader.changed": true,
  "alert.silenced": true,
  "alert.unsilenced": true,
  "alert.told": true,
  "alert.sink.changed": true,
  "op.requested": true,
  "op.executed": true,
  "op.failed": true,
  "op.denied": true,
  "op.unknown": true,
  "op.verified": true,
  "op.unverified": true,
  "attention.acknowledged": true,
  "attention.released": true,
  "dna.drain.step": true,
  "dna.drain.abandoned": true,
  "safety.read_only": true,
  "approval.asked": true,
  "approval.decided": true,
  "approval.used": true,
  "job.created": true,
  "job.state_changed": true,
  "console.started": true,
  "console.stopped": true,
  "console.retention_applied": true,
  "console.clock_stepped": true,
};
export const EVENT_KINDS: readonly string[] = Object.keys(KINDS);

/** Kinds that belong together: a word that ends in a dot and a star. */
export const KIND_GROUPS: readonly { readonly value: string; readonly words: string }[] = [
  { value: "op.*", words: "operators' actions" },
  { value: "attention.*", words: "findings taken on" },
  { value: "job.*", words: "jobs" },
  { value: "dna.*", words: "DNA" },
  { value: "dna.actor.*", words: "actors: owners, doubles" },
  { value: "dna.beam.*", words: "links to nodes" },
  { value: "alert.*", words: "alerts told, sinks, silences" },
  { value: "haf.*", words: "HAF stacks" },
  { value: "haf.app.*", words: "HAF apps" },
  { value: "agent.*", words: "agents" },
  { value: "ingest.*", words: "gateways and receivers" },
  { value: "dynflow.plan.*", words: "plans" },
  { value: "dynflow.step.*", words: "steps" },
  { value: "dynflow.world.*", words: "worlds" },
  { value: "dynflow.lock.*", words: "locks" },
  { value: "dynflow.envelope.*", words: "messages that cannot be read" },
  { value: "safety.*", words: "the brake" },
  { value: "approval.*", words: "agreements of a second person" },
  { value: "source.*", words: "sources" },
  { value: "console.*", words: "the console itself" },
];

export interface JournalQuery {
  readonly stream: string | null;
  /** A kind, or a group such as `op.*`. */
  readonly kind: string | null;
  /** Whole id of what it is about; of an action its target. */
  readonly subject: string | null;
  readonly user: string | null;
  readonly action: string | null;
  /** Of actions: how they stand (in the view of actions), or which phase is listed. */
  readonly phase: OperationPhase | null;
  /** ISO text, both inclusive. */
  readonly from: string | null;
  readonly to: string | null;
  /** `actions`: one row an action, with all its phases. */
  readonly view: "actions" | null;
}

export const NO_FILTER: JournalQuery = {
  stream: null,
  kind: null,
  subject: null,
  user: null,
  action: null,
  phase: null,
  from: null,
  to: null,
  view: null,
};

export function parseJournal(search: URLSearchParams): JournalQuery {
  const text = (name: string): string | null => {
    const value = search.get(name)?.trim() ?? "";
    return value === "" ? null : value;
  };
  const instant = (name: string): string | null => {
    const at = parseInstant(text(name));
    return at === null ? null : toIso(at);
  };
  return {
    stream: text("stream"),
    kind: text("kind"),
    subject: text("subject"),
    user: text("user"),
    action: text("action"),
    phase: OPERATION_PHASES.find((phase) => phase === text("phase")) ?? null,
    from: instant("from"),
    to: instant("to"),
    view: text("view") === "actions" ? "actions" : null,
  };
}

/** Whether anything is left out: the view alone leaves nothing out. */
export const isFiltered = (query: JournalQuery): boolean =>
  Object.entries(query).some(([name, value]) => name !== "view" && value !== null);

/** How many of the filters that can be folded away leave something out; the subject is always in view. */
export function foldedFilters({ stream, kind, user, action, phase, from, to, view }: JournalQuery): number {
  // The view of actions fixes the kind.
  const set = [stream, view === "actions" ? null : kind, user, action, phase, from, to];
  return set.filter((value) => value !== null).length;
}

/** What is asked of the journal: the same for the pages, the news and the export. */
export function filterOf({ stream, kind, subject, user, action, phase, from, to, view }: JournalQuery) {
  const kinds = view === "actions" ? kindsOf("op.*") : phase === null ? kindsOf(kind) : [`op.${phase}`];
  return { streams: stream === null ? [] : [stream], kinds: [...kinds], subject, user, action, from, to };
}

/** The kinds that a word stands for; a kind that we do not know is asked for as it is. */
export function kindsOf(kind: string | null): readonly string[] {
  if (kind === null) return [];
  if (!kind.endsWith("*")) return [kind];
  const start = kind.slice(0, -1);
  const found = EVENT_KINDS.filter((each) => each.startsWith(start));
  return found.length === 0 ? [kind] : found;
}
