import { type Caller, visibleStreams } from "#server/auth/caller.ts";
import { seesStream } from "#server/contract/visibility.ts";
import type * as wire from "#server/contract/wire/admin-architecture.ts";
import type { WireOut, WireShape } from "#server/contract/wire/common.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";

type Output = WireShape<typeof wire.architectureOutput>;

/** Where the figures come from; all of it is in memory, and costs nothing worth counting. */
export interface ArchitectureDeps {
  readonly process: () => Output["process"];
  readonly journal: () => Output["journal"];
  readonly hub: () => Output["hub"];
  readonly calls: () => Output["calls"];
  /** Stream to the number of its last folded event. */
  readonly positions: () => Readonly<Record<string, { readonly seq: string }>>;
  readonly clock: Clock;
}

/** How this console itself fares. */
export function createArchitectureService({ process, journal, hub, calls, positions, clock }: ArchitectureDeps) {
  const beganAt = clock.monotonic();
  return {
    async architecture({ principal }: Caller): WireOut<typeof wire.architectureOutput> {
      const atMs = clock.monotonic();
      const seen = visibleStreams(principal);
      const streams = Object.entries(positions()).filter(([stream]) => seesStream(seen, stream));
      return {
        asOf: toIso(clock.now()),
        atMs,
        uptimeMs: atMs - beganAt,
        process: process(),
        journal: journal(),
        hub: hub(),
        calls: calls(),
        streams: Object.fromEntries(streams.map(([stream, { seq }]) => [stream, seq])),
      };
    },
  };
}
