/** The record's own entry: a key such as `constructor`, which upstream may well use as an id, finds nothing inherited. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
