/**
 * The one shape of every state machine that the console draws: states with what each says, and the ways between them.
 * The tables are frozen; the code that judges goes by them, or a test compares the two.
 */
import type { StateSystem } from "#server/kernel/states.ts";

/** One way from a state to another. */
export interface Transition<T extends string = string> {
  readonly from: T;
  readonly to: T;
  /** What happens on this way; short, for the arrow. */
  readonly label: string;
  /** The same at length; left out where the label says it all. */
  readonly said?: string;
}

/** Where the facts are from: a repository at a commit, or `Worldline` for what is this console's own judgement. */
export interface FactSource {
  readonly repository: string;
  readonly path: string;
}

export const MACHINE_KINDS = [
  "plan",
  "step-plan",
  "step-run",
  "step-finalize",
  "world",
  "lock",
  "envelope",
  "incarnation",
  "worker",
  "actor",
  "actor-full",
  "haf",
  "haf-app",
  "agent",
  "receiver",
  "job",
  "operation",
  "reader",
] as const;
export type MachineKind = (typeof MACHINE_KINDS)[number];

/** The systems by which machines are listed. */
export const MACHINE_GROUPS = ["Dynflow", "DNA", "HAF", "Agents", "Worldline"] as const;
export type MachineGroup = (typeof MACHINE_GROUPS)[number];

export interface Machine<T extends string = string> {
  readonly kind: MachineKind;
  readonly group: MachineGroup;
  /** What it is the life of, e.g. `plan`. */
  readonly name: string;
  /** Of the diagram: `Life of a plan`. */
  readonly title: string;
  /** In which vocabulary its states look as they do. */
  readonly system: StateSystem;
  readonly states: readonly T[];
  /** What each state says, for people: one sentence without a capital and a full stop. */
  readonly means: Readonly<Record<T, string>>;
  /** How a state is told from what is read, where that differs by state. */
  readonly toldBy?: Readonly<Partial<Record<T, string>>>;
  readonly transitions: readonly Transition<T>[];
  /** Where it begins, and where it ends. */
  readonly first: readonly T[];
  readonly last: readonly T[];
  readonly direction: "LR" | "TB";
  readonly sources: readonly FactSource[];
}

type Draft<T extends string> = Omit<Machine<T>, "direction"> & { readonly direction?: "LR" | "TB" };

/** The table, frozen all through. */
export const machine = <T extends string>(draft: Draft<T>): Machine<T> =>
  Object.freeze({
    direction: "LR" as const,
    ...draft,
    states: Object.freeze([...draft.states]),
    means: Object.freeze({ ...draft.means }),
    transitions: Object.freeze(draft.transitions.map((way) => Object.freeze({ ...way }))),
    first: Object.freeze([...draft.first]),
    last: Object.freeze([...draft.last]),
    sources: Object.freeze(draft.sources.map((source) => Object.freeze({ ...source }))),
  });

/** Rows of `[from, to, label]` as frozen ways. */
export const ways = <T extends string>(
  rows: readonly (readonly [from: T, to: T, label: string])[],
): readonly Transition<T>[] =>
  Object.freeze(rows.map(([from, to, label]): Transition<T> => Object.freeze({ from, to, label })));

/** Whether the table has a way between the two. */
export const hasWay = <T extends string>(transitions: readonly Transition<T>[], from: T, to: T): boolean =>
  transitions.some((way) => way.from === from && way.to === to);

/** Facts of Dynflow, DNA and HAF, and of this console itself, by where they stand. */
export const dynflowSource = (path: string): FactSource => ({ repository: "Dynflow/dynflow 2.0.0", path });
export const dnaSource = (path: string): FactSource => ({ repository: "cleaton/dna@9b5aab5", path });
export const hafSource = (path: string): FactSource => ({ repository: "openhive-network/haf@e4fd584f", path });
export const ownSource = (path: string): FactSource => ({ repository: "Worldline", path });
