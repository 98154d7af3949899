import type { StateStore } from "./ports.ts";

/** A StateStore in memory, for tests of what stands above it. */
export function createMemoryState(): StateStore {
  const spaces = new Map<string, Map<string, string>>();
  const space = (name: string): Map<string, string> => {
    const found = spaces.get(name) ?? new Map<string, string>();
    spaces.set(name, found);
    return found;
  };
  const entries = (name: string) =>
    [...space(name)].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value }));
  return {
    get: async (namespace, key) => space(namespace).get(key) ?? null,
    list: async (namespace) => entries(namespace),
    page: async (namespace, after, limit) =>
      entries(namespace)
        .filter(({ key }) => after === null || key > after)
        .slice(0, limit),
    async put(namespace, key, value) {
      space(namespace).set(key, value);
    },
    async putAll(namespace, items) {
      for (const { key, value } of items)
        value === null ? space(namespace).delete(key) : space(namespace).set(key, value);
    },
    async increment(namespace, key) {
      const next = Number(space(namespace).get(key) ?? 0) + 1;
      space(namespace).set(key, String(next));
      return next;
    },
  };
}
