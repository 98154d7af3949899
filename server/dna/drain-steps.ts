/** What the next step of a drain rests on: judged from what was just looked at. Pure. */

import type { LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import { type DrainFold, type DrainStep, openStep } from "#server/contract/drain.ts";
import { plural } from "#server/contract/view/words.ts";
import type { MonotonicMs } from "#server/kernel/clock.ts";
import { seconds } from "./domain/liveness.ts";
import type { Releasable } from "./domain/releasable.ts";

/** Running actors must not have grown over this long. */
export const QUIET_MS = 30_000;

/** What the node said of itself just now. */
export type NodeLook =
  | { readonly kind: "answers"; readonly sameIdentity: boolean; readonly running: number | null }
  | { readonly kind: "unregistered" }
  | { readonly kind: "no-answer"; readonly reason: string };

export interface RunningCount {
  readonly at: MonotonicMs;
  readonly running: number;
}

export interface DrainFacts {
  readonly act: boolean;
  /** `null` = no access to the nodes is configured. */
  readonly look: NodeLook | null;
  /** Counts of this list so far, oldest first. */
  readonly counts: readonly RunningCount[];
  readonly state: LifecycleState;
  readonly releasable: Releasable;
  /** Other nodes of its cluster that are alive, by name. */
  readonly others: readonly string[];
  /** Keys by the last count; `null` = never counted. */
  readonly ownedKeys: number | null;
  /** A failover of it is not finished. */
  readonly busy: boolean;
  readonly recorded: DrainFold["steps"];
}

export interface StepVerdict {
  readonly step: DrainStep;
  readonly state: "done" | "skipped" | "open" | "later";
  /** What was found just now, for the step that is open. */
  readonly evidence: readonly string[];
  /** Why it cannot be gone on now; `null` = it can. */
  readonly refusal: string | null;
}

/** Every step with where it stands; only the open one is judged. */
export function judgeDrain(facts: DrainFacts, steps: readonly DrainStep[]): readonly StepVerdict[] {
  const open = openStep(facts.recorded);
  return steps.map((step): StepVerdict => {
    const recorded = facts.recorded[step];
    if (recorded !== undefined) {
      const evidence = recorded.evidence === null ? [] : [recorded.evidence];
      return { step, state: recorded.outcome, evidence, refusal: null };
    }
    if (step !== open) return { step, state: "later", evidence: [], refusal: "A step before it is open." };
    const { evidence, refusal } = judgeStep(facts, step);
    return { step, state: "open", evidence, refusal: facts.act ? refusal : "Acting on this source is switched off." };
  });
}

type Judged = Pick<StepVerdict, "evidence" | "refusal">;

function judgeStep(facts: DrainFacts, step: DrainStep): Judged {
  switch (step) {
    case "balancer":
      return aliveAndAnswering(facts);
    case "quiet":
      return quiet(facts);
    case "stop_actors":
      return stopped(facts);
    case "stop_vm":
      return aliveAndAnswering(facts);
    case "dead":
      return dead(facts);
    case "fail_over":
      return failedOver(facts);
    case "clear_caches":
      return facts.others.length === 0
        ? { evidence: [], refusal: "No other node is alive." }
        : { evidence: [`${plural(facts.others.length, "other node")} alive`], refusal: null };
    default:
      return step satisfies never;
  }
}

/** The beginning, and the last look before the VM is asked to stop. */
function aliveAndAnswering({ look, others }: DrainFacts): Judged {
  const running = look?.kind === "answers" ? look.running : null;
  const evidence = [
    `${plural(others.length, "other node")} of its cluster alive`,
    ...(running === null ? [] : [`${plural(running, "actor")} running`]),
  ];
  if (look === null) return { evidence, refusal: "No access to the nodes is configured (beam)." };
  if (look.kind !== "answers") return { evidence, refusal: `It does not answer: ${whyNot(look)}` };
  if (!look.sameIdentity) return { evidence, refusal: "The node of this name is another incarnation by now." };
  return { evidence, refusal: others.length === 0 ? "No other node of its cluster is alive to take its work." : null };
}

const whyNot = (look: Exclude<NodeLook, { kind: "answers" }>): string =>
  look.kind === "unregistered" ? "its name is not registered" : look.reason;

function quiet(facts: DrainFacts): Judged {
  const { counts, look } = facts;
  const last = counts.at(-1);
  const first = counts[0];
  if (look === null || look.kind !== "answers" || first === undefined || last === undefined)
    return aliveAndAnswering(facts);
  const from = counts.filter(({ at }) => last.at - at <= QUIET_MS);
  const watchedMs = last.at - first.at;
  const grew = from.some(({ running }, index) => running > (from[index - 1]?.running ?? running));
  const evidence = [`${plural(last.running, "actor")} running`, `watched for ${seconds(watchedMs)}`];
  if (watchedMs < QUIET_MS) return { evidence, refusal: `It is watched for ${seconds(QUIET_MS)} first.` };
  return { evidence, refusal: grew ? "New actors were started on it within the last half minute." : null };
}

function stopped(facts: DrainFacts): Judged {
  const { look } = facts;
  if (look === null || look.kind !== "answers" || look.running === null) return aliveAndAnswering(facts);
  const evidence = [`${plural(look.running, "actor")} running`];
  return { evidence, refusal: look.running > 0 ? `${plural(look.running, "actor")} still running.` : null };
}

function dead({ look, state, releasable }: DrainFacts): Judged {
  if (look?.kind === "answers" && look.sameIdentity) return { evidence: ["it answers"], refusal: "It still answers." };
  if (releasable.certainty === "proven") return { evidence: ["proven dead by its own machine"], refusal: null };
  if (look?.kind === "unregistered")
    return {
      evidence: ["its name is gone from the port mapper"],
      refusal: "That is looked at twice, some seconds apart.",
    };
  const evidence = [`it is ${state} by the database`, ...(look === null ? [] : ["it does not answer"])];
  if (releasable.releasable) return { evidence: [...evidence, `${releasable.certainty} dead`], refusal: null };
  const open = releasable.reasons.find(({ holds }) => !holds);
  return { evidence, refusal: `Not yet true: ${open?.text ?? "it is dead"}` };
}

function failedOver({ ownedKeys, busy }: DrainFacts): Judged {
  const evidence = [
    ownedKeys === null ? "its keys were never counted" : `${plural(ownedKeys, "key")} by the last count`,
  ];
  if (busy) return { evidence, refusal: "A job of this source is not finished." };
  return { evidence, refusal: ownedKeys === 0 ? null : "Its keys are still its own: fail over, or leave it to DNA." };
}
