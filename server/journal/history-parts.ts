/** Where the events about one thing are found. */
import {
  CONSOLE_STREAM,
  dnaStream,
  dynflowStream,
  hafStream,
  ingestStream,
  type JournalEvent,
  OPERATOR_STREAM,
  type StreamName,
} from "#server/contract/event.ts";
import type { Thing } from "#server/contract/wire/journal.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { planTerm, targetTerm, touchTerm, userTerm } from "./domain/terms.ts";
import type { Journal, RangeQuery } from "./ports.ts";
import { ANY, readSeen, type Sight } from "./sight.ts";

/** Locks that one plan has taken, as far as they are looked for. */
const PLAN_LOCKS_MAX = 100;

export interface HistoryPart {
  readonly query: Partial<RangeQuery> & Pick<RangeQuery, "streams">;
  readonly keeps?: (event: JournalEvent) => boolean;
}

/** The stream of a thing's source; `null` = it has none, or it is not known to the caller. */
export function streamOfThing({ streams }: Pick<Sight, "streams">, thing: Thing): StreamName | null {
  const asked = askedStreams(thing);
  return asked.find((stream) => streams.includes(stream)) ?? null;
}

function askedStreams({ type, source, id }: Thing): readonly StreamName[] {
  switch (type) {
    case "incarnation":
    case "actor":
      return source === null ? [] : [dnaStream(source)];
    case "plan":
    case "world":
      return source === null ? [] : [dynflowStream(source)];
    case "agent":
      return source === null ? [] : [ingestStream(source)];
    case "app":
      return source === null ? [] : [hafStream(source)];
    case "source":
      return [dnaStream, dynflowStream, hafStream, ingestStream].map((streamOf) => streamOf(source ?? id));
    case "operator":
    case "job":
      return [];
    default:
      return unreachable(type);
  }
}

export async function partsOf(
  journal: Pick<Journal, "range">,
  sight: Sight,
  thing: Thing,
): Promise<readonly HistoryPart[]> {
  const { type, id } = thing;
  if (type === "operator") return [{ query: { streams: sight.queried, term: userTerm(id) } }];
  if (type === "job") return [{ query: { streams: [OPERATOR_STREAM], subject: id } }];
  const stream = streamOfThing(sight, thing);
  if (stream === null) return [];
  if (type === "source") return sourceParts(stream);
  const own: readonly HistoryPart[] = [
    { query: { streams: [stream], subject: id } },
    { query: { streams: [OPERATOR_STREAM], subject: id }, keeps: (event) => touches(event, stream) },
    { query: { streams: [OPERATOR_STREAM], term: targetTerm(id) }, keeps: (event) => touches(event, stream) },
  ];
  if (type === "app") return [...own, appPart(stream, id)];
  return type === "plan" ? [...own, ...(await lockParts(journal, sight, stream, id))] : own;
}

/** What is about an app though its subject is another: the lives of its roles, and checks that it is named in. */
const appPart = (stream: StreamName, app: string): HistoryPart => ({
  query: { streams: [stream], kinds: ["haf.role.changed", "haf.check.changed"] },
  keeps: (event) =>
    (event.kind === "haf.role.changed" && event.body.app === app) ||
    (event.kind === "haf.check.changed" && event.body.about.includes(app)),
});

/** The same id may be that of a thing of another source. */
function touches(event: JournalEvent, stream: StreamName): boolean {
  switch (event.kind) {
    case "op.requested":
    case "op.executed":
    case "op.failed":
    case "op.denied":
    case "op.unknown":
    case "op.verified":
    case "op.unverified":
    case "job.created":
      return event.body.stream === null || event.body.stream === stream;
    case "job.state_changed":
      return event.body.job.stream === stream;
    default:
      return true;
  }
}

const sourceParts = (stream: StreamName): readonly HistoryPart[] => [
  {
    query: {
      streams: [stream],
      kinds: [
        "source.state_changed",
        "dna.database.changed",
        "dna.census.finished",
        "dna.health.changed",
        "haf.database.changed",
        "haf.stack.state_changed",
        "haf.sync_state.changed",
        "haf.hived.connected",
        "haf.fork.switched",
        "haf.block.rewound",
        "haf.docker.changed",
        "haf.check.changed",
        "ingest.gateway.changed",
        "ingest.pipeline.changed",
      ],
    },
  },
  { query: { streams: [OPERATOR_STREAM], term: touchTerm(stream) } },
  { query: { streams: [CONSOLE_STREAM], kinds: ["console.started", "console.stopped"] } },
];

interface Hold {
  readonly subject: string;
  readonly from: bigint;
  /** Number of the event by which the lock was released or taken by another plan; `null` = it is held. */
  readonly until: bigint | null;
}

/** Taking a lock names the plan, releasing it does not: it is the release that follows on the taking. */
async function lockParts(
  journal: Pick<Journal, "range">,
  sight: Sight,
  stream: StreamName,
  planId: string,
): Promise<readonly HistoryPart[]> {
  const taken = await readSeen(journal, sight, {
    ...ANY,
    streams: [stream],
    term: planTerm(planId),
    limit: PLAN_LOCKS_MAX,
  });
  const holds = await Promise.all(taken.events.map((event) => holdOf(journal, sight, event)));
  const subjects = [...new Set(holds.map(({ subject }) => subject))];
  return [
    { query: { streams: [stream], term: planTerm(planId) } },
    ...subjects.map((subject) => ({
      query: { streams: [stream], subject, kinds: ["dynflow.lock.released"] },
      keeps: (event: JournalEvent) => holds.some((hold) => hold.subject === subject && endsWith(hold, event)),
    })),
  ];
}

const endsWith = ({ until }: Hold, event: JournalEvent): boolean => until === BigInt(event.seq);

async function holdOf(journal: Pick<Journal, "range">, sight: Sight, taken: JournalEvent): Promise<Hold> {
  const { subject, stream, seq, observedAt } = taken;
  const next = await readSeen(
    journal,
    sight,
    { ...ANY, streams: [stream], subject, from: observedAt, newestFirst: false },
    (event) => BigInt(event.seq) > BigInt(seq),
  );
  const [end] = next.events;
  return { subject, from: BigInt(seq), until: end === undefined ? null : BigInt(end.seq) };
}
