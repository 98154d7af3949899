/**
 * What upstreams said, in events and folds, without what the rules hide. It goes for everybody who may read such texts;
 * what viewers do not read at all is taken out by `mask.ts`. The very same object where nothing is hidden.
 */
import type { AgentFacts } from "#server/contract/agents.ts";
import {
  isMasked,
  type JobFacts,
  type JournalEvent,
  type Maskable,
  type OperationFacts,
  type PlanFailure,
} from "#server/contract/event.ts";
import type { DynflowFold, PlanFold } from "#server/contract/fold/dynflow.ts";
import type { Folds, StreamFold } from "#server/contract/fold/fold.ts";
import type { AgentFold, GatewayFold, IngestFold } from "#server/contract/fold/ingest.ts";
import type { OperatorFold } from "#server/contract/fold/operator.ts";
import { maskPlain } from "./mask-payload.ts";
import type { MaskRules } from "./mask-rules.ts";
import { maskFreeText } from "./mask-text.ts";

/** A text that may be hidden, or not be there. */
const textOf = <T extends Maskable<string> | null>(rules: MaskRules, text: T): T | string =>
  text === null || isMasked(text) || typeof text !== "string" ? text : maskFreeText(rules, text);

export function hideInEvent(rules: MaskRules, event: JournalEvent): JournalEvent {
  switch (event.kind) {
    case "dynflow.plan.created": {
      const body = hideInPlan(rules, event.body);
      return body === event.body ? event : { ...event, body };
    }
    case "dynflow.plan.state_changed":
    case "dynflow.plan.result_changed": {
      const plan = hideInPlan(rules, event.body.plan);
      return plan === event.body.plan ? event : { ...event, body: { ...event.body, plan } };
    }
    case "dynflow.plan.changed": {
      const plan = hideInPlan(rules, event.body.plan);
      return plan === event.body.plan ? event : { ...event, body: { plan } };
    }
    case "op.requested":
    case "op.executed":
    case "op.failed":
    case "op.denied":
    case "op.unknown":
    case "op.verified":
    case "op.unverified": {
      const body = hideInOperation(rules, event.body);
      return body === event.body ? event : { ...event, body };
    }
    case "job.created": {
      const body = hideInJob(rules, event.body);
      return body === event.body ? event : { ...event, body };
    }
    case "job.state_changed": {
      const job = hideInJob(rules, event.body.job);
      return job === event.body.job ? event : { ...event, body: { ...event.body, job } };
    }
    case "agent.message": {
      if (isMasked(event.body.body)) return event;
      const { value, hidden } = maskPlain(rules, event.body.body);
      return hidden ? { ...event, body: { ...event.body, body: value } } : event;
    }
    case "agent.seen": {
      const body = hideInAgent(rules, event.body);
      return body === event.body ? event : { ...event, body };
    }
    case "agent.state_changed": {
      const evidence = textOf(rules, event.body.evidence);
      return evidence === event.body.evidence ? event : { ...event, body: { ...event.body, evidence } };
    }
    case "haf.docker.changed": {
      const body = hideReason(rules, event.body);
      return body === event.body ? event : { ...event, body };
    }
    case "ingest.receiver.changed": {
      const body = hideReason(rules, event.body);
      return body === event.body ? event : { ...event, body };
    }
    case "console.reader.changed": {
      const body = hideReason(rules, event.body);
      return body === event.body ? event : { ...event, body };
    }
    case "alert.sink.changed": {
      const body = hideReason(rules, event.body);
      return body === event.body ? event : { ...event, body };
    }
    case "source.state_changed": {
      const reason = textOf(rules, event.body.reason);
      return reason === event.body.reason ? event : { ...event, body: { ...event.body, reason } };
    }
    default:
      return event;
  }
}

export function hideInFolds(rules: MaskRules, folds: Folds): Folds {
  let hidden = false;
  const shown = Object.entries(folds).map(([stream, fold]): [string, StreamFold] => {
    const each = hideInFold(rules, fold);
    hidden ||= each !== fold;
    return [stream, each];
  });
  return hidden ? Object.fromEntries(shown) : folds;
}

/** A job with what its note may quote hidden. */
export function hideInJob<T extends JobFacts>(rules: MaskRules, job: T): T {
  const note = textOf(rules, job.note);
  return note === job.note ? job : { ...job, note };
}

function hideInOperation<T extends Pick<OperationFacts, "found" | "upstream">>(rules: MaskRules, operation: T): T {
  const found = textOf(rules, operation.found);
  const upstream = operation.upstream === undefined ? undefined : textOf(rules, operation.upstream);
  if (found === operation.found && upstream === operation.upstream) return operation;
  return { ...operation, found, ...(upstream === undefined ? {} : { upstream }) };
}

/** A failure is looked at again with every snapshot and list; it never changes. */
const KNOWN = new WeakMap<MaskRules, WeakMap<PlanFailure, PlanFailure>>();

function hideInPlan<T extends { readonly failure: PlanFailure | null }>(rules: MaskRules, plan: T): T {
  if (plan.failure === null) return plan;
  const failure = hideInFailure(rules, plan.failure);
  return failure === plan.failure ? plan : { ...plan, failure };
}

function hideInFailure(rules: MaskRules, failure: PlanFailure): PlanFailure {
  const known = KNOWN.get(rules) ?? new WeakMap<PlanFailure, PlanFailure>();
  KNOWN.set(rules, known);
  const before = known.get(failure);
  if (before !== undefined) return before;
  const message = textOf(rules, failure.message);
  const shown = message === failure.message ? failure : { ...failure, message };
  known.set(failure, shown);
  return shown;
}

function hideInFold(rules: MaskRules, fold: StreamFold): StreamFold {
  switch (fold.family) {
    case "dynflow":
      return hideInSource(rules, hideInPlans(rules, fold));
    case "dna":
      return hideInSource(rules, fold);
    case "haf": {
      const docker = hideReason(rules, fold.docker);
      return hideInSource(rules, docker === fold.docker ? fold : { ...fold, docker });
    }
    case "ingest":
      return hideInSource(rules, hideInGateways(rules, hideInAgents(rules, fold)));
    case "console": {
      const [readers, sinks] = [hideReasons(rules, fold.readers), hideReasons(rules, fold.sinks)];
      return readers === fold.readers && sinks === fold.sinks ? fold : { ...fold, readers, sinks };
    }
    case "operator":
      return hideInOperator(rules, fold);
    default:
      return fold;
  }
}

function hideInSource<T extends { readonly source: { readonly reason: string | null } }>(rules: MaskRules, fold: T): T {
  const reason = textOf(rules, fold.source.reason);
  return reason === fold.source.reason ? fold : { ...fold, source: { ...fold.source, reason } };
}

interface WithReason {
  readonly reason: Maskable<string> | null;
}

function hideReason<T extends WithReason>(rules: MaskRules, part: T): T {
  const reason = textOf(rules, part.reason);
  return reason === part.reason ? part : { ...part, reason };
}

function hideReasons<T extends WithReason>(
  rules: MaskRules,
  parts: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  const shown = Object.entries(parts).map(([id, part]): [string, T] => [id, hideReason(rules, part)]);
  return shown.some(([id, part]) => part !== parts[id]) ? Object.fromEntries(shown) : parts;
}

/** What an agent says of its program; a command line may hold a password. */
function hideInAgent<T extends AgentFacts>(rules: MaskRules, agent: T): T {
  if (agent.about === null) return agent;
  const program = textOf(rules, agent.about.program);
  return program === agent.about.program ? agent : { ...agent, about: { ...agent.about, program } };
}

/** The evidence of who has left quotes its bye. */
function hideInAgents(rules: MaskRules, fold: IngestFold): IngestFold {
  let hidden = false;
  const agents = Object.entries<AgentFold>(fold.agents).map(([id, agent]): [string, AgentFold] => {
    const told = hideInAgent(rules, agent);
    const evidence = textOf(rules, told.evidence);
    const shown = evidence === told.evidence ? told : { ...told, evidence };
    hidden ||= shown !== agent;
    return [id, shown];
  });
  return hidden ? { ...fold, agents: Object.fromEntries(agents) } : fold;
}

function hideInGateways(rules: MaskRules, fold: IngestFold): IngestFold {
  const shown = Object.entries<GatewayFold>(fold.gateways).map(([id, gateway]): [string, GatewayFold] => {
    const receivers = hideReasons(rules, gateway.receivers);
    return [id, receivers === gateway.receivers ? gateway : { ...gateway, receivers }];
  });
  return shown.some(([id, gateway]) => gateway !== fold.gateways[id])
    ? { ...fold, gateways: Object.fromEntries(shown) }
    : fold;
}

function hideInPlans(rules: MaskRules, fold: DynflowFold): DynflowFold {
  let hidden = false;
  const plans = Object.entries<PlanFold>(fold.plans).map(([id, plan]): [string, PlanFold] => {
    const shown = hideInPlan(rules, plan);
    hidden ||= shown !== plan;
    return [id, shown];
  });
  return hidden ? { ...fold, plans: Object.fromEntries(plans) } : fold;
}

function hideInOperator(rules: MaskRules, fold: OperatorFold): OperatorFold {
  let hidden = false;
  const operations = fold.operations.map((operation) => {
    const shown = hideInOperation(rules, operation);
    hidden ||= shown !== operation;
    return shown;
  });
  const jobs = Object.entries(fold.jobs).map(([id, job]): [string, OperatorFold["jobs"][string]] => {
    const shown = hideInJob(rules, job);
    hidden ||= shown !== job;
    return [id, shown];
  });
  return hidden ? { ...fold, operations, jobs: Object.fromEntries(jobs) } : fold;
}
