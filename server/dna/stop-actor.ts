import type { Caller } from "#server/auth/caller.ts";
import { actorSubject } from "#server/contract/actor-key.ts";
import { dnaStream, type EventActor } from "#server/contract/event.ts";
import type { WireIn, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-actors.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import { nodeNameOf } from "./actor-live.ts";
import { incarnationOf, requireBeam, toActorKey } from "./actors-service.ts";
import type { BeamStopOutcome } from "./beam-ports.ts";
import { toIncarnationId } from "./domain/identity.ts";
import { asOfNow, type DnaSource } from "./source-view.ts";
import { liveOf, lookForStop, movedSince, safeRefusals, stopRefusals } from "./stop-checks.ts";
import type { StopVerifier } from "./stop-verify.ts";
import { lossOf, outcomeWords, SAFE_STOP_DEADLINE_MS, STOP_ACTION } from "./stop-words.ts";

type Preview = WireShape<typeof wire.stopPreviewOutput>;
type Stopped = WireShape<typeof wire.stopOutput>;

export interface StopDeps {
  readonly operations: Operations;
  readonly verifier: Pick<StopVerifier, "verify">;
  readonly clock: Clock;
}

/** What stopping one actor would meet now. */
export async function previewStop(
  source: DnaSource,
  input: WireIn<typeof wire.stopPreviewInput>,
  clock: Clock,
): Promise<Preview> {
  const look = await lookForStop(source, toActorKey(input), "quorum");
  const live = liveOf(look);
  return {
    ...asOfNow(clock, source),
    live,
    owner:
      look.owner === null ? null : { incarnation: toIncarnationId(look.owner), node: nodeNameOf(source, look.owner) },
    refusals: [...stopRefusals(source, look)],
    safeRefusals: [...safeRefusals(source)],
    loss: lossOf(live),
  };
}

/**
 * Ends one instance: everything it depends on is read now and compared; then it is journalled; only then it is sent, once.
 *
 * @throws OpsError `conflict` with what has moved; `refused` with the reasons; `journal-unavailable` (nothing was sent)
 */
export async function stopActor(
  deps: StopDeps,
  source: DnaSource,
  caller: Caller,
  input: WireIn<typeof wire.stopInput>,
): Promise<Stopped> {
  const key = toActorKey(input);
  const beam = requireBeam(source);
  const owner = incarnationOf(input.expectedOwner);
  const look = await lookForStop(source, key, "serial");
  const moved = movedSince(look, { owner, ref: input.expectedRef });
  if (moved.length > 0) throw new OpsError("conflict", `The world has moved: ${moved[0]}`, { reasons: moved });
  const refusals = [...stopRefusals(source, look), ...(input.force ? [] : safeRefusals(source))];
  if (refusals.length > 0 || look.look.kind !== "running")
    throw new OpsError("refused", refusals[0] ?? "It does not run", { reasons: refusals });
  const { node, instance } = look.look;
  const request: OperationRequest = {
    requestId: input.requestId,
    facts: {
      action: STOP_ACTION,
      stream: dnaStream(source.id),
      target: actorSubject(key),
      expected: {
        owner: input.expectedOwner,
        node,
        ref: instance.ref,
        force: input.force,
        buffered: input.expectedBuffered,
        mailbox: input.expectedMailbox,
      },
    },
    actor: toActor(caller, input.reason),
  };
  await deps.operations.request(request);
  const outcome = await send(deps, request, () =>
    input.force ? beam.stopForced(node, instance) : beam.stopSafe(node, instance, SAFE_STOP_DEADLINE_MS),
  );
  return settle(deps, request, outcome);
}

/** Sends it once. What throws has sent nothing: that is written down too. */
async function send(
  deps: StopDeps,
  request: OperationRequest,
  stop: () => Promise<BeamStopOutcome>,
): Promise<BeamStopOutcome> {
  try {
    return await stop();
  } catch (cause) {
    await deps.operations.settle(request, "failed", `Nothing was sent: ${messageOf(cause)}`);
    throw cause;
  }
}

/** What was sent is written down, then the registry is looked at: the effect is what is observed. */
async function settle(deps: StopDeps, request: OperationRequest, outcome: BeamStopOutcome): Promise<Stopped> {
  const { requestId } = request;
  const words = outcomeWords(outcome);
  const answer = { journalId: requestId, outcome: outcome.kind };
  switch (outcome.kind) {
    case "busy":
    case "moved":
      await deps.operations.settle(request, "failed", words);
      return { ...answer, phase: "failed", note: words };
    case "stopped":
    case "unknown": {
      const phase = outcome.kind === "stopped" ? "executed" : "unknown";
      await deps.operations.settle(request, phase, words);
      const seen = await deps.verifier.verify(requestId);
      return { ...answer, phase: seen?.phase === "verified" ? "verified" : phase, note: seen?.found ?? words };
    }
    default:
      return outcome satisfies never;
  }
}

/** Whoever acts, and why, as the journal keeps it. */
export const toActor = (caller: Caller, reason: string): EventActor => ({
  user: caller.principal.id,
  role: caller.principal.role,
  address: caller.address,
  reason,
});
