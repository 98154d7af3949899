import type { BeamInstance, BeamLink, BeamRegistration, BeamStopOutcome } from "#server/dna/beam-ports.ts";
import { isAtom, type PidTerm, type Term } from "#server/dna/codec/etf/term.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Ask } from "./asking.ts";
import { CLOSED_LIST } from "./closed-list.ts";
import { neverSent } from "./dist/remote-nodes.ts";
import { readSafeStop } from "./instance-answers.ts";
import { askRegistered, askSize, evaluateThere, STATE_LOOK_MAX_BYTES } from "./instance-questions.ts";
import { keyTerm, partitionName } from "./node-questions.ts";
import { parseProcessRef, sameProcess } from "./process-ref.ts";
import { readAtom, readTagged } from "./reading.ts";
import { STOP_SAFE_TEXT } from "./texts.ts";

const DEADLINE_MAX_MS = 30_000;
/** What the node takes beyond the deadline to say what became of it. */
const DEADLINE_MARGIN_MS = 6_000;
const END_PATIENCE_MS = 15_000;
const END_POLL_MS = 100;

type Moved = Extract<BeamStopOutcome, { readonly kind: "moved" }>;

/** The process as it is registered now, if it is the one that was seen. */
async function seenProcess(
  ask: Ask,
  node: string,
  { key, ref }: BeamInstance,
): Promise<{ readonly pid: PidTerm; readonly partition: number } | Moved> {
  const seen = parseProcessRef(node, ref);
  const { pid, partition } = await askRegistered(ask, node, key);
  if (pid === null) return { kind: "moved", detail: "no instance of this key runs here" };
  if (sameProcess(pid, seen)) return { pid, partition };
  return { kind: "moved", detail: "another process runs under this key now" };
}

export async function stopForced(ask: Ask, node: string, instance: BeamInstance): Promise<BeamStopOutcome> {
  const seen = await seenProcess(ask, node, instance);
  if ("kind" in seen) return seen;
  return sent(async () => {
    const answer = await ask(node, {
      call: CLOSED_LIST.terminate,
      args: [partitionName("instanceSupervisor", seen.partition), seen.pid],
      read: readTermination,
    });
    if (answer === "not_found") return { kind: "moved", detail: "its supervisor no longer has this process" };
    return verified(ask, node, instance, seen.pid);
  });
}

/** `ok`, or `{error, not_found}`. */
function readTermination(term: Term): "ok" | "not_found" {
  if (isAtom(term, "ok")) return "ok";
  if (readAtom(readTagged(term, "error")) === "not_found") return "not_found";
  throw new OpsError("upstream-malformed", "The supervisor answered neither ok nor not_found");
}

export async function stopSafe(
  ask: Ask,
  node: string,
  instance: BeamInstance,
  deadlineMs: number,
): Promise<BeamStopOutcome> {
  if (!Number.isInteger(deadlineMs) || deadlineMs < 1 || deadlineMs > DEADLINE_MAX_MS) {
    throw new OpsError("invalid-input", `The deadline is between 1 and ${DEADLINE_MAX_MS} ms`);
  }
  const seen = await seenProcess(ask, node, instance);
  if ("kind" in seen) return seen;
  const size = await askSize(ask, node, seen.pid);
  if (size === null) return { kind: "moved", detail: "no instance of this key runs here" };
  if (size.memoryBytes > STATE_LOOK_MAX_BYTES) {
    throw new OpsError("limit-exceeded", "Its state is too large to be looked into: only a forced stop is possible");
  }
  const binding = {
    registry: partitionName("registry", seen.partition),
    supervisor: partitionName("instanceSupervisor", seen.partition),
    key: keyTerm(instance.key),
    pid: seen.pid,
    deadline_ms: deadlineMs,
  };
  return sent(async () => {
    const timeoutMs = deadlineMs + DEADLINE_MARGIN_MS;
    const outcome = await evaluateThere(ask, node, STOP_SAFE_TEXT, binding, readSafeStop, timeoutMs);
    switch (outcome.kind) {
      case "busy":
        return outcome;
      case "moved":
        return { kind: "moved", detail: "it ended by itself, or another process runs under this key now" };
      case "failed":
        return { kind: "unknown", reason: "what stops it on the node ended itself; the instance was resumed" };
      case "silent":
        return { kind: "unknown", reason: "the node had not ended it in time, and may still do" };
      default:
        return verified(ask, node, instance, seen.pid);
    }
  });
}

/** Its supervisor says that it has ended: the registry has to say so too. */
async function verified(ask: Ask, node: string, { key }: BeamInstance, pid: PidTerm): Promise<BeamStopOutcome> {
  const { pid: now } = await askRegistered(ask, node, key);
  // Another process is a new start by a message that came since.
  if (now === null || !sameProcess(now, pid)) return { kind: "stopped" };
  return { kind: "unknown", reason: "its supervisor says that it has ended, and the registry still has it" };
}

/** From the moment that something was sent, a failure is an outcome that is not known. */
async function sent(act: () => Promise<BeamStopOutcome>): Promise<BeamStopOutcome> {
  try {
    return await act();
  } catch (cause) {
    if (neverSent(cause) || !(cause instanceof OpsError)) throw cause;
    if (cause.code === "refused") throw cause; // the node has no such function
    return { kind: "unknown", reason: messageOf(cause) };
  }
}

export interface VmEnd {
  readonly ask: Ask;
  readonly clock: Clock;
  registration(node: string): Promise<BeamRegistration>;
  link(node: string): BeamLink;
}

export async function stopVm(vm: VmEnd, node: string, how: "stop" | "halt"): Promise<BeamStopOutcome> {
  const call = how === "stop" ? CLOSED_LIST.stopVm : CLOSED_LIST.haltVm;
  try {
    await vm.ask(node, { call, args: [], read: () => undefined });
  } catch (cause) {
    // A VM that ends at once does not answer.
    if (neverSent(cause) || !(cause instanceof OpsError) || cause.code !== "upstream-unavailable") throw cause;
  }
  const until = vm.clock.monotonic() + END_PATIENCE_MS;
  for (;;) {
    const registration = await vm.registration(node);
    if (registration.kind === "not-registered") return { kind: "stopped" };
    if (vm.clock.monotonic() >= until) {
      const reason =
        registration.kind === "registered"
          ? `it was asked to end, and its name was still registered after ${END_PATIENCE_MS / 1_000} s`
          : `it was asked to end; no port mapper tells whether it has: ${registration.reason}`;
      return { kind: "unknown", reason };
    }
    await vm.clock.sleep(END_POLL_MS);
  }
}
