import type { Server } from "node:http";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";

/** What was asked for already is answered, if it does not take longer. */
const DRAIN_MS = 700;
/** Readers leave, the journal closes. */
const APP_STOP_MS = 1_700;
const REST_STOP_MS = 300;
const LOOK_EVERY_MS = 20;

export interface Stoppable {
  readonly server: Server;
  /** Requests being answered, streams not counted. */
  readonly activeRequests: () => number;
  readonly stopApp: () => Promise<void>;
  readonly stopRest: () => Promise<void>;
  readonly log: Logger;
}

/**
 * Stops everything within 3 s, streams open or not: no new connections, a moment for running requests, then the app
 * (its streams end, its journal closes), then whatever connection is left. `false` when a part had to be left behind.
 */
export async function stopWithin(parts: Stoppable): Promise<boolean> {
  const { server, log } = parts;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await drained(parts);
  const appStopped = await within(APP_STOP_MS, "app", parts.stopApp(), log);
  server.closeAllConnections();
  const restStopped = await within(REST_STOP_MS, "http", Promise.all([closed, parts.stopRest()]), log);
  return appStopped && restStopped;
}

async function drained({ activeRequests }: Stoppable): Promise<void> {
  for (let waited = 0; waited < DRAIN_MS && activeRequests() > 0; waited += LOOK_EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function within(ms: number, part: string, work: Promise<unknown>, log: Logger): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), ms);
  });
  try {
    const outcome = await Promise.race([work.then(() => "done" as const), late]);
    if (outcome === "late") log.error("console.stop_late", { part, ms });
    return outcome === "done";
  } catch (cause) {
    log.error("console.stop_failed", { part, error: messageOf(cause) });
    return false;
  } finally {
    clearTimeout(timer);
  }
}
