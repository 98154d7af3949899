/** What the reader of a stack knows beyond the fold, from one look to the next. */
import type { HafFold } from "#server/contract/fold/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { RECENT_CHECKS, RECENT_MS, type Recent, type RecentCheck } from "./domain/checks.ts";
import type { IdleSince } from "./domain/index-facts.ts";
import { observePace, type Pace } from "./domain/pace.ts";
import { type Activity, type ZoneVerdict, zoneOf } from "./domain/zone.ts";
import type { HafLogRow } from "./ports.ts";

/** Rows of the log of one life of an app, as far as we read them. */
export interface AppRows {
  readonly createdAt: EpochMs | null;
  /** First row after CREATED. */
  readonly iteratedAt: EpochMs | null;
  readonly removedAt: EpochMs | null;
  /** Newest row, in words. */
  readonly latest: string;
}

interface Happened {
  readonly atMs: number;
  readonly evidence: string;
  readonly about: readonly string[];
}

export interface ReaderMemory {
  rows: ReadonlyMap<string, AppRows>;
  blocks: ReadonlyMap<string, number>;
  paces: ReadonlyMap<string, Pace>;
  happened: ReadonlyMap<RecentCheck, Happened>;
  idle: IdleSince;
  consistentBlock: number | null;
  syncSeenAtMs: number | null;
  newest: Activity | null;
  zone: ZoneVerdict;
}

export const emptyMemory = (): ReaderMemory => ({
  rows: new Map(),
  blocks: new Map(),
  paces: new Map(),
  happened: new Map(),
  idle: new Map(),
  consistentBlock: null,
  syncSeenAtMs: null,
  newest: null,
  zone: { correctMs: 0 },
});

/** What was told before the console stopped goes on for the rest of its time. */
export function adoptChecks(memory: ReaderMemory, fold: HafFold, now: EpochMs, nowMs: number): void {
  const happened = new Map<RecentCheck, Happened>();
  for (const check of RECENT_CHECKS) {
    const known = fold.checks[check];
    if (known === undefined || known.level === "ok") continue;
    happened.set(check, { atMs: nowMs - (now - known.since), evidence: known.evidence, about: known.about });
  }
  memory.happened = happened;
  memory.consistentBlock = fold.progress?.block ?? null;
  memory.blocks = new Map(Object.entries(fold.progress?.apps ?? {}));
}

/** @param agoMs how long ago it was, by the source's clock */
export function happen(
  memory: ReaderMemory,
  check: RecentCheck,
  { agoMs, evidence, about }: Recent,
  nowMs: number,
): void {
  if (agoMs > RECENT_MS) return;
  const known = memory.happened.get(check);
  const merged =
    known === undefined || nowMs - known.atMs > RECENT_MS ? about : [...new Set([...known.about, ...about])];
  const next = { atMs: nowMs - Math.max(0, agoMs), evidence, about: merged };
  memory.happened = new Map(memory.happened).set(check, next);
}

export function recentOf(memory: ReaderMemory, nowMs: number): Readonly<Partial<Record<RecentCheck, Recent>>> {
  const recent: Partial<Record<RecentCheck, Recent>> = {};
  for (const [check, { atMs, evidence, about }] of memory.happened)
    recent[check] = { agoMs: nowMs - atMs, evidence, about };
  return recent;
}

/** Whose lives these rows are of. A row CREATED begins anew. */
export function observeRows(memory: ReaderMemory, rows: readonly HafLogRow[]): void {
  if (rows.length === 0) return;
  const lives = new Map(memory.rows);
  for (const row of rows) {
    const known = row.event === "CREATED" ? undefined : lives.get(row.app);
    const latest = `${row.event}${row.block === null ? "" : ` at block ${row.block}`}`;
    const began = row.event === "CREATED" || row.event === "REMOVED" ? null : row.at;
    lives.set(row.app, {
      createdAt: row.event === "CREATED" ? row.at : (known?.createdAt ?? null),
      iteratedAt: known?.iteratedAt ?? began,
      removedAt: row.event === "REMOVED" ? row.at : null,
      latest,
    });
  }
  memory.rows = lives;
}

/** `""` is HAF itself. */
export function observeBlock(memory: ReaderMemory, name: string, block: number, atMs: number): Pace {
  const pace = observePace(memory.paces.get(name) ?? [], { atMs, block });
  memory.paces = new Map(memory.paces).set(name, pace);
  return pace;
}

export function observeZone(memory: ReaderMemory, newest: Activity | null): void {
  const verdict = zoneOf(newest, memory.newest);
  const standsStill = newest !== null && memory.newest !== null && newest.lastActiveAt === memory.newest.lastActiveAt;
  // Between two activities nothing new is told: what was found holds on.
  if (!standsStill || verdict.correctMs !== 0) memory.zone = verdict;
  memory.newest = newest;
}
