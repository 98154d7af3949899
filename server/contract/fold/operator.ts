import type {
  AcknowledgementFacts,
  EventActor,
  EventKind,
  JobFacts,
  JournalEvent,
  OperationFacts,
} from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type DrainsFold, reduceDrains } from "./drains.ts";
import { EMPTY_OPERATOR, OPERATION_PHASES } from "./operator-state.ts";
import { reduceSafety, type SafetyFold } from "./safety.ts";
import { reduceSilences, type SilencesFold } from "./silences.ts";

export { EMPTY_OPERATOR, OPERATION_PHASES };
export type OperationPhase = (typeof OPERATION_PHASES)[number];

/** One action of an operator: how far it has come, and every phase with its time. */
export interface OperationFold extends OperationFacts {
  readonly id: string;
  readonly actor: EventActor | null;
  readonly phase: OperationPhase;
  readonly at: Readonly<Partial<Record<OperationPhase, EpochMs>>>;
}

/** Who has taken a finding on, and when. */
export interface AcknowledgementFold extends AcknowledgementFacts {
  readonly by: EventActor | null;
  readonly at: EpochMs;
}

export interface OperatorFold extends SafetyFold, DrainsFold, SilencesFold {
  readonly family: "operator";
  /** The latest operations, oldest first, at most `OPERATIONS_MAX`; older ones are in the journal. */
  readonly operations: readonly OperationFold[];
  readonly jobs: Readonly<Record<string, JobFacts & { readonly since: EpochMs }>>;
  /** By id of the finding, at most `ACKNOWLEDGEMENTS_MAX`, the latest; also those that have run out. */
  readonly acknowledgements: Readonly<Record<string, AcknowledgementFold>>;
}

const OPERATIONS_MAX = 200;
const ENDED_JOBS_MAX = 50;
const ACKNOWLEDGEMENTS_MAX = 500;

/**
 * Pure and total. Phases of one operation are joined by `causedBy` = id of its `op.requested`; a denial without a
 * request stands for itself.
 */
export function reduceOperator(state: OperatorFold, event: JournalEvent): OperatorFold {
  switch (event.kind) {
    case "op.requested":
    case "op.executed":
    case "op.failed":
    case "op.denied":
    case "op.unknown":
    case "op.verified":
    case "op.unverified":
      return { ...state, operations: withPhase(state.operations, event) };
    case "job.created":
      return {
        ...state,
        jobs: bounded({ ...state.jobs, [event.subject]: { ...event.body, since: event.observedAt } }),
      };
    case "job.state_changed":
      return { ...state, jobs: { ...state.jobs, [event.subject]: { ...event.body.job, since: event.observedAt } } };
    case "attention.acknowledged": {
      const taken = { ...event.body, by: event.actor, at: event.observedAt };
      return { ...state, acknowledgements: withAcknowledgement(state.acknowledgements, taken) };
    }
    case "attention.released": {
      const { [event.body.finding]: _released, ...kept } = state.acknowledgements;
      return { ...state, acknowledgements: kept };
    }
    default:
      return reduceSilences(reduceDrains(reduceSafety(state, event), event), event);
  }
}

function withAcknowledgement(
  known: OperatorFold["acknowledgements"],
  taken: AcknowledgementFold,
): OperatorFold["acknowledgements"] {
  const others = Object.entries(known).filter(([id]) => id !== taken.finding);
  const kept = others.toSorted(([, a], [, b]) => a.at - b.at).slice(-(ACKNOWLEDGEMENTS_MAX - 1));
  return Object.fromEntries([...kept, [taken.finding, taken]]);
}

type OperationEvent = Extract<JournalEvent, { kind: Extract<EventKind, `op.${string}`> }>;

function withPhase(operations: readonly OperationFold[], event: OperationEvent): readonly OperationFold[] {
  const phase = event.kind.slice("op.".length) as OperationPhase;
  const id = event.kind === "op.requested" ? event.id : (event.causedBy ?? event.id);
  const index = operations.findIndex((operation) => operation.id === id);
  const known = operations[index];
  if (known === undefined) {
    const added = { ...event.body, id, actor: event.actor, phase, at: { [phase]: event.observedAt } };
    return [...operations, added].slice(-OPERATIONS_MAX);
  }
  const next = {
    ...known,
    phase,
    at: { ...known.at, [phase]: event.observedAt },
    found: event.body.found ?? known.found,
  };
  return operations.with(index, next);
}

const isEnded = (job: JobFacts): boolean =>
  job.state === "done" || job.state === "failed" || job.state === "stopped" || job.state === "cancelled";

function bounded(jobs: OperatorFold["jobs"]): OperatorFold["jobs"] {
  const ended = Object.entries(jobs)
    .filter(([, job]) => isEnded(job))
    .sort(([, a], [, b]) => a.createdAt - b.createdAt);
  const dropped = new Set(ended.slice(0, Math.max(0, ended.length - ENDED_JOBS_MAX)).map(([id]) => id));
  return dropped.size === 0 ? jobs : Object.fromEntries(Object.entries(jobs).filter(([id]) => !dropped.has(id)));
}
