import { describe, expect, it } from "vitest";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import type { TokenStore } from "./ports.ts";
import { formatToken, hashToken, type TokenRecord } from "./token.ts";
import { createTokenBook, TOKEN_POLL_MS } from "./token-book.ts";

const TOKEN = formatToken(new Uint8Array(32).fill(7));

function setup(over: Partial<TokenRecord> = {}) {
  const clock = createManualClock(1_000_000);
  let records: readonly TokenRecord[] = [
    {
      id: "t1",
      name: "ann",
      role: "operator",
      sources: ["eu-1"],
      createdAt: epochMs(0),
      expiresAt: null,
      revokedAt: null,
      hash: hashToken(TOKEN),
      ...over,
    },
  ];
  let version = 0;
  let broken = false;
  let reads = 0;
  const store: TokenStore = {
    readAll() {
      if (broken) throw new Error("database is locked");
      reads += 1;
      return records;
    },
    version: () => Promise.resolve(String(version)),
    close: () => undefined,
  };
  const ended: string[] = [];
  const book = createTokenBook({ store, clock, log: silentLogger, onEnded: (ids) => ended.push(...ids) });
  const stop = new AbortController();
  return {
    clock,
    book,
    ended,
    stop,
    reads: () => reads,
    revoke(at: EpochMs) {
      records = records.map((record) => ({ ...record, revokedAt: at }));
      version += 1;
    },
    breakStore(value: boolean) {
      broken = value;
    },
  };
}

describe("the tokens in force", () => {
  it("tell who comes, with role and sources", async () => {
    const { book, stop } = setup();
    await book.start(stop.signal);
    const principal = { id: "ann", role: "operator", kind: "token", sources: ["eu-1"], tokenId: "t1" };
    expect(book.byToken(TOKEN)).toEqual({ principal, expiresAt: null });
    expect(book.byId("t1")).toEqual({ principal, expiresAt: null });
    expect(book.byToken(formatToken(new Uint8Array(32)))).toBeNull();
    expect(book.byId("t2")).toBeNull();
    stop.abort();
  });

  it("lose a revoked token within 1 s, and say which", async () => {
    const { book, stop, clock, revoke, ended } = setup();
    await book.start(stop.signal);
    revoke(clock.now());
    await clock.advance(TOKEN_POLL_MS);
    expect(TOKEN_POLL_MS).toBeLessThan(1_000);
    expect(book.byToken(TOKEN)).toBeNull();
    expect(ended).toEqual(["t1"]);
    stop.abort();
  });

  it("refuse an expired token in the very millisecond, and end its streams at the next look", async () => {
    const { book, stop, clock, ended } = setup({ expiresAt: epochMs(1_000_100) });
    await book.start(stop.signal);
    await clock.advance(99);
    expect(book.byToken(TOKEN)).not.toBeNull();
    await clock.advance(1);
    expect(book.byToken(TOKEN)).toBeNull();
    expect(ended).toEqual([]);
    await clock.advance(TOKEN_POLL_MS);
    expect(ended).toEqual(["t1"]);
    stop.abort();
  });

  it("are read again only when they have changed", async () => {
    const { book, stop, clock, reads } = setup();
    await book.start(stop.signal);
    await clock.advance(60_000);
    expect(reads()).toBe(1);
    stop.abort();
  });

  it("are looked at again after a look that failed", async () => {
    const { book, stop, clock, revoke, breakStore } = setup();
    await book.start(stop.signal);
    breakStore(true);
    revoke(clock.now());
    await clock.advance(3 * TOKEN_POLL_MS);
    expect(book.byToken(TOKEN)).not.toBeNull();
    breakStore(false);
    await clock.advance(TOKEN_POLL_MS);
    expect(book.byToken(TOKEN)).toBeNull();
    stop.abort();
  });

  it("do not start at all when they cannot be read", async () => {
    const { book, stop, breakStore } = setup();
    breakStore(true);
    await expect(book.start(stop.signal)).rejects.toThrow("locked");
  });
});
