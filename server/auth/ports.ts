import type { TokenRecord } from "./token.ts";

/**
 * The tokens at rest. The console only reads them; `worldline token` writes them, also while the console runs. So
 * they are in a file of their own that both may open, and not in the console's state, which one process owns.
 */
export interface TokenStore {
  /** All records, revoked ones included. Throws when they cannot be read. */
  readAll(): readonly TokenRecord[];
  /** Changes whenever another process has changed the records; a cheap question. */
  version(): Promise<string>;
  close(): void;
}

/** The side of `worldline token`. */
export interface TokenRegister extends TokenStore {
  /** Throws `conflict` when a token in force has the name, `limit-exceeded` when there are too many. */
  add(record: TokenRecord): void;
  /** Sets `revokedAt`; `false` when no token in force has this id. */
  revoke(id: string, at: TokenRecord["createdAt"]): boolean;
}

/** Sessions that were logged out before their cookie ended: such a cookie is worth nothing even where it was copied. */
export interface EndedSessions {
  has(sessionId: string): boolean;
  /** In force at once, also when this rejects; resolves once it is durable. */
  end(sessionId: string, forgetAt: TokenRecord["createdAt"]): Promise<void>;
}
