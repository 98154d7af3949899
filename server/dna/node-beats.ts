import { type Caller, sourceFor } from "#server/auth/caller.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-node-beats.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { uptimeOf } from "./domain/vm-uptime.ts";
import { asOfFold, asOfNow, type DnaSource } from "./source-view.ts";

/** What was sampled of incarnations and is kept in memory only. Nothing is read for it. */
export function createNodeBeats(deps: { readonly sources: readonly DnaSource[]; readonly clock: Clock }) {
  const { sources, clock } = deps;
  return {
    async nodeBeats(caller: Caller, input: WireIn<typeof wire.nodeBeatsInput>): WireOut<typeof wire.nodeBeatsOutput> {
      const source = sourceFor(caller, sources, input.source);
      if (source.fold().nodes[input.incarnation] === undefined)
        throw new OpsError("not-found", `No incarnation ${input.incarnation} in ${source.id}`);
      const history = source.beats?.of(input.incarnation) ?? null;
      return {
        ...asOfFold([source]),
        beats: (history?.beats ?? []).map((beat) => ({ ...beat, at: toIso(beat.at) })),
        since: history === null ? null : toIso(history.since),
        seenAt: history === null ? null : toIso(history.seenAt),
        uptimeMs: history === null ? null : uptimeOf(history.heartbeat),
        clockHealth: source.sample()?.nodes?.[input.incarnation]?.clockHealth ?? null,
      };
    },

    async nodePartitions(
      caller: Caller,
      input: WireIn<typeof wire.nodePartitionsInput>,
    ): WireOut<typeof wire.nodePartitionsOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { nodes } = source.fold();
      return {
        ...asOfNow(clock, source),
        nodes: input.incarnations.flatMap((incarnation) => {
          const node = nodes[incarnation];
          const told = node === undefined ? null : (source.inside?.watch.sample(node.node) ?? null);
          if (told?.identity !== incarnation || told.partitions === null || told.partitionsAt === null) return [];
          const sorted = [...told.partitions].sort((a, b) => a.index - b.index);
          return [{ incarnation, at: toIso(told.partitionsAt), running: sorted.map(({ running }) => running) }];
        }),
      };
    },
  };
}
