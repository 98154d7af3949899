/**
 * The steps of large plans, read part by part and shared by whoever shows them. They are no React Query answers: a part
 * that arrives must be seen before the last has come, and 20 parts are one thing.
 */
import type { StepsCompactOutput } from "#server/contract/wire/dynflow-steps.ts";
import { stepsOfPart } from "./steps-parts.ts";
import type { StepView } from "./types.ts";

export interface ManySteps {
  readonly steps: readonly StepView[];
  /** All of them have come. */
  readonly complete: boolean;
  /** The last part could not be read. */
  readonly error: unknown;
}

export type ReadPart = (after: number | null) => Promise<Pick<StepsCompactOutput, "part" | "next">>;

export interface StepsStore {
  get(): ManySteps;
  subscribe(listener: () => void): () => void;
  /** When the last reading of all of them ended, on the page's clock; `null` = none has. */
  readAt(): number | null;
  /** Reads them all (again); what was known stays shown until all of the new have come. Joins a read that is under way. */
  read(part: ReadPart): Promise<void>;
}

const NOTHING: ManySteps = { steps: [], complete: false, error: null };
/** While they come for the first time they are told at so many, then at twice as many: each telling is a new layout. */
const FIRST_TOLD = 5_000;
const PARTS_MAX = 200;

export function createStepsStore(): StepsStore {
  const listeners = new Set<() => void>();
  let now = NOTHING;
  let reading: Promise<void> | null = null;
  let readAt: number | null = null;

  const tell = (next: ManySteps): void => {
    now = next;
    for (const listener of listeners) listener();
  };

  async function readAll(read: ReadPart): Promise<void> {
    const first = !now.complete;
    const steps: StepView[] = [];
    let after: number | null = null;
    let tellAt = FIRST_TOLD;
    try {
      for (let part = 0; part < PARTS_MAX; part += 1) {
        const answer: Pick<StepsCompactOutput, "part" | "next"> = await read(after);
        for (const step of stepsOfPart(answer.part)) steps.push(step);
        after = answer.next;
        if (after === null) break;
        if (!first || steps.length < tellAt) continue;
        tell({ steps: [...steps], complete: false, error: null });
        tellAt *= 2;
      }
      tell({ steps, complete: true, error: null });
    } catch (error) {
      tell({ ...now, error });
    }
  }

  return {
    get: () => now,
    readAt: () => readAt,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    read(part) {
      reading ??= readAll(part).finally(() => {
        reading = null;
        readAt = performance.now();
      });
      return reading;
    },
  };
}

/** Plans whose steps are kept in the browser, the one looked at last included. */
const KEPT_MAX = 2;
const stores = new Map<string, StepsStore>();

/** The store of this plan; of others only the last is kept. */
export function stepsStoreOf(key: string): StepsStore {
  const store = stores.get(key) ?? createStepsStore();
  stores.delete(key);
  stores.set(key, store);
  for (const old of stores.keys()) if (stores.size > KEPT_MAX) stores.delete(old);
  return store;
}
