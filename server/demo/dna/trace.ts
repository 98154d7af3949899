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
      readonly by: "insert" | "replace" | "release" | "claim";
    }
  | {
      readonly kind: "started";
      readonly at: number;
      readonly vm: string;
      readonly incarnation: string;
      readonly key: string;
    }
  | { readonly kind: "ended"; readonly at: number; readonly vm: string; readonly key: string }
  /** Every instance of the VM ended at once. */
  | { readonly kind: "emptied"; readonly at: number; readonly vm: string }
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

export type VmState = "running" | "paused" | "frozen" | "halted";

export type TraceListener = (event: TraceEvent) => void;
