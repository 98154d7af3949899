import { dynflowStream } from "#server/contract/event.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Recorder } from "#server/live/ports.ts";
import type { ClientWorld } from "./client-world-runner.ts";
import { awaitRepliesTo } from "./command-replies.ts";
import { EXECUTOR_WORLD_CLASS, worldOf } from "./domain/records.ts";
import type { DynflowStore, EnvelopeHandle } from "./ports.ts";

/** Ruby's own time for the status of an executor; a living one answers in milliseconds. */
export const PING_TIMEOUT_MS = 5_000;
/** Executors asked at once; the first that answers is taken. */
const EXECUTORS_ASKED_MAX = 10;

export type PingAnswer =
  | { readonly answered: true; readonly roundTripMs: number }
  | { readonly answered: false; readonly waitedMs: number };

export interface Pinger {
  /**
   * Asks one world without its cache and journals the answer, or that none came within `timeoutMs` (5 s).
   *
   * @throws OpsError as `ClientWorld.send`: then nothing was asked
   */
  ping(worldId: string, causedBy: string, timeoutMs?: number): Promise<PingAnswer>;
  /** The first active executor that answers a ping; `null` = none did. Active ones are read from their records now. */
  findExecutor(causedBy: string): Promise<{ readonly executorId: string | null; readonly asked: number }>;
}

export interface PingerOptions {
  readonly sourceId: string;
  readonly store: Pick<DynflowStore, "recordKeys" | "records">;
  readonly world: ClientWorld;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly log: Logger;
}

export function createPinger(options: PingerOptions): Pinger {
  const { sourceId, store, world, recorder, clock, log } = options;
  const stream = dynflowStream(sourceId);

  async function ping(worldId: string, causedBy: string, timeoutMs = PING_TIMEOUT_MS): Promise<PingAnswer> {
    const requestId = await world.nextRequestId();
    const replies = awaitRepliesTo(world, [requestId], clock);
    try {
      const sentAt = clock.monotonic();
      const handle = await world.send(requestId, worldId, { type: "Ping", receiverId: worldId, useCache: false });
      const reply = await replies.next(timeoutMs);
      const elapsedMs = Math.max(0, Math.round(clock.monotonic() - sentAt));
      const draft = { subject: worldId, occurredAt: clock.now(), causedBy };
      if (reply !== null) {
        await recorder.record(stream, [{ kind: "dynflow.world.pong", ...draft, body: { roundTripMs: elapsedMs } }]);
        return { answered: true, roundTripMs: elapsedMs };
      }
      await takeBack(handle);
      await recorder.record(stream, [{ kind: "dynflow.world.ping_timeout", ...draft, body: { waitedMs: elapsedMs } }]);
      return { answered: false, waitedMs: elapsedMs };
    } finally {
      replies.end();
    }
  }

  /** A ping that nobody took would wait in the inbox of a dead world for good. */
  async function takeBack(handle: EnvelopeHandle): Promise<void> {
    try {
      await world.withdraw(handle);
    } catch (cause) {
      log.warn("dynflow.ping.not_withdrawn", { sourceId, cause });
    }
  }

  async function activeExecutors(): Promise<readonly string[]> {
    const keys = (await store.recordKeys()).filter((key) => key.class === EXECUTOR_WORLD_CLASS);
    const worlds = (await store.records(keys.slice(0, 500))).flatMap((record) => worldOf(record) ?? []);
    return worlds.filter((found) => found.state === "active").map((found) => found.id);
  }

  return {
    ping,
    async findExecutor(causedBy) {
      const asked = (await activeExecutors()).slice(0, EXECUTORS_ASKED_MAX);
      const answers = asked.map(async (id) => ({ id, ...(await ping(id, causedBy)) }));
      return { executorId: await firstAnswering(answers, log), asked: asked.length };
    },
  };
}

/** The others go on being waited for, so that each is journalled as answering or not. */
async function firstAnswering(
  answers: readonly Promise<{ readonly id: string; readonly answered: boolean }>[],
  log: Logger,
): Promise<string | null> {
  const successes = answers.map(async (answer) => {
    const { id, answered } = await answer;
    if (!answered) throw new Error(`${id} did not answer`);
    return id;
  });
  try {
    return await Promise.any(successes);
  } catch (cause) {
    log.info("dynflow.executors.silent", { cause });
    const failed = (await Promise.allSettled(answers)).find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return null;
  }
}
