import type { SharedNotes } from "#server/journal/ports.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Account, AccountRecords, IngestScope, PasswordHasher } from "./ports.ts";

/** A revocation counts on every gateway within 1 s; this leaves room for the work itself. */
export const ACCOUNTS_POLL_MS = 250;
/** What was ended is written down together. */
const WRITE_AFTER_MS = 50;
const PURGE_EVERY_MS = 3_600_000;
const USERS = "users";
const ENDED = "ended-tokens";
const LEAST_PASSWORD = 8;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
/** At most; ended tokens leave by themselves. */
const USERS_MAX = 10_000;

/** Users and ended tokens, in memory, never older than the last look at the records. */
export interface Accounts {
  users(): readonly Account[];
  user(name: string): Account | null;
  isEnded(tokenId: string): boolean;
  /** Ends a token here at once; it is written down soon after. */
  endToken(tokenId: string, expiresAt: EpochMs): void;
  /** @throws OpsError `conflict` when there is one of that name, `invalid-input` */
  add(wanted: { readonly name: string; readonly password: string; readonly scope: IngestScope }): Promise<Account>;
  /** `null` = there is none of that name. */
  setActive(name: string, active: boolean): Promise<Account | null>;
  remove(name: string): Promise<boolean>;
  /** Drops ended tokens that have expired by themselves; answers how many. */
  purge(): Promise<number>;
  /** Calls back when users or ended tokens have changed; returns the way to stop. */
  onChange(listener: () => void): () => void;
  /** Reads everything for the first time, then looks again every 250 ms until the signal is aborted. */
  start(signal: AbortSignal): Promise<void>;
  /** Resolves once everything that was ended is written down. */
  settled(): Promise<void>;
}

/** What gateways on one journal tell each other: an ended token ends on all of them. */
export interface SharedEndings {
  readonly notes: SharedNotes;
  readonly space: string;
  /** This process. */
  readonly owner: string;
}

/**
 * @param deps.records of this machine: the command line writes them too
 * @param deps.shared `null` = this gateway is the only one
 * @param deps.clock real time
 */
export function createAccounts(deps: {
  readonly records: AccountRecords;
  readonly shared: SharedEndings | null;
  readonly hasher: PasswordHasher;
  readonly clock: Clock;
  readonly log: Logger;
}): Accounts {
  const { records, shared, hasher, clock, log } = deps;
  const listeners = new Set<() => void>();
  let users: ReadonlyMap<string, Account> = new Map();
  const ended = new Map<string, number>();
  /** What the others know of already. */
  const told = new Set<string>();
  const unwritten = new Map<string, number>();
  let writing: Promise<void> = Promise.resolve();
  let version: string | null = null;

  const tell = () => {
    for (const listener of listeners) listener();
  };

  async function look(): Promise<void> {
    const current = await records.version();
    if (current === version) return;
    const [userRows, endedRows] = [await records.list(USERS), await records.list(ENDED)];
    users = new Map(userRows.map(({ key, value }) => [key, toAccount(key, value)]));
    for (const { key, value } of endedRows) ended.set(key, Number(value));
    version = current;
    tell();
  }

  /** Ended tokens go both ways; a note lives for an hour, as tokens do. */
  async function share(): Promise<void> {
    if (shared === null) return;
    const found = await shared.notes.list(shared.space);
    const before = ended.size;
    for (const { key, value } of found) {
      ended.set(key, Number(value));
      told.add(key);
    }
    if (ended.size !== before) tell();
    const news = [...ended].filter(([key, expiresAt]) => !told.has(key) && expiresAt > clock.now());
    if (news.length === 0) return;
    await shared.notes.put(
      shared.space,
      shared.owner,
      news.map(([key, expiresAt]) => ({ key, value: String(expiresAt) })),
    );
    for (const [key] of news) told.add(key);
  }

  async function write(): Promise<void> {
    const batch = [...unwritten];
    if (batch.length === 0) return;
    await records.putAll(
      ENDED,
      batch.map(([key, expiresAt]) => ({ key, value: String(expiresAt) })),
    );
    for (const [key] of batch) unwritten.delete(key);
  }

  const writeSoon = (): void => {
    writing = writing
      .then(() => clock.sleep(WRITE_AFTER_MS))
      .then(write)
      .catch((cause: unknown) => log.error("ingest.revocation_not_written", { error: messageOf(cause) }));
  };

  async function follow(signal: AbortSignal): Promise<void> {
    let purgedAt = clock.monotonic();
    let failing = false;
    while (!signal.aborted) {
      await clock.sleep(ACCOUNTS_POLL_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await write();
        await look();
        await share();
        if (clock.monotonic() - purgedAt > PURGE_EVERY_MS) {
          purgedAt = clock.monotonic();
          await purge();
        }
        failing = false;
      } catch (cause) {
        // The command line holds the file for milliseconds: the next look comes soon. Said once, when it lasts.
        if (failing) log.warn("ingest.accounts_unreadable", { error: messageOf(cause) });
        failing = true;
      }
    }
  }

  async function put(account: Account): Promise<Account> {
    const { name, ...rest } = account;
    await records.putAll(USERS, [{ key: name, value: JSON.stringify(rest) }]);
    await look();
    return account;
  }

  async function purge(): Promise<number> {
    const over = [...ended].filter(([key, at]) => at <= clock.now() && !unwritten.has(key)).map(([key]) => key);
    if (over.length === 0) return 0;
    await records.putAll(
      ENDED,
      over.map((key) => ({ key, value: null })),
    );
    for (const key of over) {
      ended.delete(key);
      told.delete(key);
    }
    return over.length;
  }

  return {
    users: () => [...users.values()],
    user: (name) => users.get(name) ?? null,
    isEnded: (tokenId) => ended.has(tokenId),
    endToken(tokenId, expiresAt) {
      ended.set(tokenId, expiresAt);
      unwritten.set(tokenId, expiresAt);
      writeSoon();
      tell();
    },
    async add({ name, password, scope }) {
      if (!NAME.test(name)) throw new OpsError("invalid-input", "A name takes letters, digits and . _ @ -, at most 64");
      if (password.length < LEAST_PASSWORD) {
        throw new OpsError("invalid-input", `A password takes at least ${LEAST_PASSWORD} characters`);
      }
      await look();
      if (users.has(name)) throw new OpsError("conflict", `There is a user ${name} already`);
      if (users.size >= USERS_MAX) throw new OpsError("limit-exceeded", `There are ${USERS_MAX} users already`);
      return put({ name, hash: await hasher.hash(password), scope, active: true, createdAt: clock.now() });
    },
    async setActive(name, active) {
      const account = users.get(name);
      return account === undefined ? null : put({ ...account, active });
    },
    async remove(name) {
      if (!users.has(name)) return false;
      await records.putAll(USERS, [{ key: name, value: null }]);
      await look();
      return true;
    },
    purge,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async start(signal) {
      await look();
      await share();
      follow(signal).catch((cause: unknown) => log.error("ingest.accounts_stopped", { error: messageOf(cause) }));
    },
    async settled() {
      await writing;
      await write();
    },
  };
}

function toAccount(name: string, text: string): Account {
  const value = JSON.parse(text) as Omit<Account, "name">;
  return { ...value, name };
}
