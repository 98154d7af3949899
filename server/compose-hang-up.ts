import { ulid } from "ulid";
import type { App } from "#server/http/app.ts";
import { createSystemReload } from "#server/ingest/system-reload.ts";
import type { Logger } from "#server/kernel/logger.ts";

/**
 * SIGHUP reads types and routes of the gateway again, once it is there. On a terminal it means that the terminal is gone,
 * and ends the console as it always did.
 */
export function reloadOnHangUp(log: Logger): { resolve(app: App, source: string | undefined): void } {
  const started = Promise.withResolvers<(why: string) => Promise<void>>();
  const hasTerminal = process.stdin.isTTY === true || process.stdout.isTTY === true;
  if (!hasTerminal) process.on("SIGHUP", (signal) => void started.promise.then((reload) => reload(signal)));
  return {
    resolve(app, source) {
      const service = () => app.services.agentData;
      started.resolve(
        source === undefined
          ? async (why) => log.warn("ingest.not_reloaded", { why, error: "no gateway is configured" })
          : createSystemReload({ service, source, newId: () => ulid(), log }),
      );
    },
  };
}
