import { dynflowStream } from "#server/contract/event.ts";
import type { OperationFold, OperationPhase } from "#server/contract/fold/operator.ts";
import type { StateStore } from "#server/journal/ports.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import type { ClientWorld } from "./client-world-runner.ts";
import { createCommandEngine, noExecutor } from "./command-engine.ts";
import { prepareSeen } from "./command-prepare.ts";
import { createCommandTracker } from "./command-tracker.ts";
import type { BulkCommands, BulkTarget, OnVerdict, TargetVerdict } from "./commands.ts";
import type { DynflowStore } from "./ports.ts";
import type { Pinger } from "./resume-ping.ts";

/** An executor that has answered is taken for the next targets, too, for so long. */
const EXECUTOR_FRESH_MS = 5_000;
/** Commands of jobs that are not settled yet, as many as may wait for evidence before a job waits for them. */
const OPEN_MAX = 80;

interface BulkOptions {
  readonly sourceId: string;
  readonly store: DynflowStore;
  readonly world: ClientWorld;
  readonly state: StateStore;
  readonly pinger: Pinger;
  readonly clock: Clock;
  readonly log: Logger;
  readonly cancellable: readonly string[];
  readonly refusal: () => string | null;
  readonly look: (planId: string) => void;
  readonly onVerdict: OnVerdict;
}

const operationId = (jobId: string, planId: string): string => `${jobId}:${planId}`;
const jobIdOf = (operation: OperationRequest): string => operation.requestId.split(":", 1)[0] ?? "";

/** What the phase of an operation means for the target of a job. */
const OUTCOMES: Readonly<Record<Exclude<OperationPhase, "requested" | "denied">, TargetVerdict["outcome"]>> = {
  executed: "applied",
  verified: "applied",
  unverified: "unknown",
  failed: "failed",
  unknown: "unknown",
};

/** Commands whose outcomes are those of a job's targets: the same engine, with the job in the place of the journal. */
export function createBulkCommands(options: BulkOptions): {
  readonly commands: BulkCommands;
  load(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
} {
  const { sourceId, store, clock } = options;
  /** Phases of commands that are open; one that is not here, of an earlier life, counts as unknown. */
  const phases = new Map<string, OperationPhase>();
  const verdicts = new Map<string, TargetVerdict>();
  /** Commands whose caller still waits for the verdict. */
  const awaited = new Set<string>();

  const operations: Pick<Operations, "known" | "settle"> = {
    known: (id) => {
      const phase = phases.get(id);
      return phase === undefined ? null : toFold(id, phase);
    },
    async settle(operation, phase, found) {
      const id = operation.requestId;
      const verdict = { outcome: OUTCOMES[phase], note: found ?? phase };
      // Before the tracker forgets it: what is not tracked and not told counts as never sent.
      await options.onVerdict(jobIdOf(operation), operation.facts.target, verdict);
      phases.set(id, phase);
      verdicts.set(id, verdict);
      if (!awaited.has(id) && FINAL.has(phase)) forget(id);
    },
  };
  function forget(id: string): void {
    phases.delete(id);
    verdicts.delete(id);
  }

  const tracker = createCommandTracker({ ...options, operations, namespace: `dynflow-job-requests:${sourceId}` });
  let lastFound: { readonly at: MonotonicMs; readonly executorId: string } | null = null;
  const pinger: Pick<Pinger, "findExecutor"> = {
    async findExecutor(causedBy) {
      if (lastFound !== null && clock.monotonic() - lastFound.at < EXECUTOR_FRESH_MS) {
        return { executorId: lastFound.executorId, asked: 1 };
      }
      const found = await options.pinger.findExecutor(causedBy);
      lastFound = found.executorId === null ? null : { at: clock.monotonic(), executorId: found.executorId };
      return found;
    },
  };
  const engine = createCommandEngine({ ...options, tracker, operations, pinger });

  async function perform(target: BulkTarget, begin: () => Promise<void>): Promise<TargetVerdict> {
    const { verb, seen } = target;
    const prepared = await prepareSeen(store, options.cancellable, verb, seen);
    if (prepared.kind === "missing") return { outcome: "moved", note: "the plan is gone" };
    if (prepared.kind === "moved") return { outcome: "moved", note: prepared.reasons.join("; ") };
    if (prepared.kind === "refused") return { outcome: "failed", note: `refused: ${prepared.reasons.join("; ")}` };
    const id = operationId(target.jobId, seen.planId);
    const operation: OperationRequest = {
      requestId: id,
      actor: target.actor,
      facts: {
        action: `dynflow.plans.${verb}`,
        stream: dynflowStream(sourceId),
        target: seen.planId,
        expected: { state: seen.state, steps: seen.steps },
      },
    };
    phases.set(id, "requested");
    try {
      await engine.perform(operation, prepared.act, begin);
    } catch (cause) {
      if (cause instanceof OpsError && cause.code === "conflict") return { outcome: "moved", note: messageOf(cause) };
      if (verdicts.get(id)?.outcome !== "failed") throw cause;
    }
    options.look(seen.planId);
    return verdicts.get(id) ?? { outcome: "unknown", note: "It is not known whether it was sent" };
  }

  return {
    commands: {
      async waitingFor(verb, causedBy) {
        const refusal = options.refusal();
        if (refusal !== null) return refusal;
        if (tracker.openCount() >= OPEN_MAX) return `${OPEN_MAX} of its plans wait for evidence of what became of them`;
        if (verb !== "resume") return null;
        try {
          const { executorId, asked } = await pinger.findExecutor(causedBy);
          return executorId === null ? noExecutor(asked) : null;
        } catch (cause) {
          return `no executor could be asked: ${messageOf(cause)}`;
        }
      },
      async act(target, begin) {
        const id = operationId(target.jobId, target.seen.planId);
        awaited.add(id);
        try {
          return await perform(target, begin);
        } finally {
          awaited.delete(id);
          if (!tracker.isTracked(id)) forget(id);
        }
      },
      isOpen: (jobId, planId) => tracker.isTracked(operationId(jobId, planId)),
    },
    load: () => tracker.load(),
    run: (signal) => tracker.run(signal),
  };
}

const FINAL: ReadonlySet<OperationPhase> = new Set(["failed", "verified", "unverified", "denied"]);

const toFold = (id: string, phase: OperationPhase): OperationFold => ({
  id,
  phase,
  action: "",
  stream: null,
  target: "",
  expected: null,
  found: null,
  actor: null,
  at: {},
});
