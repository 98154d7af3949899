import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { termsOf } from "#server/contract/approval-terms.ts";
import { DRAIN_STEPS, type DrainStep, drainKey, openStep } from "#server/contract/drain.ts";
import { DRAIN_RULES } from "#server/contract/drain-rules.ts";
import { dnaStream, type EventDraft, OPERATOR_STREAM } from "#server/contract/event.ts";
import { own } from "#server/contract/fold/record.ts";
import { plural } from "#server/contract/view/words.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-drain.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { createOneStart } from "#server/kernel/one-start.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import { tellEvent, toEventActor, toResultPhase } from "#server/operations/tell.ts";
import type { BeamStopOutcome, DnaBeam } from "./beam-ports.ts";
import { sameIncarnation } from "./domain/identity.ts";
import { createDrainLook, type Looked } from "./drain-look.ts";
import { judgeDrain } from "./drain-steps.ts";
import type { IncarnationWatch } from "./failover-watch.ts";
import { asOfNow, type DnaSource } from "./source-view.ts";

export const DRAIN_ACTION = "dna.drain.advance";
export const STOP_VM_ACTION = "dna.drain.stopVm";
export const CLEAR_CACHES_ACTION = "dna.drain.clearCaches";
const ABANDON_ACTION = "dna.drain.abandon";
/** Nodes whose caches are emptied at once. */
const CLEARED_AT_ONCE = 4;

type Advance = WireIn<typeof wire.drainAdvanceInput>;
type Result = WireShape<typeof wire.drainAdvanceOutput>;

export interface DrainDeps {
  readonly sources: readonly DnaSource[];
  readonly operations: Operations;
  readonly recorder: Recorder;
  readonly view: FoldView;
  readonly clock: Clock;
  readonly busy: (stream: string) => boolean;
  readonly watchOf: (sourceId: string) => Pick<IncarnationWatch, "check"> | null;
}

/** Takes a node out of service step by step; each is looked at before the next is offered. */
export function createDrainService(deps: DrainDeps) {
  const { sources, operations, recorder, view, clock } = deps;
  const look = createDrainLook(deps);
  const advances = createOneStart<Result>("Another step of a drain of this source is under way.");

  function requestOf(caller: Caller, source: DnaSource, action: string, input: Advance): OperationRequest {
    const { step, how, expectedNode, expectedRunning } = input;
    return {
      requestId: input.requestId,
      facts: {
        action,
        stream: dnaStream(source.id),
        target: input.incarnation,
        expected: { step, how, node: expectedNode, running: expectedRunning },
      },
      actor: toEventActor(caller, input.reason),
      terms: termsOf(input),
    };
  }

  /** @param evidence in our own words; what a node said goes with the operation */
  const stepDraft = (operation: OperationRequest, input: Advance, evidence: string | null): EventDraft => ({
    kind: "dna.drain.step",
    subject: input.incarnation,
    occurredAt: clock.now(),
    causedBy: operation.requestId,
    actor: operation.actor,
    body: {
      stream: dnaStream(input.source),
      incarnation: input.incarnation,
      node: input.expectedNode,
      step: input.step,
      outcome: input.how === "skip" ? "skipped" : "done",
      evidence,
    },
  });

  /** Nothing is sent: the operator's word, or what was found, is written down. */
  async function record(caller: Caller, source: DnaSource, input: Advance, note: string | null): Promise<Result> {
    const operation = requestOf(caller, source, DRAIN_ACTION, input);
    await tellEvent({ operations, recorder }, operation, stepDraft(operation, input, note), note ?? input.how);
    return { journalId: input.requestId, phase: "verified", note };
  }

  async function stopVm(caller: Caller, source: DnaSource, input: Advance, looked: Looked): Promise<Result> {
    const beam = beamOf(source);
    const running = looked.facts.look?.kind === "answers" ? looked.facts.look.running : null;
    if (running !== null && input.expectedRunning !== null && running > input.expectedRunning)
      throw new OpsError("conflict", "The world has moved since you looked", {
        reasons: [`${plural(input.expectedRunning, "actor")} ran on it, and now ${running}`],
      });
    const operation = requestOf(caller, source, STOP_VM_ACTION, input);
    await operations.request(operation);
    let outcome: BeamStopOutcome;
    try {
      if (!sameIncarnation(await beam.identity(looked.node.node), looked.incarnation))
        throw new OpsError("conflict", `${looked.node.node} is another incarnation by now`);
      outcome = await beam.stopVm(looked.node.node, input.how === "force" ? "halt" : "stop");
    } catch (cause) {
      await operations.settle(operation, "failed", messageOf(cause));
      throw cause;
    }
    return told(operation, input, outcome);
  }

  /** Asked is not stopped: the next step looks whether it is dead. An unknown outcome goes on likewise, and is never sent again by itself. */
  async function told(operation: OperationRequest, input: Advance, outcome: BeamStopOutcome): Promise<Result> {
    if (outcome.kind === "moved" || outcome.kind === "busy") {
      const why = outcome.kind === "moved" ? outcome.detail : "it is busy";
      await operations.settle(operation, "failed", why);
      throw new OpsError("conflict", `It was not stopped: ${why}`);
    }
    const unknown = outcome.kind === "unknown";
    const note = unknown ? `asked to stop, no answer: ${outcome.reason}` : "asked to stop";
    await recorder.record(OPERATOR_STREAM, [stepDraft(operation, input, unknown ? "asked to stop, no answer" : note)]);
    await operations.settle(operation, unknown ? "unknown" : "executed", note);
    return { journalId: input.requestId, phase: unknown ? "unknown" : "executed", note };
  }

  async function clearCaches(caller: Caller, source: DnaSource, input: Advance, looked: Looked): Promise<Result> {
    const beam = beamOf(source);
    const operation = requestOf(caller, source, CLEAR_CACHES_ACTION, input);
    await operations.request(operation);
    const failed = await clearAll(beam, looked.facts.others);
    const cleared = looked.facts.others.length - failed.length;
    const note = `${plural(cleared, "cache")} emptied${failed.length === 0 ? "" : `, not: ${failed.join("; ")}`}`;
    if (cleared === 0) {
      await operations.settle(operation, "failed", note);
      throw new OpsError("upstream-unavailable", "No node's cache could be emptied", { reasons: failed });
    }
    const left = failed.length === 0 ? "" : `, ${plural(failed.length, "node")} not reached`;
    await recorder.record(OPERATOR_STREAM, [stepDraft(operation, input, `${plural(cleared, "cache")} emptied${left}`)]);
    await operations.settle(operation, "executed", note);
    return { journalId: input.requestId, phase: "executed", note };
  }

  async function advanceOnce(caller: Caller, source: DnaSource, input: Advance): Promise<Result> {
    const known = operations.known(input.requestId);
    if (known !== null) return { journalId: input.requestId, phase: toResultPhase(known.phase), note: null };
    const looked = await look(source, input.incarnation);
    refuseMoved(looked, input);
    const rule = DRAIN_RULES[input.step];
    if (input.how === "skip") {
      if (rule.skip === null) throw new OpsError("refused", "This step cannot be left out");
      return record(caller, source, input, rule.skip);
    }
    const verdict = judgeDrain(looked.facts, [input.step])[0];
    if (verdict === undefined || verdict.refusal !== null)
      throw new OpsError("refused", verdict?.refusal ?? "Not now", { reasons: [...(verdict?.evidence ?? [])] });
    if (input.step === "stop_vm") return stopVm(caller, source, input, looked);
    if (input.step === "clear_caches") return clearCaches(caller, source, input, looked);
    return record(caller, source, input, verdict.evidence.join(", ") || null);
  }

  return {
    async drain(caller: Caller, input: WireIn<typeof wire.drainInput>): WireOut<typeof wire.drainOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { node, facts } = await look(source, input.incarnation);
      const list = own(view.operator().drains, drainKey(dnaStream(source.id), input.incarnation));
      return {
        ...asOfNow(clock, source),
        incarnation: input.incarnation,
        node: node.node,
        cluster: node.cluster,
        state: node.state,
        since: list === undefined ? null : toIso(list.since),
        running: facts.look?.kind === "answers" && facts.look.sameIdentity ? facts.look.running : null,
        others: [...facts.others],
        steps: judgeDrain(facts, DRAIN_STEPS).map(({ step, state, evidence, refusal }) => {
          const recorded = facts.recorded[step];
          return {
            ...{ step, state, evidence: [...evidence], refusal },
            at: recorded === undefined ? null : toIso(recorded.at),
            by: recorded?.by?.user ?? null,
          };
        }),
      };
    },

    drainAdvance(caller: Caller, input: Advance): WireOut<typeof wire.drainAdvanceOutput> {
      const source = sourceFor(caller, sources, input.source);
      if (!source.act) throw new OpsError("refused", "Acting on this source is switched off (act: false).");
      return advances.run(source.id, input.requestId, () => advanceOnce(caller, source, input));
    },

    /** The list is forgotten; what was done stays done. */
    async drainAbandon(
      caller: Caller,
      input: WireIn<typeof wire.drainAbandonInput>,
    ): WireOut<typeof wire.drainAdvanceOutput> {
      const source = sourceFor(caller, sources, input.source);
      const stream = dnaStream(source.id);
      const result = { journalId: input.requestId, phase: "verified" as const, note: null };
      if (operations.known(input.requestId) !== null) return result;
      const list = own(view.operator().drains, drainKey(stream, input.incarnation));
      if (list === undefined) throw new OpsError("conflict", "No drain of it is begun");
      const { incarnation } = input;
      const operation = {
        requestId: input.requestId,
        facts: { action: ABANDON_ACTION, stream, target: incarnation, expected: null },
        actor: toEventActor(caller, input.reason),
      };
      const body = { stream, incarnation, node: list.node };
      const draft: EventDraft = { kind: "dna.drain.abandoned", subject: incarnation, occurredAt: clock.now(), body };
      await tellEvent({ operations, recorder }, operation, draft, "what was done stays done");
      return result;
    },
  };
}

function refuseMoved({ node, facts }: Looked, { expectedNode, step }: Advance): void {
  if (node.node !== expectedNode)
    throw new OpsError("conflict", "The world has moved since you looked", {
      reasons: [`Its name was ${expectedNode} and is ${node.node}`],
    });
  const open: DrainStep | null = openStep(facts.recorded);
  if (open !== step)
    throw new OpsError("conflict", "The list has moved on since you looked", {
      reasons: [open === null ? "Every step is done." : `The open step is: ${DRAIN_RULES[open].title}`],
    });
}

function beamOf(source: DnaSource): DnaBeam {
  if (source.beam === null) throw new OpsError("refused", "No access to the nodes is configured (beam).");
  return source.beam;
}

/** Empties the caches of all; answers those that could not be, each with the reason. */
async function clearAll(beam: DnaBeam, nodes: readonly string[]): Promise<readonly string[]> {
  const failed: string[] = [];
  for (let from = 0; from < nodes.length; from += CLEARED_AT_ONCE) {
    await Promise.all(
      nodes.slice(from, from + CLEARED_AT_ONCE).map(async (node) => {
        try {
          await beam.clearOwnerCache(node);
        } catch (cause) {
          failed.push(`${node}: ${messageOf(cause)}`);
        }
      }),
    );
  }
  return failed;
}
