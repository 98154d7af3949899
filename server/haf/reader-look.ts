import type { HafFold } from "#server/contract/fold/haf.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { ContainersSeen } from "./container-watch.ts";
import type { ReaderMemory } from "./reader-memory.ts";
import type { Busy, HafSeen } from "./reader-reads.ts";
import type { NewRows } from "./reader-rows.ts";

/** What one look at a stack has to judge by. */
export interface Look {
  readonly sourceId: string;
  readonly fold: HafFold;
  readonly seen: HafSeen;
  readonly rows: NewRows;
  readonly busy: Busy | null;
  /** `null` = containers are not looked at. */
  readonly containers: ContainersSeen | null;
  readonly configured: readonly string[];
  readonly memory: ReaderMemory;
  /** Our clocks, where the database's is not to be had. */
  readonly now: EpochMs;
  readonly nowMs: number;
}
