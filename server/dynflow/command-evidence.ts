import type { OperationPhase } from "#server/contract/fold/operator.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { unreachable } from "#server/kernel/errors.ts";
import type { MessageReplies, SentCommand, TrackedCommand } from "./command-sent.ts";
import { leftBehind } from "./domain/halt.ts";
import type { PlanRecord } from "./domain/model.ts";
import { plainRefusal } from "./domain/refusal-words.ts";
import { judgeExecution, type Observed, VERIFY_TIMEOUT_MS, type Verdict } from "./resume-evidence.ts";

/** No transaction of ours lives so long: what is not written by then never will be. */
export const WRITE_SETTLED_AFTER_MS = 10_000;

type Replies = readonly Readonly<MessageReplies>[];

/**
 * What the evidence says of a command, as the next phase to journal; `null` = nothing new. Pure. Never concludes from
 * silence.
 */
export function judgeCommand(
  phase: OperationPhase,
  tracked: TrackedCommand,
  replies: Replies,
  observed: Observed | null,
  now: EpochMs,
): Verdict | null {
  const { command, sentAt } = tracked;
  if (command.kind === "execution") {
    const none = { acceptedAt: null, done: false, failed: null };
    const sent = {
      requestId: tracked.messages[0]?.requestId ?? "",
      executorId: command.executorId,
      startsBefore: command.startsBefore,
      sentAt,
      ...(replies[0] ?? none),
    };
    return judgeExecution(phase, sent, observed, now);
  }
  if (phase !== "requested" && phase !== "unknown" && phase !== "executed") return null;
  const plan = observed?.plan ?? null;
  const ageMs = now - sentAt;
  const verdict = verdictOf(command, { phase, replies, plan, ageMs, inhibited: observed?.inhibited ?? null });
  if (verdict !== null) return verdict;
  if (phase === "executed" && ageMs > VERIFY_TIMEOUT_MS) {
    return { phase: "unverified", found: `${NO_SIGN[command.kind]} in ${VERIFY_TIMEOUT_MS / 1_000} s` };
  }
  return phase === "requested" ? { phase: "unknown", found: WAITING[command.kind] } : null;
}

interface Facts {
  readonly phase: "requested" | "unknown" | "executed";
  readonly replies: Replies;
  readonly plan: PlanRecord | null;
  readonly ageMs: number;
  /** Its inhibition lock is there; `null` = not known. */
  readonly inhibited: boolean | null;
}

function verdictOf(command: Exclude<SentCommand, { kind: "execution" }>, facts: Facts): Verdict | null {
  switch (command.kind) {
    case "events":
      return judgeEvents(command, facts);
    case "halt":
      return judgeHalt(command, facts);
    case "hard-halt":
      return judgeHardHalt(command, facts);
    case "planning":
      return judgePlanning(command, facts);
    case "skip":
      return judgeSkipWritten(command, facts);
    default:
      return unreachable(command);
  }
}

const NO_SIGN = {
  events: "The steps took it and show no sign of it (what it does is up to the action)",
  halt: "The plan showed no sign of it",
  "hard-halt":
    "The executor took it and the plan is not stopped; its inhibition lock stays and keeps it from being executed",
  planning: "The executor accepted it and the plan is as before",
  skip: "The steps do not show it",
} as const;
const WAITING = {
  events: "It waits: a busy step takes it when it suspends. A reply, or the end of the steps, will tell",
  halt: "It is not known whether the executor took it: the plan's row or a late reply will tell",
  "hard-halt": "It is not known whether the executor took it: the plan's row or a late reply will tell",
  planning: "It is not known whether the executor took it: the plan's row or a late reply will tell",
  skip: "It is not known whether it was written: the steps will tell",
} as const;

function judgeEvents(command: Extract<SentCommand, { kind: "events" }>, facts: Facts): Verdict | null {
  const { phase, replies, plan } = facts;
  const upstream = replies.flatMap(({ failed }) => failed ?? []);
  const failures = upstream.map(plainRefusal);
  const waiting = replies.filter((reply) => !reply.done && reply.failed === null).length;
  if (failures.length > 0 && failures.length === replies.length) {
    return { ...refusedBy(upstream[0] ?? "", plan), upstream: upstream.join("\n\n") };
  }
  if (waiting > 0) {
    if (plan === null || plan.head.state === "running" || phase === "executed") return null;
    const word = command.event ?? "cancel";
    return { phase: "unverified", found: `Not answered${planWords(plan)}: whether by this ${word} is not known` };
  }
  const told = command.steps.filter((_, index) => replies[index]?.done === true);
  const refused = failures.length === 0 ? "" : `; ${failures.length} refused: ${failures[0]}`;
  const moving = told.filter(({ stepId }) => isOpen(plan?.steps.find((step) => step.id === stepId)?.state ?? ""));
  if (plan !== null && (plan.head.state !== "running" || moving.length === 0)) {
    const steps = told.map(({ stepId }) => `step ${stepId} is ${stateOf(plan, stepId)}`).join(", ");
    return { phase: "verified", found: `${steps}${planWords(plan)}${refused}` };
  }
  return phase === "executed"
    ? null
    : { phase: "executed", found: `${told.length} of ${command.steps.length} steps took it${refused}` };
}

function judgeHalt(command: Extract<SentCommand, { kind: "halt" }>, facts: Facts): Verdict | null {
  const { phase, replies, plan, ageMs } = facts;
  if (plan?.head.state === "stopped") return { phase: "verified", found: `The plan is stopped, ${plan.head.result}` };
  const failed = replies[0]?.failed ?? null;
  if (failed !== null) return refusedBy(failed, plan);
  const root = plan?.steps.find((step) => step.id === command.rootStepId);
  if (phase !== "executed" && root?.state === "pending" && ageMs > WRITE_SETTLED_AFTER_MS) {
    return { phase: "failed", found: `It was not written: nothing was sent${planWords(plan)}` };
  }
  return replies[0]?.done === true && phase !== "executed"
    ? { phase: "executed", found: `Executor ${command.executorId} took it` }
    : null;
}

function judgeHardHalt(command: Extract<SentCommand, { kind: "hard-halt" }>, facts: Facts): Verdict | null {
  const { phase, replies, plan, ageMs, inhibited } = facts;
  if (plan?.head.state === "stopped") {
    return { phase: "verified", found: `The plan is stopped, ${plan.head.result}${leftWords(plan)}` };
  }
  const failed = replies[0]?.failed ?? null;
  if (failed !== null) return refusedBy(failed, plan);
  if (replies[0]?.done === true) {
    return phase === "executed" ? null : { phase: "executed", found: `Executor ${command.executorId} took it` };
  }
  const written = phase === "executed" || inhibited !== false || plan === null;
  if (written || ageMs <= WRITE_SETTLED_AFTER_MS) return null;
  return { phase: "failed", found: `It was not written: nothing was sent${planWords(plan)}` };
}

/** A halt leaves steps as they are; those that are really busy go on in their threads. */
function leftWords(plan: PlanRecord): string {
  const left = leftBehind(plan);
  const busy = left.filter((step) => step.state === "running").map((step) => step.id);
  if (left.length === 0) return "";
  const stay = `; ${left.length} ${left.length === 1 ? "step stays" : "steps stay"} as ${left.length === 1 ? "it was" : "they were"}`;
  return busy.length === 0 ? stay : `${stay}, ${busy.slice(0, 5).join(", ")} may still be busy`;
}

function judgePlanning(command: Extract<SentCommand, { kind: "planning" }>, facts: Facts): Verdict | null {
  const { phase, replies, plan } = facts;
  const failed = replies[0]?.failed ?? null;
  if (failed !== null) return refusedBy(failed, plan);
  const state = plan?.head.state ?? "scheduled";
  const ended =
    plan?.history.ok === true ? plan.history.value.findLast(({ name }) => ENDED_UNPLANNED.has(name)) : undefined;
  if (state === "stopped" && ended !== undefined) {
    return { phase: "failed", found: `The executor ended it instead of starting it (${ended.name})${planWords(plan)}` };
  }
  if (state !== "scheduled" && state !== "planning") {
    return { phase: "verified", found: `The plan is ${state}, ${plan?.head.result ?? ""}` };
  }
  const taken = replies[0]?.acceptedAt !== null || state === "planning";
  if (!taken || phase === "executed") return null;
  return {
    phase: "executed",
    found: `Executor ${command.executorId} ${state === "planning" ? "plans it" : "accepted it"}`,
  };
}

/** Entries of a plan that an executor stopped rather than plan it. */
const ENDED_UNPLANNED: ReadonlySet<string> = new Set(["timeout", "failed-dependency"]);

const refusedBy = (error: string, plan: PlanRecord | null): Verdict => ({
  phase: "failed",
  found: `The executor refused: ${plainRefusal(error)}${planWords(plan)}`,
  upstream: error,
});

function judgeSkipWritten(command: Extract<SentCommand, { kind: "skip" }>, facts: Facts): Verdict | null {
  const { phase, plan, ageMs } = facts;
  if (plan === null) return null;
  const stands = command.changes.map(({ stepId, from, to }) => {
    const state = plan.steps.find((step) => step.id === stepId)?.state;
    return state === to || state === "skipped" ? "after" : state === from ? "before" : "elsewhere";
  });
  const words = `${command.changes.length} ${command.changes.length === 1 ? "step is" : "steps are"} skipped`;
  if (stands.every((where) => where === "after")) return { phase: "verified", found: `${words}${planWords(plan)}` };
  if (phase !== "executed" && stands.every((where) => where === "before") && ageMs > WRITE_SETTLED_AFTER_MS) {
    return { phase: "failed", found: `It was not written${planWords(plan)}` };
  }
  return null;
}

const isOpen = (state: string): boolean => state === "running" || state === "suspended";
const stateOf = (plan: PlanRecord, stepId: number): string =>
  plan.steps.find((step) => step.id === stepId)?.state ?? "gone";
const planWords = (plan: PlanRecord | null): string =>
  plan === null ? "" : `; the plan is ${plan.head.state}, ${plan.head.result}`;
