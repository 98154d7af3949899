import { type Caller, sourceFor } from "#server/auth/caller.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-node-beats.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { BeamNodeSample } from "./beam-sampling.ts";
import type { BeatHistory } from "./beat-memory.ts";
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

    async nodeGlance(
      caller: Caller,
      input: WireIn<typeof wire.nodeGlanceInput>,
    ): WireOut<typeof wire.nodeGlanceOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { nodes } = source.fold();
      return {
        ...asOfNow(clock, source),
        nodes: input.incarnations.flatMap((incarnation) => {
          const node = nodes[incarnation];
          if (node === undefined) return [];
          const told = source.inside?.watch.sample(node.node) ?? null;
          return [
            {
              incarnation,
              beatMs: medianBeatMs(source.beats?.of(incarnation)),
              partitions: partitionsOf(told, incarnation),
            },
          ];
        }),
      };
    },
  };
}

/** By the database's clock: the node's own would hide that it is slow. */
function medianBeatMs(history: BeatHistory | null | undefined): number | null {
  const known = (history?.beats ?? []).flatMap(({ databaseMs, ownMs }) => databaseMs ?? ownMs ?? []);
  known.sort((a, b) => a - b);
  return known[known.length >> 1] ?? null;
}

function partitionsOf(told: BeamNodeSample | null, incarnation: string) {
  if (told?.identity !== incarnation || told.partitions === null || told.partitionsAt === null) return null;
  const sorted = [...told.partitions].sort((a, b) => a.index - b.index);
  return { at: toIso(told.partitionsAt), running: sorted.map(({ running }) => running) };
}
