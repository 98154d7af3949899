/** Who asks the machines of nodes whether an incarnation lives, and remembers what they said. */
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { DnaBeam } from "./beam-ports.ts";
import { withinDeadline } from "./deadline.ts";
import {
  type BeamEvidence,
  type BeamLook,
  type BeamVerdict,
  judgeBeam,
  NO_EVIDENCE,
  observeLook,
} from "./domain/beam-evidence.ts";
import type { Incarnation } from "./domain/identity.ts";
import { meansAnotherMachine } from "./domain/node-address.ts";

/** Longest wait for one question; no answer is no evidence. */
export const LOOK_TIMEOUT_MS = 2_000;

/** What is found on the console's own machine is no proof of the death of a node on another. */
const ELSEWHERE: BeamVerdict = {
  kind: "unknown",
  detail: "the host in its name is whichever machine reads it, so what is found there may be of another machine",
};

export interface BeamWitness {
  /** What is known of the address; `null` = it was never asked. Asks nobody. */
  known(node: string): BeamEvidence | null;
  /**
   * Asks who the node is, and where it does not answer whether its name is registered. Never rejects: what could not be
   * learnt is in the answer. Of several at once one asks. Takes at most twice `LOOK_TIMEOUT_MS`.
   */
  look(node: string): Promise<BeamEvidence>;
  /** Judges by what is known. Asks nobody. */
  judge(node: string | null, incarnation: Incarnation): BeamVerdict;
  /** Looks now, then judges: what has to be asked right before anything rests on it. Never rejects. */
  verdict(node: string | null, incarnation: Incarnation): Promise<BeamVerdict>;
  /** Forgets addresses that nobody follows any more. */
  keep(follows: (node: string) => boolean): void;
}

export function createBeamWitness(deps: {
  readonly beam: Pick<DnaBeam, "link" | "identity" | "registration">;
  readonly clock: Clock;
  /** The console's own node name; left out = it has none, and every address means what it says. */
  readonly ownName?: string;
}): BeamWitness {
  const { beam, clock, ownName = null } = deps;
  const known = new Map<string, BeamEvidence>();
  const looking = new Map<string, Promise<BeamEvidence>>();

  async function find(node: string): Promise<BeamLook> {
    const waiting = refusalOf(beam, node);
    const answer = waiting === null ? await ask(node) : waiting;
    if (typeof answer !== "string") return { kind: "identity", incarnation: answer };
    try {
      const found = await withinDeadline(clock, LOOK_TIMEOUT_MS, "The port mapper", () => beam.registration(node));
      if (found.kind === "not-registered") return { kind: "unregistered" };
    } catch (cause) {
      return { kind: "nothing", why: `${answer}; ${messageOf(cause)}` };
    }
    return { kind: "nothing", why: answer };
  }

  /** Its identity, or why it did not tell. */
  async function ask(node: string): Promise<Incarnation | string> {
    try {
      return await withinDeadline(clock, LOOK_TIMEOUT_MS, "The node", () => beam.identity(node));
    } catch (cause) {
      return messageOf(cause);
    }
  }

  async function lookOnce(node: string, at: MonotonicMs): Promise<BeamEvidence> {
    const evidence = observeLook(known.get(node) ?? NO_EVIDENCE, await find(node), at);
    known.set(node, evidence);
    return evidence;
  }

  function look(node: string): Promise<BeamEvidence> {
    const under = looking.get(node);
    if (under !== undefined) return under;
    const next = lookOnce(node, clock.monotonic()).finally(() => looking.delete(node));
    looking.set(node, next);
    return next;
  }

  function judge(node: string | null, incarnation: Incarnation): BeamVerdict {
    if (node === null) return { kind: "unknown", detail: "the name of its node is not known" };
    const verdict = judgeBeam(incarnation, known.get(node) ?? NO_EVIDENCE, clock.monotonic());
    return verdict.kind === "dead" && meansAnotherMachine(node, ownName) ? ELSEWHERE : verdict;
  }

  return {
    known: (node) => known.get(node) ?? null,
    look,
    judge,
    async verdict(node, incarnation) {
      if (node !== null) await look(node);
      return judge(node, incarnation);
    },
    keep(follows) {
      for (const node of known.keys()) if (!follows(node)) known.delete(node);
    },
  };
}

/** Why the node is not asked at present, where its link says to wait; else `null`. */
export function refusalOf(beam: Pick<DnaBeam, "link">, node: string): string | null {
  const link = beam.link(node);
  return (link.kind === "unreachable" || link.kind === "refused") && link.retryInMs > 0 ? link.reason : null;
}
