/** What an agent is, by what is known of its last sign of life. Pure: durations are given. */
import { AGENT_WAYS, type AgentState } from "#server/contract/agents.ts";

/** All in ms. */
export interface AgentRules {
  readonly pingEveryMs: number;
  /** One missed ping, and a grace of half a ping. */
  readonly lateAfterMs: number;
  readonly inactiveAfterMs: number;
  /** In which agents of a gateway that is gone may turn up at another; the same when somebody begins to watch. */
  readonly graceMs: number;
  readonly forgottenAfterMs: number;
}

const HOUR_MS = 3_600_000;

/** The rules that follow from what is configured: with 7 s an agent pings every 3 s and is late after 4.5 s. */
export function agentRules(inactiveAfterMs: number, forgottenAfterHours: number): AgentRules {
  const pingEveryMs = Math.max(1, Math.floor((inactiveAfterMs * 3) / 7));
  return {
    pingEveryMs,
    lateAfterMs: Math.floor(pingEveryMs * 1.5),
    inactiveAfterMs,
    graceMs: 2 * inactiveAfterMs,
    forgottenAfterMs: forgottenAfterHours * HOUR_MS,
  };
}

/** What is known of an agent's last sign of life. */
export type AgentEvidence =
  /** Told by a gateway that lives: the silence is what that gateway itself has waited through. */
  | { readonly kind: "heard"; readonly silentMs: number }
  | { readonly kind: "bye"; readonly silentMs: number; readonly reason: string | null }
  /** The gateway that heard it last has told nothing for `goneMs`. */
  | { readonly kind: "gateway-gone"; readonly gateway: string; readonly goneMs: number; readonly silentMs: number }
  /** No gateway tells of it, and we have looked for `watchedMs`. */
  | { readonly kind: "nothing"; readonly watchedMs: number };

export interface AgentVerdict {
  readonly to: AgentState;
  readonly evidence: string;
  readonly silentMs: number;
}

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

/**
 * The one change that is due, along the ways of `AGENT_WAYS`; `null` = it stays. One at a time: who is silent for long
 * is late first.
 *
 * @param sinceMs for how long it has been in this state
 */
export function judgeAgent(
  state: AgentState,
  evidence: AgentEvidence,
  sinceMs: number,
  rules: AgentRules,
): AgentVerdict | null {
  const verdict = dueOf(state, evidence, sinceMs, rules);
  if (verdict === null || !AGENT_WAYS.some(([from, to]) => from === state && to === verdict.to)) return null;
  return verdict;
}

function dueOf(state: AgentState, evidence: AgentEvidence, sinceMs: number, rules: AgentRules): AgentVerdict | null {
  if (evidence.kind === "heard" && evidence.silentMs < rules.inactiveAfterMs) return present(state, evidence, rules);
  if ((state === "inactive" || state === "left") && sinceMs >= rules.forgottenAfterMs) {
    return { to: "forgotten", evidence: `${state} for ${Math.round(sinceMs / HOUR_MS)} h`, silentMs: sinceMs };
  }
  if (evidence.kind === "bye") {
    if (state === "left") return null;
    const why = evidence.reason === null ? "" : `: ${evidence.reason}`;
    return { to: "left", evidence: `it said bye${why}`, silentMs: evidence.silentMs };
  }
  const silence = silenceOf(evidence, rules);
  return silence === null || state === "left" ? null : { to: state === "active" ? "late" : "inactive", ...silence };
}

/** Heard of within the time in which it has to speak. */
function present(
  state: AgentState,
  { silentMs }: { readonly silentMs: number },
  rules: AgentRules,
): AgentVerdict | null {
  if (state === "active" || state === "late") {
    const isLate = silentMs >= rules.lateAfterMs;
    if (isLate === (state === "late")) return null;
    return isLate
      ? { to: "late", evidence: `no sign of life for ${seconds(silentMs)}`, silentMs }
      : { to: "active", evidence: "it was heard again", silentMs };
  }
  return { to: "active", evidence: state === "unknown" ? "it was heard" : "it was heard again", silentMs };
}

/** Why it is to be held for silent; `null` = it is not, or not yet. */
function silenceOf(
  evidence: Exclude<AgentEvidence, { readonly kind: "bye" }>,
  rules: AgentRules,
): Pick<AgentVerdict, "evidence" | "silentMs"> | null {
  switch (evidence.kind) {
    case "heard":
      return { evidence: `no sign of life for ${seconds(evidence.silentMs)}`, silentMs: evidence.silentMs };
    case "gateway-gone":
      if (evidence.goneMs < rules.graceMs) return null;
      return {
        evidence: `gateway ${evidence.gateway} is gone for ${seconds(evidence.goneMs)}, and no other has heard it`,
        silentMs: evidence.silentMs + evidence.goneMs,
      };
    case "nothing":
      if (evidence.watchedMs < rules.graceMs) return null;
      return {
        evidence: `not heard in the ${seconds(evidence.watchedMs)} that were watched`,
        silentMs: evidence.watchedMs,
      };
    default:
      return null;
  }
}
