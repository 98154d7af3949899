import type { HafEngine, HafStore } from "#server/haf/ports.ts";

export interface HafSeat {
  readonly id: string;
  readonly title: string;
  readonly region: string;
  /** Apps in the order in which they are meant to be set up; empty = as they are found. */
  readonly apps: readonly string[];
}

/** The ways to one stack. */
export interface HafWays {
  readonly store: HafStore;
  /** `null` = its containers are not looked at. */
  readonly engine: HafEngine | null;
}

/** A configured HAF stack, read. */
export interface HafAssembly {
  readonly source: Pick<HafSeat, "id" | "title" | "apps">;
  readonly region: string;
  run(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}
