/** What steps do when they run. The executor asks; the demo's catalogue, or a test, answers. */
import type { PayloadValue, StepError } from "#server/dynflow/domain/model.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import type { PlanSpec } from "./planner.ts";
import type { StoredAction, StoredStep } from "./stored-plan.ts";

export interface StepVisit {
  readonly planId: string;
  readonly step: Readonly<StoredStep>;
  readonly action: Readonly<StoredAction>;
  /** State in which the step was before this visit: `error` = it is tried again. */
  readonly from: string;
  /** 0 for the first visit in this execution, then 1 more after each suspension. */
  readonly visit: number;
}

export interface Chunk {
  readonly kind: string | null;
  readonly value: PayloadValue;
}

/** What a visit of a step comes to, after so long. Durations are in the clock's milliseconds. */
export type Deed =
  | {
      readonly kind: "success";
      readonly afterMs: number;
      readonly output: JsonObject;
      readonly chunks?: readonly Chunk[];
    }
  | { readonly kind: "error"; readonly afterMs: number; readonly error: StepError }
  /** Suspended, and visited again after `wakeAfterMs`; `null` = only an event wakes it. */
  | {
      readonly kind: "suspend";
      readonly afterMs: number;
      readonly progress: number;
      readonly output: JsonObject;
      readonly chunks?: readonly Chunk[];
      readonly wakeAfterMs: number | null;
    }
  /** Plans these as its sub-plans, has them executed and waits, suspended, until all have ended or paused. */
  | { readonly kind: "sub-plans"; readonly afterMs: number; readonly plans: readonly PlanSpec[] };

export type Behaviour = (visit: StepVisit) => Deed;

/** Every step succeeds at once: an action whose cause of failure was removed. */
export const everythingSucceeds: Behaviour = () => ({ kind: "success", afterMs: 0, output: {} });
