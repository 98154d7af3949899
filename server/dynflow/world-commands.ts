import { dynflowStream, type EventActor } from "#server/contract/event.ts";
import type { OperationFold } from "#server/contract/fold/operator.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Recorder } from "#server/live/ports.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import type { ClientWorld } from "./client-world-runner.ts";
import type { Envelope, QueueStatus } from "./codec/envelope.ts";
import { encodeEnvelope } from "./codec/envelope-encode.ts";
import type { StoredForm } from "./codec/stored.ts";
import { awaitRepliesTo } from "./command-replies.ts";
import type { CoordinatorRecord } from "./domain/model.ts";
import { CLIENT_WORLD_CLASS, EXECUTOR_WORLD_CLASS, lockOf, worldOf } from "./domain/records.ts";
import type { DynflowMailbox, DynflowStore, InvalidationWrites } from "./ports.ts";
import { createOnce } from "./resume-once.ts";
import { createPinger, type PingAnswer } from "./resume-ping.ts";

/** Ruby's own time for the status of an executor. */
export const STATUS_TIMEOUT_MS = 5_000;
export const STATUS_ACTION = "dynflow.worlds.status";
/** Executors asked for a sign of life before plans are handed to them. */
const EXECUTORS_ASKED_MAX = 10;

export interface StatusRequest {
  readonly worldId: string;
  /** Only its items are counted as queued; `null` = all. */
  readonly planId: string | null;
  readonly requestId: string;
  readonly actor: EventActor;
}

export interface StatusResult {
  readonly journalId: string;
  /** `null` = no answer within 5 s. */
  readonly queues: readonly QueueStatus[] | null;
  readonly at: EpochMs;
}

/** What one Dynflow database's worlds can be asked for, and done to when they are dead. */
export interface WorldCommands {
  /** Our own world; `null` while it is not registered. */
  worldId(): string | null;
  /** Asks one world without its cache, and journals what came. */
  ping(worldId: string, causedBy: string, timeoutMs: number): Promise<PingAnswer>;
  /**
   * What an executor says of its queues. Journalled as an operation before it is sent.
   *
   * @throws OpsError `not-found`; `refused` for a client, which never answers it, and while nothing can be sent
   */
  status(request: StatusRequest): Promise<StatusResult>;
  /** Active executors but this one that answer a ping now: those that can go on with plans. */
  answeringExecutors(except: string, causedBy: string): Promise<readonly string[]>;
  /**
   * The encoded Execution of a plan for this executor: in the name of whoever had asked for it, as its lock says, else in
   * ours. `null` when it must not be sent (the lock does not say who).
   */
  executionOf(lock: CoordinatorRecord, planId: string, executorId: string): Promise<Uint8Array | null>;
  readonly writes: InvalidationWrites;
}

export interface WorldCommandsOptions {
  readonly sourceId: string;
  readonly store: DynflowStore;
  readonly world: ClientWorld;
  readonly mailbox: Pick<DynflowMailbox, "invalidation">;
  readonly operations: Operations;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Logger;
  /** Why nothing can be sent at present. */
  readonly refusal: () => string | null;
  readonly encoding?: StoredForm;
}

export function createWorldCommands(options: WorldCommandsOptions): WorldCommands {
  const { sourceId, store, world, operations, clock, log } = options;
  const stream = dynflowStream(sourceId);
  const pinger = createPinger(options);
  const once = createOnce(operations);

  async function worldRecord(worldId: string) {
    const classes = [EXECUTOR_WORLD_CLASS, CLIENT_WORLD_CLASS];
    const [record] = await store.records(classes.map((name) => ({ class: name, id: worldId })));
    const found = record === undefined ? null : worldOf(record);
    if (found === null) throw new OpsError("not-found", `No world ${worldId} in ${sourceId}`);
    return found;
  }

  async function askStatus(request: StatusRequest): Promise<StatusResult> {
    const refusal = options.refusal();
    if (refusal !== null) throw new OpsError("refused", refusal, { reasons: [refusal] });
    const asked = await worldRecord(request.worldId);
    if (asked.kind === "client") {
      const reason = "A client world never answers a Status: only executors have queues";
      throw new OpsError("refused", reason, { reasons: [reason] });
    }
    const operation = operationOf(request);
    await operations.request(operation);
    try {
      const queues = await exchange(request);
      const found = queues === null ? `No answer within ${STATUS_TIMEOUT_MS / 1_000} s` : statusWords(queues);
      await operations.settle(operation, queues === null ? "failed" : "verified", found);
      return { journalId: request.requestId, queues, at: clock.now() };
    } catch (cause) {
      await operations.settle(operation, "failed", messageOf(cause));
      throw cause;
    }
  }

  async function exchange({ worldId, planId }: StatusRequest): Promise<readonly QueueStatus[] | null> {
    const requestId = await world.nextRequestId();
    const replies = awaitRepliesTo(world, [requestId], clock);
    try {
      const handle = await world.send(requestId, worldId, { type: "Status", receiverId: worldId, planId });
      const arrived = await replies.next(STATUS_TIMEOUT_MS);
      if (arrived?.reply.type === "ExecutionStatus") return arrived.reply.queues;
      if (arrived?.reply.type === "Failed") throw new OpsError("refused", arrived.reply.error);
      await world
        .withdraw(handle)
        .catch((cause: unknown) => log.warn("dynflow.status.not_withdrawn", { sourceId, cause }));
      return null;
    } finally {
      replies.end();
    }
  }

  const operationOf = ({ requestId, actor, worldId, planId }: StatusRequest): OperationRequest => ({
    requestId,
    actor,
    facts: { action: STATUS_ACTION, stream, target: worldId, expected: planId === null ? null : { planId } },
  });

  return {
    worldId: () => world.worldId(),
    ping: (worldId, causedBy, timeoutMs) => pinger.ping(worldId, causedBy, timeoutMs),
    status: (request) =>
      once.run(
        { requestId: request.requestId, action: STATUS_ACTION, target: request.worldId },
        () => askStatus(request),
        (known) => statusAgain(known, request.requestId, clock.now()),
      ),
    async answeringExecutors(except, causedBy) {
      const keys = (await store.recordKeys()).filter((key) => key.class === EXECUTOR_WORLD_CLASS && key.id !== except);
      const worlds = (await store.records(keys.slice(0, 500))).flatMap((record) => worldOf(record) ?? []);
      const active = worlds.filter((each) => each.state === "active").slice(0, EXECUTORS_ASKED_MAX);
      const answers = await Promise.all(
        active.map(async ({ id }) => ({ id, answer: await pinger.ping(id, causedBy) })),
      );
      return answers.flatMap(({ id, answer }) => (answer.answered ? [id] : []));
    },
    async executionOf(record, planId, executorId) {
      const lock = lockOf(record);
      const own = lock?.kind === "planning";
      const senderId = own ? world.worldId() : (lock?.clientWorldId ?? null);
      const requestId = own ? await world.nextRequestId() : (lock?.requestId ?? null);
      if (senderId === null || requestId === null) return null;
      const envelope: Envelope = {
        requestId,
        senderId,
        receiverId: executorId,
        message: { type: "Execution", planId },
      };
      const bytes = encodeEnvelope(envelope, options.encoding ?? "msgpack");
      if (bytes.ok) return bytes.value;
      log.warn("dynflow.invalidation.not_sent", { sourceId, planId, reason: bytes.reason });
      return null;
    },
    writes: options.mailbox.invalidation,
  };
}

/** Queues in words, for the journal. */
export const statusWords = (queues: readonly QueueStatus[]): string =>
  queues.length === 0
    ? "It has no queues"
    : queues.map((q) => `${q.queue}: ${q.freeWorkers} of ${q.poolSize} free, ${q.queueSize} queued`).join("; ");

/** A repeated request is told that it was answered, not with what: that is in the first answer and the journal. */
function statusAgain(known: OperationFold | null, journalId: string, now: EpochMs): StatusResult {
  return { journalId, queues: known?.phase === "verified" ? [] : null, at: known?.at.verified ?? now };
}
