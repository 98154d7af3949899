/** Follows the containers of a stack: listed at every sign of a change, and now and then without one. */
import type { HafDockerState } from "#server/contract/haf.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { withinDeadline } from "./deadline.ts";
import type { HafContainer, HafEngine } from "./ports.ts";

/** Longest wait for one list of containers. */
const LIST_TIMEOUT_MS = 5_000;
/** Looks without a sign of a change, start to start. */
const LIST_PERIOD_MS = 10_000;
/** Changes that come together are looked at together. */
const SETTLE_MS = 200;
/** Wait after a failure; constant, so that an engine that is back is seen within seconds. */
const RETRY_MS = 2_000;

export interface ContainersSeen {
  /** `null` = never listed, or the engine is not reached: what was known of them stays as it was. */
  readonly containers: readonly HafContainer[] | null;
  readonly state: HafDockerState;
  readonly reason: string | null;
}

export interface ContainerWatch {
  seen(): ContainersSeen;
  /** Lists now. Never rejects. */
  look(): Promise<void>;
  /** Runs until aborted; survives every failure of the engine. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ContainerWatchOptions {
  readonly engine: HafEngine;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when something may have changed. */
  readonly changed: () => void;
}

export function createContainerWatch({ engine, clock, log, changed }: ContainerWatchOptions): ContainerWatch {
  let seen: ContainersSeen = { containers: null, state: "starting", reason: null };

  function failed(cause: unknown): void {
    if (seen.state !== "down") log.warn("haf.containers.down", { cause });
    seen = { containers: null, state: "down", reason: messageOf(cause) };
    changed();
  }

  async function look(): Promise<void> {
    try {
      const list = (signal: AbortSignal) => engine.containers(signal);
      const containers = await withinDeadline(clock, LIST_TIMEOUT_MS, "The list of containers", list);
      seen = { containers, state: "up", reason: null };
      changed();
    } catch (cause) {
      failed(cause);
    }
  }

  /** Follows events until they end; each is a reason to look. */
  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const _ of engine.events(signal)) {
          await clock.sleep(SETTLE_MS, signal);
          await look();
        }
      } catch (cause) {
        if (signal.aborted) return;
        // Whether the engine is there says the list; without events it is only looked at less often.
        log.debug("haf.containers.no-events", { cause });
        await look();
      }
      await pause(RETRY_MS, signal);
    }
  }

  async function listNowAndThen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await look();
      await pause(seen.state === "down" ? RETRY_MS : LIST_PERIOD_MS, signal);
    }
  }

  async function pause(ms: number, signal: AbortSignal): Promise<void> {
    await clock.sleep(ms, signal).catch((cause: unknown) => {
      if (!signal.aborted) log.error("haf.containers.unexpected", { cause });
    });
  }

  return {
    seen: () => seen,
    look,
    async run(signal) {
      await Promise.all([follow(signal), listNowAndThen(signal)]);
    },
  };
}
