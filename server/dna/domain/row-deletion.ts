/**
 * Whether the row of an incarnation may be deleted from `nodes`. The write is not conditional, and any live peer deletes
 * such rows by itself: so it is only ever cosmetic, and only for a cluster of which nobody lives.
 */
import type { LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import type { ReleasableReason } from "./releasable.ts";

/** Every incarnation of the cluster has to be silent for longer than this. */
export const WHOLLY_DEAD_SILENCE_MS = 60_000;

export interface RowDeletionInput {
  readonly incarnation: string;
  readonly fresh: boolean;
  /** All of the cluster, that one among them. */
  readonly incarnations: readonly {
    readonly id: string;
    readonly node: string;
    readonly state: LifecycleState;
    /** Counted by us without a gap. */
    readonly silentMs: number;
    /** Its BEAM answers with the same identity. */
    readonly answers: boolean;
  }[];
  /** Rows of the cluster that are there and cannot be read: each may be of a node that lives. */
  readonly unreadable: number;
}

const NAMED_MAX = 3;
const DEAD: ReadonlySet<LifecycleState> = new Set(["silent", "gone"]);

/** Every condition with its present answer, always in the same order. Pure. */
export function judgeRowDeletion(input: RowDeletionInput): readonly ReleasableReason[] {
  const { incarnation, fresh, incarnations, unreadable } = input;
  const own = incarnations.find(({ id }) => id === incarnation);
  const living = incarnations.filter(({ state }) => !DEAD.has(state));
  const young = incarnations.filter(({ silentMs }) => silentMs <= WHOLLY_DEAD_SILENCE_MS);
  const answering = incarnations.filter(({ answers }) => answers);
  return [
    { holds: fresh, text: "The nodes table was read within the last 5 s.", detail: null },
    {
      holds: own?.state === "silent",
      text: "The incarnation is silent and its row is there.",
      detail: own === undefined ? "It is not known." : `It is ${own.state}.`,
    },
    { holds: living.length === 0, text: "Nobody of its cluster lives.", detail: named(living, "not dead") },
    {
      holds: young.length === 0,
      text: `Each of its cluster has been silent for over ${WHOLLY_DEAD_SILENCE_MS / 1_000} s, counted without a gap.`,
      detail: named(young, "not yet so long"),
    },
    {
      holds: unreadable === 0,
      text: "Every row of its cluster can be read.",
      detail: unreadable === 0 ? null : `${unreadable} cannot, and may be of nodes that live.`,
    },
    { holds: answering.length === 0, text: "No BEAM of its cluster answers.", detail: named(answering, "answers") },
  ];
}

function named(some: RowDeletionInput["incarnations"], what: string): string | null {
  if (some.length === 0) return null;
  const names = some.slice(0, NAMED_MAX).map(({ node }) => node);
  return `${what}: ${names.join(", ")}${some.length > NAMED_MAX ? ` and ${some.length - NAMED_MAX} more` : ""}`;
}
