import { type Caller, visibleStreams } from "#server/auth/caller.ts";
import type { ApprovalTerms } from "#server/contract/approval-terms.ts";
import { termLines } from "#server/contract/approval-words.ts";
import { type EventDraft, OPERATOR_STREAM, type StreamName } from "#server/contract/event.ts";
import { own } from "#server/contract/fold/record.ts";
import { type ApprovalFold, approvalOf, coversTerms, WHOLE_NODE_ACTIONS } from "#server/contract/safety.ts";
import { plural } from "#server/contract/view/words.ts";
import { seesStream } from "#server/contract/visibility.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/safety.ts";
import { type Clock, type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { READ_ONLY_CONFIGURED } from "./gate.ts";
import type { Operations } from "./ports.ts";
import { tellEvent, toEventActor } from "./tell.ts";

const MINUTE_MS = 60_000;
const CONSOLE = "console";

export interface SafetyDeps {
  readonly view: FoldView;
  readonly recorder: Recorder;
  readonly operations: Operations;
  readonly clock: Clock;
  readonly newId: () => string;
  /** Ends the work of every job that sends, at a safe point; answers how many. */
  readonly holdJobs: (note: string, requestId: string) => Promise<number>;
  readonly rules: { readonly readOnly: boolean; readonly wholeNode: boolean; readonly minutes: number };
}

/** The brake over everything, and the second person. */
export function createSafetyService(deps: SafetyDeps) {
  const { view, operations, clock, rules } = deps;

  const readOnly = () => view.operator().readOnly;

  async function set(caller: Caller, on: boolean, input: WireIn<typeof wire.readOnlyInput>): Promise<void> {
    const { requestId, reason } = input;
    const operation = {
      requestId,
      actor: toEventActor(caller, reason),
      facts: {
        action: on ? "safety.readOnly.set" : "safety.readOnly.lift",
        stream: null,
        target: CONSOLE,
        expected: { readOnly: !on },
      },
    };
    const draft: EventDraft = {
      kind: "safety.read_only",
      subject: CONSOLE,
      occurredAt: clock.now(),
      body: { on },
      causedBy: requestId,
      actor: operation.actor,
    };
    await operations.perform(
      operation,
      async () => {
        await deps.recorder.record(OPERATOR_STREAM, [draft]);
        return on ? await deps.holdJobs("paused: the console was made read-only", requestId) : 0;
      },
      (held) => (on ? `${plural(held, "job")} paused` : "paused jobs stay so until they are resumed"),
    );
  }

  function approvalFor(caller: Caller, id: string): ApprovalFold {
    const approval = own(view.operator().approvals, id);
    if (approval === undefined || !seesStream(visibleStreams(caller.principal), approval.stream))
      throw new OpsError("not-found", `No approval ${id}`);
    return approval;
  }

  return {
    async status(): WireOut<typeof wire.safetyOutput> {
      const held = readOnly();
      return {
        readOnly: rules.readOnly || held !== null,
        configured: rules.readOnly,
        since: held === null ? null : toIso(held.since),
        by: held?.by?.user ?? null,
        reason: held?.by?.reason ?? null,
        secondPerson: rules.wholeNode,
      };
    },

    /** On at once, for everybody; jobs that send end at their next safe point and stay paused. */
    async setReadOnly(caller: Caller, input: WireIn<typeof wire.readOnlyInput>): WireOut<typeof wire.readOnlyOutput> {
      const result = { journalId: input.requestId, phase: "executed" as const, note: null };
      if (operations.known(input.requestId) !== null) return result;
      if (readOnly() !== null) throw new OpsError("conflict", "The console is read-only already");
      await set(caller, true, input);
      return result;
    },

    async liftReadOnly(caller: Caller, input: WireIn<typeof wire.readOnlyInput>): WireOut<typeof wire.readOnlyOutput> {
      const result = { journalId: input.requestId, phase: "executed" as const, note: null };
      if (operations.known(input.requestId) !== null) return result;
      if (rules.readOnly) throw new OpsError("refused", READ_ONLY_CONFIGURED);
      if (readOnly() === null) throw new OpsError("conflict", "The console is not read-only any more");
      await set(caller, false, input);
      return result;
    },

    async ask(caller: Caller, input: WireIn<typeof wire.askInput>): WireOut<typeof wire.askOutput> {
      const { action, target, terms, requestId, reason } = input;
      if (!rules.wholeNode) throw new OpsError("refused", "No second person is needed here (approvals.wholeNode)");
      const stream = input.stream as StreamName;
      if (!seesStream(visibleStreams(caller.principal), stream)) throw new OpsError("not-found", `No stream ${stream}`);
      const known = Object.entries(view.operator().approvals).find(([id]) => id === approvalId(requestId));
      if (known !== undefined) return { approvalId: known[0], until: toIso(known[1].until) };
      const open = approvalOf(view.operator().approvals, { action, stream, target }, clock.now());
      if (open !== null && coversTerms(open, terms))
        throw new OpsError("conflict", `${open.askedBy?.user ?? "Somebody"} has asked for it already`, {
          reasons: [open.state === "granted" ? "It is granted: it can be done now." : "It waits for an answer."],
        });
      const until = epochMs(clock.now() + rules.minutes * MINUTE_MS);
      const title = titleOf(view, stream, target);
      const operation = {
        requestId,
        actor: toEventActor(caller, reason),
        facts: { action: "safety.approvals.ask", stream, target, expected: { action, ...terms } },
      };
      const body = { action, stream, target, title, terms, until };
      const draft: EventDraft = {
        id: approvalId(requestId),
        kind: "approval.asked",
        subject: target,
        occurredAt: clock.now(),
        body,
      };
      await tellEvent(deps, operation, draft, `${WHOLE_NODE_ACTIONS[action]} ${title}${wordsOf(view, stream, terms)}`);
      return { approvalId: approvalId(requestId), until: toIso(until) };
    },

    async decide(caller: Caller, input: WireIn<typeof wire.decideInput>): WireOut<typeof wire.decideOutput> {
      const { granted, requestId, reason } = input;
      const result = { journalId: requestId, phase: "verified" as const, note: null };
      if (operations.known(requestId) !== null) return result;
      const approval = approvalFor(caller, input.approvalId);
      if (approval.state !== "asked") throw new OpsError("conflict", `It is ${approval.state} already`);
      if (isOver(approval, clock.now()))
        throw new OpsError("conflict", "The question has run out: it must be asked anew");
      if (granted && approval.askedBy?.user === caller.principal.id)
        throw new OpsError("refused", "Whoever asks cannot agree: that takes another person");
      const { stream, target, action, title, terms = {} } = approval;
      const operation = {
        requestId,
        actor: toEventActor(caller, reason),
        facts: { action: "safety.approvals.decide", stream, target, expected: { action, granted } },
      };
      const until = epochMs(clock.now() + rules.minutes * MINUTE_MS);
      const draft: EventDraft = {
        kind: "approval.decided",
        subject: target,
        occurredAt: clock.now(),
        body: { approvalId: input.approvalId, stream, granted, until },
      };
      await tellEvent(
        deps,
        operation,
        draft,
        `${granted ? "agreed" : "not agreed"}: ${WHOLE_NODE_ACTIONS[action]} ${title}${wordsOf(view, stream, terms)}`,
      );
      return result;
    },
  };
}

const isOver = ({ until }: Pick<ApprovalFold, "until">, now: EpochMs): boolean => now >= until;

/** The same for every press of the same intention. */
const approvalId = (requestId: string): string => `approval-${requestId}`;

/** Parameters that are told in one line of the journal. */
const LINES_TOLD = 10;

function wordsOf(view: FoldView, stream: StreamName, terms: ApprovalTerms): string {
  const fold = view.folds()[stream];
  const nodes = fold?.family === "dna" ? fold.nodes : {};
  const lines = termLines(terms, (id) => own(nodes, id)?.node ?? null).map(({ what, value }) => `${what}: ${value}`);
  const more = lines.length - LINES_TOLD;
  const told = [...lines.slice(0, LINES_TOLD), ...(more > 0 ? [`and ${more} more`] : [])];
  return told.length === 0 ? "" : ` (${told.join("; ")})`;
}

function titleOf(view: FoldView, stream: StreamName, target: string): string {
  const fold = view.folds()[stream];
  const node = fold?.family === "dna" ? own(fold.nodes, target)?.node : undefined;
  return node === undefined ? target : `${node} (${target})`;
}
