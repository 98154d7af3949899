/** How many a second, by name, over the last seconds. */
const SECONDS = 5;

export interface Rates {
  count(name: string, items: number): void;
  /** Called each second or so. */
  turn(elapsedMs: number): void;
  of(name: string): number;
}

export function createRates(): Rates {
  let current = new Map<string, number>();
  const past: { readonly counts: ReadonlyMap<string, number>; readonly ms: number }[] = [];
  return {
    count(name, items) {
      current.set(name, (current.get(name) ?? 0) + items);
    },
    turn(elapsedMs) {
      past.push({ counts: current, ms: elapsedMs });
      if (past.length > SECONDS) past.shift();
      current = new Map();
    },
    of(name) {
      const items = past.reduce((sum, { counts }) => sum + (counts.get(name) ?? 0), 0);
      const spanMs = past.reduce((sum, { ms }) => sum + ms, 0);
      return spanMs === 0 ? 0 : Math.round((items / spanMs) * 10_000) / 10;
    },
  };
}
