import type { Incarnation } from "#server/dna/domain/identity.ts";
import type { Vm } from "./vm.ts";

/** Time to live of a cached owner from its insertion; hits do not renew it (cleaton/dna@9b5aab5, Cachex `:dna_actors`). */
const TTL_MS = 60_000;
/** Entries after which the expired ones are swept out. */
const SWEEP_AT = 2_000;

/** A node's cache of owners, by the wall clock of its VM. Keys nobody owns are not cached. */
export interface OwnerCache {
  get(key: string): Incarnation | null;
  /** The entry as it lies there, without touching it; `ttlMs` is what is left of it. */
  peek(key: string): { readonly owner: Incarnation; readonly ttlMs: number } | null;
  put(key: string, owner: Incarnation, ttlMs?: number): void;
  drop(key: string): void;
  clear(): void;
}

export function createOwnerCache(vm: Vm): OwnerCache {
  const entries = new Map<string, { readonly owner: Incarnation; readonly expiresAt: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return null;
      if (entry.expiresAt > vm.wall()) return entry.owner;
      entries.delete(key);
      return null;
    },
    peek(key) {
      const entry = entries.get(key);
      const ttlMs = (entry?.expiresAt ?? 0) - vm.wall();
      return entry === undefined || ttlMs <= 0 ? null : { owner: entry.owner, ttlMs };
    },
    put(key, owner, ttlMs = TTL_MS) {
      entries.set(key, { owner, expiresAt: vm.wall() + ttlMs });
      if (entries.size <= SWEEP_AT) return;
      for (const [other, entry] of entries) if (entry.expiresAt <= vm.wall()) entries.delete(other);
    },
    drop: (key) => entries.delete(key),
    clear: () => entries.clear(),
  };
}
