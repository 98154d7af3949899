import type { Caller } from "#server/auth/caller.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { createAgentDataService } from "./agent-data-service.ts";

/** Whoever may send this process a signal: no person is known. */
export const SYSTEM: Caller = {
  principal: { id: "system", role: "admin", kind: "local", sources: null, tokenId: null },
  address: "local",
};

export interface SystemReloadDeps {
  /** The service as it is now. */
  readonly service: () => Pick<ReturnType<typeof createAgentDataService>, "reload">;
  /** Id of the gateway. */
  readonly source: string;
  readonly newId: () => string;
  readonly log: Logger;
}

/**
 * Reads types and routes of the gateway again because the system asks for it: as `agents.reload`, journalled in the
 * system's name, one after the other. With a fault all stays as it was, and the log says every one. Never rejects.
 *
 * @returns asks once; `why` is the reason in the journal
 */
export function createSystemReload({ service, source, newId, log }: SystemReloadDeps): (why: string) => Promise<void> {
  let before: Promise<void> = Promise.resolve();
  const reload = async (why: string): Promise<void> => {
    try {
      const { note } = await service().reload(SYSTEM, { source, reason: why, requestId: newId() });
      log.info("ingest.reloaded", { why, note });
    } catch (cause) {
      log.error("ingest.not_reloaded", { why, error: messageOf(cause) });
    }
  };
  return (why) => {
    before = before.then(() => reload(why));
    return before;
  };
}
