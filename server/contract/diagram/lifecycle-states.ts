/** The states of an incarnation, apart from their table (`dna-lifecycle.ts`): every page needs the names, few the table. */
export const LIFECYCLE_STATES = ["observing", "alive", "late", "silent", "gone", "returned"] as const;
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];
