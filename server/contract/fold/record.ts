/** Records keyed by ids from upstream, changed without changing what others hold. */

/** The record's own entry: a key such as `constructor`, which upstream may well use as an id, finds nothing inherited. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** How a reducer changes a record: the answer is the record to go on with. */
export interface RecordEditor {
  put<T>(record: Readonly<Record<string, T>>, key: string, value: T): Readonly<Record<string, T>>;
  drop<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>>;
}

/** Copies the record at every change. */
export const COPYING: RecordEditor = {
  put: (record, key, value) => ({ ...record, [key]: value }),
  drop(record, key) {
    const { [key]: _, ...others } = record;
    return others;
  },
};

const OWN_ENTRY = { writable: true, enumerable: true, configurable: true } as const;

/**
 * Copies a record at its first change and changes that copy from then on, so that a batch costs one copy and not one an
 * event. For one batch whose states in between nobody sees.
 */
export function createBatchEditor(): RecordEditor {
  const copies = new WeakSet<object>();
  function copyOf<T>(record: Readonly<Record<string, T>>): Record<string, T> {
    if (copies.has(record)) return record;
    const copy = { ...record };
    copies.add(copy);
    return copy;
  }
  return {
    put(record, key, value) {
      const copy = copyOf(record);
      // An assignment would not make an entry of this one; of any other it does, and is much faster.
      if (key === "__proto__") Object.defineProperty(copy, key, { value, ...OWN_ENTRY });
      else copy[key] = value;
      return copy;
    },
    drop(record, key) {
      const copy = copyOf(record);
      delete copy[key];
      return copy;
    },
  };
}
