/** Walks that somebody may go on with, kept for a while under names that only who began them knows. */
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";

const KEPT_MS = 5 * 60_000;
const KEPT_MAX = 12;
/** Of all kept walks together: about 200 bytes each. */
const KEPT_PLANS_MAX = 300_000;

interface Kept<T> {
  readonly owner: string;
  readonly about: string;
  readonly walk: T;
  usedAt: MonotonicMs;
}

export interface KeptWalks<T> {
  /** @throws OpsError `not-found` when it is none of theirs about this, or no longer kept */
  find(token: string, owner: string, about: string): T;
  keep(token: string, owner: string, about: string, walk: T): void;
  drop(token: string): void;
}

export function createKeptWalks<T extends { readonly walked: number }>(clock: Clock): KeptWalks<T> {
  const kept = new Map<string, Kept<T>>();

  function tidy(): void {
    for (const [token, { usedAt }] of kept) if (clock.monotonic() - usedAt > KEPT_MS) kept.delete(token);
    const total = () => [...kept.values()].reduce((sum, { walk }) => sum + walk.walked, 0);
    while (kept.size > KEPT_MAX || (kept.size > 1 && total() > KEPT_PLANS_MAX)) {
      const [oldest] = [...kept].toSorted(([, a], [, b]) => a.usedAt - b.usedAt);
      if (oldest === undefined) return;
      kept.delete(oldest[0]);
    }
  }

  return {
    find(token, owner, about) {
      tidy();
      const found = kept.get(token);
      if (found === undefined || found.owner !== owner || found.about !== about) {
        throw new OpsError("not-found", "This walk is not kept any more: begin anew");
      }
      found.usedAt = clock.monotonic();
      return found.walk;
    },
    keep(token, owner, about, walk) {
      kept.set(token, { owner, about, walk, usedAt: clock.monotonic() });
      tidy();
    },
    drop: (token) => void kept.delete(token),
  };
}
