/** Every event that can be, for tests of what must bear them all: folds, masks, feed. Ids are few, so that events meet. */
import fc from "fast-check";
import {
  AGENT_STATES,
  type AgentEventBodies,
  INGEST_DOORS,
  RECEIVER_OVERFLOWS,
  RECEIVER_STATES,
  RECEIVER_USES,
} from "#server/contract/agents.ts";
import { NOTICES, SINK_STATES } from "#server/contract/alerts.ts";
import { DRAIN_STEPS } from "#server/contract/drain.ts";
import {
  BEAM_STATES,
  type EventActor,
  type EventBodies,
  type EventKind,
  HEALTH_LEVELS,
  INCARNATION_FLAGS,
  INCARNATION_STATES,
  JOB_KINDS,
  JOB_STATES,
  type JobFacts,
  type JournalEvent,
  type LockFacts,
  type OperationFacts,
  type OwnerFacts,
  type PlanFacts,
  type StreamName,
  type WorldFacts,
} from "#server/contract/event.ts";
import {
  HAF_APP_STATES,
  HAF_DOCKER_STATES,
  HAF_LOG_EVENTS,
  HAF_PHASES,
  HAF_ROLE_STATES,
  HAF_ROLES,
  type HafAppFacts,
  type HafEventBodies,
} from "#server/contract/haf.ts";
import { READER_STATES } from "#server/contract/readers.ts";
import { WHOLE_NODE_ACTION_NAMES } from "#server/contract/safety.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { JsonValue } from "#server/kernel/json.ts";

/** Names that upstream may well use and that plain objects answer to by themselves. */
const ids = fc.constantFrom(
  "a",
  "b",
  "c",
  "1",
  "2",
  "__proto__",
  "constructor",
  "toString",
  "<img onerror=x>",
  "\u202eא",
);
const text = fc.oneof(ids, fc.string({ maxLength: 12 }));
const textOrNull = fc.option(text, { nil: null });
const instant = fc.integer({ min: 0, max: 2_000_000_000_000 }).map(epochMs);
const count = fc.nat({ max: 1_000 });
const health = fc.constantFrom("starting" as const, "up" as const, "down" as const);

const planFacts: fc.Arbitrary<PlanFacts> = fc.record({
  label: textOrNull,
  state: fc.constantFrom("pending", "planning", "running", "paused", "stopped", "a state of tomorrow"),
  result: fc.constantFrom("pending", "success", "error"),
  rootActionClass: textOrNull,
  startedAt: textOrNull,
  endedAt: textOrNull,
  steps: fc.option(fc.dictionary(fc.constantFrom("1", "2", "10"), fc.constantFrom("pending", "error")), { nil: null }),
  stepCount: count,
  failure: fc.option(
    fc.record({ stepId: count, actionClass: text, exceptionClass: text, message: fc.string({ maxLength: 30 }) }),
    { nil: null },
  ),
});

const worldFacts: fc.Arbitrary<WorldFacts> = fc.record({
  class: text,
  executor: fc.boolean(),
  active: fc.option(fc.boolean(), { nil: null }),
  hostname: textOrNull,
  pid: fc.option(count, { nil: null }),
  queues: fc.dictionary(ids, count, { maxKeys: 3 }),
  lastSeenText: textOrNull,
  unreadable: textOrNull,
});

const lockFacts: fc.Arbitrary<LockFacts> = fc.record({
  class: ids,
  id: ids,
  ownerId: textOrNull,
  planId: textOrNull,
  worldId: textOrNull,
  clientWorldId: textOrNull,
  requestId: textOrNull,
  unreadable: textOrNull,
});

/** `streams` are what operations and jobs may touch. */
const operation = (streams: fc.Arbitrary<StreamName>): fc.Arbitrary<OperationFacts> =>
  fc.record(
    {
      action: text,
      stream: fc.option(streams, { nil: null }),
      target: text,
      expected: fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue),
      found: textOrNull,
      upstream: text,
    },
    { requiredKeys: ["action", "stream", "target", "expected", "found"] },
  );

const job = (streams: fc.Arbitrary<StreamName>): fc.Arbitrary<JobFacts> =>
  fc.record({
    kind: fc.constantFrom(...JOB_KINDS),
    title: text,
    stream: streams,
    target: text,
    state: fc.constantFrom(...JOB_STATES),
    note: textOrNull,
    counts: fc.record({ total: count, applied: count, moved: count, failed: count, unknown: count }),
    createdAt: instant,
    requestedBy: text,
    requestId: text,
  });

const actorFacts = { namespace: text, moduleId: count, name: text };
const ownerFacts: fc.Arbitrary<OwnerFacts> = fc.record({
  incarnation: textOrNull,
  claimedAt: fc.option(instant, { nil: null }),
  unreadable: textOrNull,
});

const flag = fc.constantFrom(...INCARNATION_FLAGS);
const incarnationState = fc.constantFrom(...INCARNATION_STATES);

type Bodies = { readonly [K in EventKind]: fc.Arbitrary<EventBodies[K]> };

const hafRef = {
  role: fc.constantFrom(...HAF_ROLES),
  app: fc.option(ids, { nil: null }),
  generation: fc.nat({ max: 3 }),
};
const hafRefOrNull = fc.option(fc.record(hafRef), { nil: null });
const checkLevel = fc.constantFrom("critical" as const, "warning" as const, "not-known" as const, "ok" as const);
const phases = fc.subarray([...HAF_PHASES]);
const hafApp: fc.Arbitrary<HafAppFacts> = fc.record({
  contextId: fc.option(count, { nil: null }),
  state: fc.constantFrom(...HAF_APP_STATES),
  stage: textOrNull,
  attached: fc.boolean(),
  inSync: fc.boolean(),
  block: fc.option(count, { nil: null }),
  forkId: textOrNull,
  forking: fc.boolean(),
  owner: textOrNull,
});

const hafBodies: { readonly [K in keyof HafEventBodies]: fc.Arbitrary<HafEventBodies[K]> } = {
  "haf.database.changed": fc.record({
    version: textOrNull,
    postgres: count,
    timeZone: text,
    has: fc.record({ indexStatus: fc.boolean(), appLog: fc.boolean(), pruning: fc.boolean() }),
    seesApps: fc.boolean(),
    pruned: fc.boolean(),
  }),
  "haf.stack.state_changed": fc.record({ from: phases, to: phases, evidence: text }),
  "haf.sync_state.changed": fc.record({ from: textOrNull, to: text, expected: fc.boolean() }),
  "haf.ready.changed": fc.record({ ready: fc.boolean(), evidence: text }),
  "haf.indexes.changed": fc.record({
    missing: count,
    creating: count,
    created: count,
    invalid: count,
    pending: fc.dictionary(ids, count, { maxKeys: 3 }),
    stuck: fc.array(text, { maxLength: 2 }),
  }),
  "haf.progress": fc.record({
    block: count,
    head: fc.option(count, { nil: null }),
    apps: fc.dictionary(ids, count, { maxKeys: 3 }),
  }),
  "haf.block.rewound": fc.record({ from: count, to: count }),
  "haf.fork.switched": fc.record({ forkId: text, block: count }),
  "haf.hived.connected": fc.record({ connectionId: text, gitSha: textOrNull, block: count, again: fc.boolean() }),
  "haf.app.state_changed": fc.record({
    from: fc.option(fc.constantFrom(...HAF_APP_STATES), { nil: null }),
    app: hafApp,
    evidence: text,
  }),
  "haf.app.changed": hafApp,
  "haf.app.logged": fc.record({
    logId: text,
    app: ids,
    event: fc.oneof(fc.constantFrom(...HAF_LOG_EVENTS), text),
    stage: textOrNull,
    block: fc.option(count, { nil: null }),
    forkId: textOrNull,
    headBlock: fc.option(count, { nil: null }),
  }),
  "haf.role.changed": fc.record({
    ...hafRef,
    from: fc.option(fc.constantFrom(...HAF_ROLE_STATES), { nil: null }),
    to: fc.constantFrom(...HAF_ROLE_STATES),
    inferred: fc.boolean(),
    cause: hafRefOrNull,
    exitCode: fc.option(count, { nil: null }),
    evidence: text,
    container: fc.option(fc.record({ name: text, image: text, host: textOrNull }), { nil: null }),
  }),
  "haf.docker.changed": fc.record({ state: fc.constantFrom(...HAF_DOCKER_STATES), reason: textOrNull }),
  "haf.check.changed": fc.record({
    from: fc.option(checkLevel, { nil: null }),
    to: checkLevel,
    evidence: text,
    about: fc.array(text, { maxLength: 3 }),
  }),
};

const agentBodies: { readonly [K in keyof AgentEventBodies]: fc.Arbitrary<AgentEventBodies[K]> } = {
  "agent.seen": fc.record({
    about: fc.option(
      fc.record({ hostname: textOrNull, addresses: fc.array(text, { maxLength: 2 }), program: textOrNull }),
      { nil: null },
    ),
    door: fc.constantFrom(...INGEST_DOORS),
    peer: text,
    bootId: text,
    gateway: ids,
  }),
  "agent.state_changed": fc.record({
    from: fc.constantFrom(...AGENT_STATES),
    to: fc.constantFrom(...AGENT_STATES),
    evidence: text,
    silentMs: count,
    bootId: textOrNull,
  }),
  "agent.restarted": fc.record({ from: text, to: text }),
  "agent.gap": fc.record({ bootId: text, fromSeq: count, toSeq: count }),
  "agent.skew_changed": fc.record({ skewMs: fc.integer() }),
  "agent.message": fc.record({
    bootId: text,
    seq: count,
    type: text,
    kind: text,
    at: instant,
    body: fc.constant({ a: 1 }),
  }),
  "ingest.pipeline.changed": fc.record({
    types: fc.array(fc.record({ type: text, kinds: fc.array(text, { maxLength: 2 }) }), { maxLength: 2 }),
    receivers: fc.array(
      fc.record({
        id: ids,
        use: fc.constantFrom(...RECEIVER_USES),
        overflow: fc.constantFrom(...RECEIVER_OVERFLOWS),
        capacity: count,
      }),
      { maxLength: 2 },
    ),
    routes: fc.array(
      fc.record({
        types: fc.array(text, { maxLength: 2 }),
        kinds: fc.array(text, { maxLength: 2 }),
        to: fc.array(ids, { maxLength: 2 }),
      }),
      { maxLength: 2 },
    ),
    inactiveAfterMs: count,
    poa: fc.boolean(),
  }),
  "ingest.gateway.changed": fc.record({
    state: fc.constantFrom("up" as const, "gone" as const),
    host: text,
    evidence: text,
  }),
  "ingest.receiver.changed": fc.record({
    gateway: ids,
    receiver: ids,
    from: fc.option(fc.constantFrom(...RECEIVER_STATES), { nil: null }),
    to: fc.constantFrom(...RECEIVER_STATES),
    reason: textOrNull,
  }),
};

/** One arbitrary a kind: a new kind does not compile before it stands here. */
const bodies = (streams: fc.Arbitrary<StreamName>): Bodies => ({
  "source.state_changed": fc.record({ from: fc.option(health, { nil: null }), to: health, reason: textOrNull }),
  "dna.node.seen": fc.record({
    cluster: text,
    node: text,
    createdAt: instant,
    nodeId: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  }),
  "dna.node.forgotten": fc.record({ cluster: text, evidence: text }),
  "dna.node.flag_changed": fc.record({ cluster: text, flag, set: fc.boolean(), evidence: text }),
  "dna.incarnation.state_changed": fc.record({
    cluster: text,
    from: fc.option(incarnationState, { nil: null }),
    to: incarnationState,
    evidence: text,
    silentMs: count,
  }),
  "dna.row.unreadable": fc.record({ cluster: text, reason: textOrNull }),
  "dna.database.changed": fc.record({
    name: text,
    product: text,
    hosts: fc.array(
      fc.record({
        address: text,
        dataCenter: text,
        rack: text,
        hostId: text,
        version: text,
        up: fc.option(fc.boolean(), { nil: null }),
      }),
      { maxLength: 2 },
    ),
  }),
  "dna.census.finished": fc.record(
    {
      startedAt: instant,
      finishedAt: instant,
      rows: count,
      unreadableRows: count,
      incarnationId: fc.option(ids, { nil: null }),
      counts: fc.array(fc.record({ incarnationId: ids, namespace: text, moduleId: count, keys: count }), {
        maxLength: 4,
      }),
      types: fc.array(fc.record({ namespace: text, moduleId: count, rows: count }), { maxLength: 3 }),
      otherKeys: count,
    },
    { requiredKeys: ["startedAt", "finishedAt", "rows", "unreadableRows", "incarnationId", "counts"] },
  ),
  "dna.health.changed": fc.record({
    from: fc.option(fc.constantFrom(...HEALTH_LEVELS), { nil: null }),
    to: fc.constantFrom(...HEALTH_LEVELS),
    evidence: text,
    about: fc.array(text, { maxLength: 3 }),
  }),
  "dna.actor.seen": fc.record({
    ...actorFacts,
    owner: ownerFacts,
    notKnownFrom: fc.option(instant, { nil: null }),
  }),
  "dna.actor.owner_changed": fc.record({ ...actorFacts, from: ownerFacts, to: ownerFacts, notKnownFrom: instant }),
  "dna.actor.released": fc.record({ ...actorFacts, owner: text, jobId: text }),
  "dna.actor.claimed": fc.record({ ...actorFacts, owner: text, to: ids, claimedAt: instant, jobId: text }),
  "dna.census.adjusted": fc.record({
    jobId: text,
    changes: fc.array(
      fc.record({
        to: fc.option(ids, { nil: null }),
        namespace: text,
        moduleId: fc.integer(),
        keys: fc.nat({ max: 1_000 }),
      }),
      { maxLength: 4 },
    ),
  }),
  "dna.actor.unwatched": fc.record({ ...actorFacts, lastReadAt: instant, reason: text }),
  "dna.beam.changed": fc.record({
    cluster: text,
    node: text,
    state: fc.constantFrom(...BEAM_STATES),
    reason: textOrNull,
    identity: textOrNull,
  }),
  "dna.node.count_fell": fc.record({ cluster: text, node: text, before: count, after: count, withinMs: count }),
  "dna.actor.doubled": fc.record({
    ...actorFacts,
    instances: fc.array(fc.record({ node: text, incarnation: textOrNull }), { minLength: 2, maxLength: 3 }),
    evidence: text,
  }),
  "dna.actor.undoubled": fc.record({ ...actorFacts, reason: text }),
  "dynflow.plan.created": planFacts,
  "dynflow.plan.state_changed": fc.record({ from: text, plan: planFacts }),
  "dynflow.plan.result_changed": fc.record({ from: text, plan: planFacts }),
  "dynflow.plan.changed": fc.record({ plan: planFacts }),
  "dynflow.plan.gone": fc.record({ from: text }),
  "dynflow.step.state_changed": fc.record({
    planId: ids,
    stepId: count,
    from: textOrNull,
    to: text,
    actionClass: text,
  }),
  "dynflow.world.registered": worldFacts,
  "dynflow.world.changed": worldFacts,
  "dynflow.world.gone": fc.record({ class: text }),
  "dynflow.world.pong": fc.record({ roundTripMs: count }),
  "dynflow.world.ping_timeout": fc.record({ waitedMs: count }),
  "dynflow.lock.acquired": lockFacts,
  "dynflow.lock.released": fc.record({ class: ids, id: ids }),
  "dynflow.envelope.undecodable": fc.record({ reason: text, bytes: count, sha256: text, head: text }),
  "alert.silenced": fc.record({
    kind: textOrNull,
    stream: fc.option(streams, { nil: null }),
    finding: fc.option(ids, { nil: null }),
    until: instant,
  }),
  "alert.unsilenced": fc.record({ stream: fc.option(streams, { nil: null }) }),
  "alert.told": fc.record({
    what: fc.constantFrom(...NOTICES),
    finding: ids,
    kind: text,
    stream: streams,
    severity: fc.constantFrom("failed" as const, "attention" as const),
  }),
  "alert.sink.changed": fc.record({
    from: fc.option(fc.constantFrom(...SINK_STATES), { nil: null }),
    to: fc.constantFrom(...SINK_STATES),
    reason: textOrNull,
  }),
  ...hafBodies,
  ...agentBodies,
  "op.requested": operation(streams),
  "op.executed": operation(streams),
  "op.failed": operation(streams),
  "op.denied": operation(streams),
  "op.unknown": operation(streams),
  "op.verified": operation(streams),
  "op.unverified": operation(streams),
  "attention.acknowledged": fc.record({
    finding: ids,
    stream: streams,
    severity: fc.constantFrom("failed", "attention"),
    count: fc.nat(),
    until: instant,
  }),
  "attention.released": fc.record({ finding: ids, stream: streams }),
  "dna.drain.step": fc.record({
    stream: streams,
    incarnation: ids,
    node: text,
    step: fc.constantFrom(...DRAIN_STEPS),
    outcome: fc.constantFrom("done" as const, "skipped" as const),
    evidence: textOrNull,
  }),
  "dna.drain.abandoned": fc.record({ stream: streams, incarnation: ids, node: text }),
  "safety.read_only": fc.record({ on: fc.boolean() }),
  "approval.asked": fc.record(
    {
      action: fc.constantFrom(...WHOLE_NODE_ACTION_NAMES),
      stream: streams,
      target: ids,
      title: text,
      terms: fc.dictionary(text, fc.oneof(text, fc.nat(), fc.boolean(), fc.constant(null))),
      until: instant,
    },
    { requiredKeys: ["action", "stream", "target", "title", "until"] },
  ),
  "approval.decided": fc.record({ approvalId: ids, stream: streams, granted: fc.boolean(), until: instant }),
  "approval.used": fc.record({ approvalId: ids, stream: streams }),
  "job.created": job(streams),
  "job.state_changed": fc.record({ from: fc.constantFrom(...JOB_STATES), job: job(streams) }),
  "console.started": fc.record({ version: text, demo: fc.boolean(), by: text }, { requiredKeys: ["version", "demo"] }),
  "console.stopped": fc.record({ reason: text }),
  "console.reader.changed": fc.record({
    state: fc.constantFrom(...READER_STATES),
    failures: count,
    reason: textOrNull,
    stream: fc.option(streams, { nil: null }),
  }),
  "console.retention_applied": fc.record({
    chain: fc.constantFrom("observed" as const, "operator" as const),
    streams: fc.array(streams, { maxLength: 3 }),
    droppedBefore: instant,
    events: count,
    bytes: count,
    why: fc.constantFrom("age" as const, "size" as const, "count" as const),
  }),
  "console.clock_stepped": fc.record({ from: instant, to: instant }),
});

export const TEST_STREAMS: readonly StreamName[] = [
  "dna:eu-1",
  "dynflow:foreman",
  "dynflow:other",
  "haf:hive",
  "ingest:agents",
  "operator",
  "console",
];

const actor: fc.Arbitrary<EventActor> = fc.record({
  user: text,
  role: fc.constantFrom("viewer" as const, "operator" as const, "admin" as const),
  address: fc.constantFrom("10.0.0.7", "::1"),
  reason: text,
});

/** Any kind in any stream, also where it does not belong: a fold must bear that. Numbers are given by `numbered`. */
export function anyEvent(streams: readonly StreamName[] = TEST_STREAMS): fc.Arbitrary<JournalEvent> {
  const stream = fc.constantFrom(...streams);
  const kinds = Object.entries(bodies(stream)) as readonly [EventKind, fc.Arbitrary<unknown>][];
  return fc.oneof(
    ...kinds.map(([kind, body]) =>
      fc
        .record({
          id: fc.uuid(),
          stream: fc.oneof({ weight: 1, arbitrary: stream }, { weight: 3, arbitrary: streamOf(kind, streams) }),
          seq: fc.constant("0"),
          kind: fc.constant(kind),
          subject: ids,
          occurredAt: instant,
          observedAt: instant,
          synthetic: fc.boolean(),
          causedBy: fc.option(fc.oneof(ids, fc.uuid()), { nil: null }),
          actor: fc.option(actor, { nil: null }),
          body,
        })
        .map((event) => event as JournalEvent),
    ),
  );
}

function streamOf(kind: EventKind, streams: readonly StreamName[]): fc.Arbitrary<StreamName> {
  const head = kind.split(".", 1)[0] ?? "";
  const family = head === "op" || head === "job" ? "operator" : head === "agent" ? "ingest" : head;
  const fitting = streams.filter((stream) => stream.startsWith(family));
  return fc.constantFrom(...(fitting.length > 0 ? fitting : streams));
}

/** Gives the events of each stream their numbers from 1, as a journal does. */
export function numbered(events: readonly JournalEvent[]): readonly JournalEvent[] {
  const seqs = new Map<StreamName, number>();
  return events.map((event) => {
    const seq = (seqs.get(event.stream) ?? 0) + 1;
    seqs.set(event.stream, seq);
    return { ...event, seq: String(seq) };
  });
}

/** A history of up to `maxLength` events, numbered. */
export const anyHistory = (maxLength = 60): fc.Arbitrary<readonly JournalEvent[]> =>
  fc.array(anyEvent(), { maxLength }).map(numbered);
