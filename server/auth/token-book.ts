import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Principal } from "./permissions.ts";
import type { TokenStore } from "./ports.ts";
import { findByToken, isInForce, type TokenRecord } from "./token.ts";

/** A revocation ends sessions and streams within 1 s; this leaves room for the work itself. */
export const TOKEN_POLL_MS = 250;

/** Somebody whose token is in force. */
export interface Holder {
  readonly principal: Principal;
  /** When the token expires by itself; `null` = never. */
  readonly expiresAt: EpochMs | null;
}

/** The tokens in force, in memory, never older than the last look at the store. */
export interface TokenBook {
  /** Whose token this is, if it is in force now. */
  byToken(token: string): Holder | null;
  byId(tokenId: string): Holder | null;
  /** Reads the tokens for the first time, then looks again every 250 ms until the signal is aborted. */
  start(signal: AbortSignal): Promise<void>;
}

/**
 * @param deps.onEnded called with the ids of tokens that were in force and are no longer: revoked, expired or gone.
 * @param deps.clock real time: a session must not live longer because the demo runs faster
 */
export function createTokenBook(deps: {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEnded: (tokenIds: readonly string[]) => void;
}): TokenBook {
  const { store, clock, log, onEnded } = deps;
  let records: readonly TokenRecord[] = [];
  let version: string | null = null;
  let inForce: ReadonlySet<string> = new Set();

  async function look(): Promise<void> {
    const current = await store.version();
    if (current !== version) {
      records = store.readAll();
      version = current;
    }
    const now = clock.now();
    const next = new Set(records.filter((record) => isInForce(record, now)).map((record) => record.id));
    const ended = [...inForce].filter((id) => !next.has(id));
    inForce = next;
    if (ended.length > 0) onEnded(ended);
  }

  async function follow(signal: AbortSignal): Promise<void> {
    let failing = false;
    while (!signal.aborted) {
      await clock.sleep(TOKEN_POLL_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await look();
        failing = false;
      } catch (cause) {
        // A writer holds the file for milliseconds: the next look comes soon. Said once, when it lasts.
        if (failing) log.warn("auth.tokens_unreadable", { error: messageOf(cause) });
        failing = true;
      }
    }
  }

  const holderOf = (record: TokenRecord | null | undefined): Holder | null =>
    record != null && isInForce(record, clock.now())
      ? { principal: toPrincipal(record), expiresAt: record.expiresAt }
      : null;

  return {
    byToken: (token) => holderOf(findByToken(records, token)),
    byId: (tokenId) => holderOf(records.find((record) => record.id === tokenId)),
    async start(signal) {
      await look();
      follow(signal).catch((cause: unknown) => log.error("auth.tokens_stopped", { error: messageOf(cause) }));
    },
  };
}

const toPrincipal = (record: TokenRecord): Principal => ({
  id: record.name,
  role: record.role,
  kind: "token",
  sources: record.sources,
  tokenId: record.id,
});
