import { type Caller, sourceFor, visible } from "#server/auth/caller.ts";
import { countClusters } from "#server/contract/view/clusters.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { ActorKey } from "./domain/identity.ts";
import { createNodeBeats } from "./node-beats.ts";
import { toActorView, toNodeView, toReleasableView } from "./node-view.ts";
import { asOfFold, asOfNow, type DnaSource } from "./source-view.ts";

/** Queries and commands over all configured DNA keyspaces. */
export function createDnaService(deps: { readonly sources: readonly DnaSource[]; readonly clock: Clock }) {
  const { sources, clock } = deps;
  const chosen = (caller: Caller, id: string | undefined) =>
    id === undefined ? visible(caller, sources) : [sourceFor(caller, sources, id)];

  return {
    ...createNodeBeats({ sources, clock }),

    async clusters(caller: Caller, input: WireIn<typeof wire.clustersInput>): WireOut<typeof wire.clustersOutput> {
      const seen = chosen(caller, input.source);
      return {
        ...asOfFold(seen),
        clusters: seen.flatMap((source) =>
          countClusters(source.fold()).map((count) => ({ source: source.id, ...count })),
        ),
      };
    },

    async nodes(caller: Caller, input: WireIn<typeof wire.nodesInput>): WireOut<typeof wire.nodesOutput> {
      const seen = chosen(caller, input.source);
      const wanted = (cluster: string) => input.cluster === undefined || cluster === input.cluster;
      const nodes = seen.flatMap((source) =>
        Object.entries(source.fold().nodes)
          .filter(([, node]) => wanted(node.cluster))
          .map(([id, node]) => toNodeView(source, id, node)),
      );
      const unreadable = seen.flatMap((source) =>
        Object.entries(source.fold().unreadable)
          .filter(([, row]) => wanted(row.cluster))
          .map(([key, row]) => ({ source: source.id, cluster: row.cluster, key, reason: row.reason })),
      );
      return { ...asOfFold(seen), nodes, unreadable };
    },

    async node(caller: Caller, input: WireIn<typeof wire.nodeInput>): WireOut<typeof wire.nodeOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { nodes } = source.fold();
      const node = nodes[input.incarnation];
      if (node === undefined) throw new OpsError("not-found", `No incarnation ${input.incarnation} in ${source.id}`);
      const sameName = Object.entries(nodes)
        .filter(([id, other]) => id !== input.incarnation && other.node === node.node && other.cluster === node.cluster)
        .sort(([, a], [, b]) => b.createdAt - a.createdAt)
        .map(([incarnation, other]) => ({ incarnation, state: other.state, since: toIso(other.since) }));
      const judged = source.liveness.releasable(input.incarnation);
      if (judged === null)
        throw new OpsError("upstream-unavailable", "The nodes table has not been read since the console started");
      return {
        ...asOfFold([source]),
        node: toNodeView(source, input.incarnation, node),
        sameName,
        releasable: toReleasableView(judged),
      };
    },

    async types(caller: Caller, input: WireIn<typeof wire.typesInput>): WireOut<typeof wire.typesOutput> {
      const source = sourceFor(caller, sources, input.source);
      const types = await source.store.actorTypes();
      const named = types.map(({ namespace, moduleId }) => ({
        namespace,
        moduleId,
        module: source.modules[String(moduleId)] ?? null,
      }));
      return { ...asOfNow(clock, source), types: named };
    },

    async actorsPage(
      caller: Caller,
      input: WireIn<typeof wire.actorsPageInput>,
    ): WireOut<typeof wire.actorsPageOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { namespace, moduleId, prefix, after, limit } = input;
      const page = await source.store.actorPage({ type: { namespace, moduleId }, prefix, after, limit });
      return {
        ...asOfNow(clock, source),
        rows: page.rows.map((row) => toActorView(source, row)),
        nextAfter: page.nextAfter,
      };
    },

    async actor(caller: Caller, input: WireIn<typeof wire.actorInput>): WireOut<typeof wire.actorOutput> {
      const source = sourceFor(caller, sources, input.source);
      const row = await source.actors.look(keyOf(input));
      return { ...asOfNow(clock, source), actor: row === null ? null : toActorView(source, row) };
    },
  };
}

const keyOf = ({ namespace, moduleId, name }: WireIn<typeof wire.actorInput>): ActorKey => ({
  namespace,
  moduleId,
  name,
});
