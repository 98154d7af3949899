/**
 * Indexes on the plan table. Dynflow makes none but that of the primary key; whoever keeps many plans can make others.
 * Worldline reads by them where they are, and never makes one.
 */

/** What an index that begins so serves, most useful first. */
export const USEFUL_INDEXES: readonly { readonly columns: readonly string[]; readonly serves: string }[] = [
  { columns: ["started_at"], serves: "the list by start, and spans of time" },
  { columns: ["state", "started_at"], serves: "the list of one state by start" },
];

/** Those beside Dynflow's own, as words: `state, started_at`. */
export const ownIndexes = (indexes: readonly (readonly string[])[]): string[] =>
  [...new Set(indexes.filter(([first]) => first !== "uuid").map((columns) => columns.join(", ")))].sort();

/** Useful indexes that are there, and that are not: an index serves whatever its first columns serve. */
export function judgeIndexes(indexes: readonly (readonly string[])[]) {
  const isThere = (columns: readonly string[]): boolean =>
    indexes.some((index) => columns.every((column, at) => index[at] === column));
  return {
    there: USEFUL_INDEXES.filter(({ columns }) => isThere(columns)),
    missing: USEFUL_INDEXES.filter(({ columns }) => !isThere(columns)),
  };
}
