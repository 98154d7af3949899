/** What a viewer may not read is taken out here, once, for feed, journal, export and queries alike. */
import type { AgentFacts } from "#server/contract/agents.ts";
import {
  type EventActor,
  type JobFacts,
  type JournalEvent,
  MASKED,
  type Maskable,
  type OperationFacts,
  type PlanFacts,
} from "#server/contract/event.ts";
import type { DynflowFold, PlanFold } from "#server/contract/fold/dynflow.ts";
import type { Folds, StreamFold } from "#server/contract/fold/fold.ts";
import type { IngestFold } from "#server/contract/fold/ingest.ts";
import type { OperatorFold } from "#server/contract/fold/operator.ts";
import { unreachable } from "#server/kernel/errors.ts";
import { hideInEvent, hideInFolds, hideInJob } from "./mask-journal.ts";
import { DEFAULT_MASK_RULES, type MaskRules } from "./mask-rules.ts";
import { maskFreeText } from "./mask-text.ts";

/**
 * `public`: viewers, who read no payloads, error messages or addresses. `operator`: operators and admins, who read them
 * without what the `masks` of the configuration hide.
 */
export type Audience = "public" | "operator";

/**
 * The event as this audience may read it; the same object when nothing is hidden. Folding masked events gives the
 * masked fold. The body of a kind that we do not know is hidden whole from `public`: nobody can say what is in it.
 */
export function maskEvent(event: JournalEvent, audience: Audience, rules = DEFAULT_MASK_RULES): JournalEvent {
  const shown = hideInEvent(rules, event);
  switch (audience) {
    case "operator":
      return shown;
    case "public":
      return maskBody(shown.actor === null ? shown : { ...shown, actor: maskActor(shown.actor) });
    default:
      return unreachable(audience);
  }
}

/** The folds as this audience may read them; streams in which nothing is hidden keep their identity. */
export function maskFolds(folds: Folds, audience: Audience, rules = DEFAULT_MASK_RULES): Folds {
  const shown = hideInFolds(rules, folds);
  if (audience === "operator") return shown;
  return Object.fromEntries(Object.entries(shown).map(([stream, fold]) => [stream, maskFold(fold)]));
}

function maskBody(event: JournalEvent): JournalEvent {
  switch (event.kind) {
    case "dynflow.plan.created":
      return { ...event, body: maskPlan(event.body) };
    case "dynflow.plan.state_changed":
    case "dynflow.plan.result_changed":
      return { ...event, body: { ...event.body, plan: maskPlan(event.body.plan) } };
    case "dynflow.plan.changed":
      return { ...event, body: { plan: maskPlan(event.body.plan) } };
    case "op.requested":
    case "op.executed":
    case "op.failed":
    case "op.denied":
    case "op.unknown":
    case "op.verified":
    case "op.unverified":
      return event.body.found === null && event.body.upstream === undefined
        ? event
        : { ...event, body: maskFound(event.body) };
    case "job.created":
      return event.body.note === null ? event : { ...event, body: maskNote(event.body) };
    case "job.state_changed":
      return event.body.job.note === null
        ? event
        : { ...event, body: { ...event.body, job: maskNote(event.body.job) } };
    case "dynflow.envelope.undecodable":
      return { ...event, body: { ...event.body, head: MASKED } };
    case "agent.seen":
      return { ...event, body: maskAgent(event.body) };
    case "agent.message":
      return { ...event, body: { ...event.body, body: MASKED } };
    case "haf.docker.changed":
      return { ...event, body: maskReason(event.body) };
    case "ingest.receiver.changed":
      return { ...event, body: maskReason(event.body) };
    case "console.reader.changed":
      return { ...event, body: maskReason(event.body) };
    case "alert.sink.changed":
      return { ...event, body: maskReason(event.body) };
    case "source.state_changed":
    case "dna.node.seen":
    case "dna.node.forgotten":
    case "dna.node.flag_changed":
    case "dna.incarnation.state_changed":
    case "dna.row.unreadable":
    case "dna.database.changed":
    case "dna.census.finished":
    case "dna.health.changed":
    case "dna.actor.seen":
    case "dna.actor.owner_changed":
    case "dna.actor.released":
    case "dna.actor.claimed":
    case "dna.census.adjusted":
    case "dna.actor.unwatched":
    case "dna.beam.changed":
    case "dna.node.count_fell":
    case "dna.actor.doubled":
    case "dna.actor.undoubled":
    case "alert.silenced":
    case "alert.unsilenced":
    case "alert.told":
    case "haf.database.changed":
    case "haf.stack.state_changed":
    case "haf.sync_state.changed":
    case "haf.ready.changed":
    case "haf.indexes.changed":
    case "haf.progress":
    case "haf.block.rewound":
    case "haf.fork.switched":
    case "haf.hived.connected":
    case "haf.app.state_changed":
    case "haf.app.changed":
    case "haf.app.logged":
    case "haf.role.changed":
    case "haf.check.changed":
    case "agent.state_changed":
    case "agent.restarted":
    case "agent.gap":
    case "agent.skew_changed":
    case "ingest.pipeline.changed":
    case "ingest.gateway.changed":
    case "dynflow.plan.gone":
    case "dynflow.step.state_changed":
    case "dynflow.world.registered":
    case "dynflow.world.changed":
    case "dynflow.world.gone":
    case "dynflow.world.pong":
    case "dynflow.world.ping_timeout":
    case "dynflow.lock.acquired":
    case "dynflow.lock.released":
    case "attention.acknowledged":
    case "attention.released":
    case "dna.drain.step":
    case "dna.drain.abandoned":
    case "safety.read_only":
    case "approval.asked":
    case "approval.decided":
    case "approval.used":
    case "console.started":
    case "console.stopped":
    case "console.retention_applied":
    case "console.clock_stepped":
      return event;
    default:
      return hideBody(event);
  }
}

/** Typed as impossible, met when a newer version has written to the journal. */
function hideBody(event: never): JournalEvent {
  return { ...(event as JournalEvent), body: MASKED } as unknown as JournalEvent;
}

/** Text for people that may quote an upstream's error, as this audience may read it. */
export function maskText(
  text: Maskable<string> | null,
  audience: Audience,
  rules: MaskRules = DEFAULT_MASK_RULES,
): Maskable<string> | null {
  if (text === null || audience === "public") return text === null ? null : MASKED;
  return typeof text === "string" ? maskFreeText(rules, text) : text;
}

/** A job as this audience may read it: what it does and how far it is, but not what an upstream said. */
export const maskJob = (job: JobFacts, audience: Audience, rules: MaskRules = DEFAULT_MASK_RULES): JobFacts =>
  audience === "operator" ? hideInJob(rules, job) : maskNote(job);

/**
 * What the operator saw (`expected`) is shown: it names states and counts that a viewer reads as well. What came back
 * is not: it may quote an error of an executor or of a database.
 */
const maskFound = <T extends Pick<OperationFacts, "found" | "upstream">>(operation: T): T => ({
  ...operation,
  found: maskText(operation.found, "public"),
  ...(operation.upstream === undefined ? {} : { upstream: MASKED }),
});

const maskNote = <T extends JobFacts>(job: T): T => ({ ...job, note: maskText(job.note, "public") });

function maskActor(actor: EventActor): EventActor {
  return { ...actor, address: MASKED };
}

function maskPlan<T extends PlanFacts>(plan: T): T {
  return plan.failure === null ? plan : { ...plan, failure: { ...plan.failure, message: MASKED } };
}

function maskFold(fold: StreamFold): StreamFold {
  switch (fold.family) {
    case "dynflow":
      return maskDynflow(fold);
    case "operator":
      return maskOperator(fold);
    case "haf":
      return fold.docker.reason === null ? fold : { ...fold, docker: maskReason(fold.docker) };
    case "ingest":
      return maskIngest(fold);
    case "console":
      return { ...fold, readers: mapValues(fold.readers, maskReason), sinks: mapValues(fold.sinks, maskReason) };
    case "dna":
      return fold;
    default:
      return unreachable(fold);
  }
}

const mapValues = <T>(record: Readonly<Record<string, T>>, how: (value: T) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, how(value)]));

const maskReason = <T extends { readonly reason: Maskable<string> | null }>(part: T): T =>
  part.reason === null ? part : { ...part, reason: MASKED };

/** Addresses of hosts, as those of operators. */
const maskAgent = <T extends AgentFacts>(agent: T): T => ({
  ...agent,
  peer: MASKED,
  about: agent.about === null ? null : { ...agent.about, addresses: MASKED },
});

const maskIngest = (fold: IngestFold): IngestFold => ({
  ...fold,
  agents: mapValues(fold.agents, maskAgent),
  gateways: mapValues(fold.gateways, (gateway) => ({
    ...gateway,
    receivers: mapValues(gateway.receivers, maskReason),
  })),
});

function maskDynflow(fold: DynflowFold): DynflowFold {
  const entries = Object.entries<PlanFold>(fold.plans);
  if (entries.every(([, plan]) => plan.failure === null)) return fold;
  return { ...fold, plans: Object.fromEntries(entries.map(([id, plan]) => [id, maskPlan(plan)])) };
}

function maskOperator(fold: OperatorFold): OperatorFold {
  const operations = fold.operations.map((operation) => ({
    ...maskFound(operation),
    actor: operation.actor === null ? null : maskActor(operation.actor),
  }));
  const jobs = Object.fromEntries(Object.entries(fold.jobs).map(([id, job]) => [id, maskNote(job)]));
  const acknowledgements = Object.fromEntries(
    Object.entries(fold.acknowledgements).map(([id, taken]) => [
      id,
      taken.by === null ? taken : { ...taken, by: maskActor(taken.by) },
    ]),
  );
  const by = (actor: EventActor | null) => (actor === null ? null : maskActor(actor));
  const approvals = Object.fromEntries(
    Object.entries(fold.approvals).map(([id, approval]) => [
      id,
      { ...approval, askedBy: by(approval.askedBy), decidedBy: by(approval.decidedBy) },
    ]),
  );
  const silences = mapValues(fold.silences, (silence) => ({ ...silence, by: by(silence.by) }));
  const readOnly = fold.readOnly === null ? null : { ...fold.readOnly, by: by(fold.readOnly.by) };
  const drains = Object.fromEntries(
    Object.entries(fold.drains).map(([key, drain]) => [
      key,
      {
        ...drain,
        steps: Object.fromEntries(Object.entries(drain.steps).map(([step, one]) => [step, { ...one, by: by(one.by) }])),
      },
    ]),
  );
  return { ...fold, operations, jobs, acknowledgements, approvals, readOnly, drains, silences };
}
