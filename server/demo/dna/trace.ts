/** What truly happens in the simulation, for whoever must know better than the console (the referee). */
export type TraceEvent =
  /** A node's own row was written, and can be read from now on. */
  | { readonly kind: "beat"; readonly at: number; readonly incarnation: string; readonly vm: string }
  | { readonly kind: "row-deleted"; readonly at: number; readonly incarnation: string }
  | {
      readonly kind: "owner-changed";
      readonly at: number;
      readonly key: string;
      readonly from: string | null;
      readonly to: string | null;
      /** `insert` and `replace` are claims by DNA, `release` and `claim` are statements of the console. */
      readonly by: OwnerChange;
    }
  | {
      readonly kind: "started";
      readonly at: number;
      readonly vm: string;
      readonly incarnation: string;
      readonly key: string;
    }
  /** An instance ended; `lost` = events that it had accepted and not handled. */
  | {
      readonly kind: "ended";
      readonly at: number;
      readonly vm: string;
      readonly key: string;
      readonly lost: number;
      /** `stop` = by the console. */
      readonly cause: "crash" | "stop";
    }
  /** Every instance of the VM ended at once. */
  | { readonly kind: "emptied"; readonly at: number; readonly vm: string; readonly lost: number }
  /** An instance took a message because its node holds itself for the owner. */
  | {
      readonly kind: "delivered";
      readonly at: number;
      readonly vm: string;
      readonly incarnation: string;
      readonly key: string;
    }
  /** A request ended in an error in its caller. */
  | { readonly kind: "raised"; readonly at: number; readonly vm: string; readonly reason: string }
  | { readonly kind: "vm"; readonly at: number; readonly vm: string; readonly state: VmState }
  /** The cluster worker stands still while the rest of the VM works. */
  | { readonly kind: "hung"; readonly at: number; readonly vm: string };

/** Who changed an owner: DNA by its two statements, or the console by its two. */
export type OwnerChange = "insert" | "replace" | "release" | "claim";

export type VmState = "running" | "paused" | "frozen" | "halted";

export type TraceListener = (event: TraceEvent) => void;
