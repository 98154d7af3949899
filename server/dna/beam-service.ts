import { type Caller, sourceFor } from "#server/auth/caller.ts";
import type { WireIn, WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-beam.ts";
import { type Clock, type EpochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type {
  BeamAbilities,
  BeamCachedOwner,
  BeamInstance,
  BeamInstancePage,
  BeamPeerTable,
  BeamProcess,
  DnaBeam,
} from "./beam-ports.ts";
import { takeSample } from "./beam-sample.ts";
import type { BeamNodeSample } from "./beam-sampling.ts";
import { createSharedAnswers, type SharedAnswers } from "./beam-shared.ts";
import { findTop, type TopFound } from "./beam-top.ts";
import { toInstanceView, toLinkView, toNodeNumbers, toPeersView } from "./beam-view.ts";
import { type Incarnation, parseIncarnationId, sameIncarnation, toIncarnationId } from "./domain/identity.ts";
import { asOfFold, asOfNow, type DnaSource } from "./source-view.ts";

/** Why nothing inside a node can be asked. */
const NOT_CONFIGURED = "No access to the nodes of this source is configured (dna[].beam)";

/** What a node can does not change while its VM lives. */
const ABILITIES_FOR_MS = 60_000;

interface InstancePage extends BeamInstancePage {
  readonly processes: readonly (BeamProcess | null)[];
}

interface CachedKey {
  readonly cached: BeamCachedOwner | null;
  readonly instance: BeamInstance | null;
}

interface Addressed {
  readonly source: DnaSource;
  readonly beam: DnaBeam;
  readonly node: string;
  readonly incarnation: Incarnation;
}

/** Queries of the insides of nodes. Of several people who ask the same within 2 s one asks the node. */
export function createBeamService(deps: { readonly sources: readonly DnaSource[]; readonly clock: Clock }) {
  const { sources, clock } = deps;
  const abilities = createSharedAnswers<BeamAbilities>(clock, ABILITIES_FOR_MS);
  const samples = createSharedAnswers<BeamNodeSample>(clock);
  const refreshes = createSharedAnswers<Pick<BeamNodeSample, "lastRefreshMs" | "refreshAt">>(clock);
  const pages = createSharedAnswers<InstancePage>(clock);
  const tops = createSharedAnswers<TopFound>(clock);
  const tables = createSharedAnswers<BeamPeerTable>(clock);
  const owners = createSharedAnswers<CachedKey>(clock);

  function known(caller: Caller, input: WireIn<typeof wire.beamNodeInput>) {
    const source = sourceFor(caller, sources, input.source);
    const node = source.fold().nodes[input.incarnation];
    const incarnation = parseIncarnationId(input.incarnation);
    if (node === undefined || incarnation === null)
      throw new OpsError("not-found", `No incarnation ${input.incarnation} in ${source.id}`);
    return { source, node: node.node, incarnation };
  }

  function addressed(caller: Caller, input: WireIn<typeof wire.beamNodeInput>): Addressed {
    const found = known(caller, input);
    const { beam } = found.source;
    if (beam === null) throw new OpsError("refused", NOT_CONFIGURED);
    return { ...found, beam };
  }

  /** Asks the node, once it has said that it still is the incarnation that was meant. */
  async function ask<T>(shared: SharedAnswers<T>, at: Addressed, what: string, question: () => Promise<T>): Promise<T> {
    return shared(`${at.source.id} ${at.node} ${toIncarnationId(at.incarnation)} ${what}`, async () => {
      const identity = await at.beam.identity(at.node);
      if (!sameIncarnation(identity, at.incarnation))
        throw new OpsError("conflict", `${at.node} is another incarnation now: ${toIncarnationId(identity)}`);
      return question();
    });
  }

  async function abilitiesOf(source: DnaSource, sample: BeamNodeSample | null): Promise<BeamAbilities | null> {
    const { id, beam } = source;
    if (beam === null || sample === null || !sample.answers) return null;
    const { node, identity } = sample;
    try {
      return await abilities(`${id} ${node} ${identity}`, () => beam.abilities(node));
    } catch (cause) {
      if (cause instanceof OpsError) return null;
      throw cause;
    }
  }

  /** What it told last; one that is not sampled, as by a console that follows another, is asked. */
  async function sampleOf({ id, beam, inside = null }: DnaSource, node: string): Promise<BeamNodeSample | null> {
    if (beam === null || inside === null) return null;
    const { witness, watch } = inside;
    return watch.sample(node) ?? samples(`${id} ${node}`, () => takeSample({ beam, witness, clock }, node));
  }

  /** How far its refresh is, for somebody who looks: what was sampled tells nothing of a loop of 5 s. */
  async function withRefresh(source: DnaSource, sample: BeamNodeSample | null): Promise<BeamNodeSample | null> {
    const { id, beam } = source;
    if (beam === null || sample === null || !sample.answers) return sample;
    const { node, identity } = sample;
    try {
      const told = await refreshes(`${id} ${node} ${identity}`, async () => {
        const refreshAt = clock.now();
        return { lastRefreshMs: await beam.lastRefresh(node), refreshAt };
      });
      return { ...sample, ...told };
    } catch (cause) {
      if (cause instanceof OpsError) return sample;
      throw cause;
    }
  }

  return {
    async node(caller: Caller, input: WireIn<typeof wire.beamNodeInput>): WireOut<typeof wire.beamNodeOutput> {
      const { source, node, incarnation } = known(caller, input);
      const { beam, inside = null } = source;
      const sample = await withRefresh(source, await sampleOf(source, node));
      const able = await abilitiesOf(source, sample);
      const verdict = inside?.witness.judge(node, incarnation) ?? { kind: "not-configured" as const };
      return {
        ...asOfFold([source]),
        node,
        configured: beam !== null,
        evaluate: beam?.evaluate ?? false,
        link: beam === null ? null : toLinkView(beam.link(node)),
        verdict: { kind: verdict.kind, detail: "detail" in verdict ? verdict.detail : null },
        abilities:
          able === null
            ? null
            : {
                otpRelease: able.otpRelease,
                elixir: able.elixir,
                missing: Object.entries(able.missing).map(([ability, reason]) => ({ ability, reason })),
              },
        ...toNodeNumbers(sample),
      };
    },

    async partition(
      caller: Caller,
      input: WireIn<typeof wire.beamPartitionInput>,
    ): WireOut<typeof wire.beamPartitionOutput> {
      const at = addressed(caller, input);
      const { partition, type, prefix, limit } = input;
      const { instances, more, processes } = await ask(
        pages,
        at,
        JSON.stringify(["p", partition, type, prefix, limit]),
        async () => {
          const page = await at.beam.instances(at.node, { partition, type, prefix, limit });
          return { ...page, processes: await at.beam.inspect(at.node, page.instances) };
        },
      );
      return {
        ...asOfNow(clock, at.source),
        instances: instances.map((instance, index) => {
          const process = processes[index] ?? null;
          return { ...toInstanceView(instance), process: process === null ? null : toProcessView(process) };
        }),
        more,
      };
    },

    async top(caller: Caller, input: WireIn<typeof wire.beamTopInput>): WireOut<typeof wire.beamTopOutput> {
      const at = addressed(caller, input);
      const { partition, limit } = input;
      const { entries, found, among } = await ask(tops, at, JSON.stringify(["t", partition, limit]), () =>
        findTop(at.beam, at.node, partition, limit),
      );
      return {
        ...asOfNow(clock, at.source),
        entries: entries.map(({ instance, ...numbers }) => ({ ...toInstanceView(instance), ...numbersOf(numbers) })),
        found,
        among,
      };
    },

    async peers(caller: Caller, input: WireIn<typeof wire.beamNodeInput>): WireOut<typeof wire.beamPeersOutput> {
      const at = addressed(caller, input);
      const table = await ask(tables, at, "peers", () => at.beam.peers(at.node));
      return { ...asOfNow(clock, at.source), ...toPeersView(at.source, table) };
    },

    async cachedOwner(
      caller: Caller,
      input: WireIn<typeof wire.beamCachedOwnerInput>,
    ): WireOut<typeof wire.beamCachedOwnerOutput> {
      const at = addressed(caller, input);
      const { namespace, moduleId, name } = input;
      const key = { namespace, moduleId, name };
      const { cached, instance } = await ask(
        owners,
        at,
        JSON.stringify(["c", namespace, moduleId, name]),
        async () => ({
          cached: await at.beam.cachedOwner(at.node, key),
          instance: await at.beam.instance(at.node, key),
        }),
      );
      const owner = cached === null ? null : at.source.fold().nodes[toIncarnationId(cached.owner)];
      return {
        ...asOfNow(clock, at.source),
        cached:
          cached === null
            ? null
            : {
                incarnation: toIncarnationId(cached.owner),
                node: owner?.node ?? null,
                state: owner?.state ?? null,
                self: sameIncarnation(cached.owner, at.incarnation),
                ttlMs: cached.ttlMs,
              },
        instance: instance === null ? null : toInstanceView(instance),
      };
    },

    async doubles(caller: Caller, input: WireIn<typeof wire.beamDoublesInput>): WireOut<typeof wire.beamDoublesOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { inside = null } = source;
      const samples = inside?.watch.samples() ?? [];
      const coverage = inside?.doubles.coverage() ?? null;
      return {
        ...asOfFold([source]),
        configured: inside !== null,
        coverage:
          coverage === null
            ? null
            : {
                ...coverage,
                startedAt: iso(coverage.startedAt),
                finishedAt: iso(coverage.finishedAt),
                missed: [...coverage.missed],
              },
        nodesAsked: samples.length,
        nodesAnswering: samples.filter(({ answers }) => answers).length,
      };
    },
  };
}

const iso = (at: EpochMs): string => toIso(at);

type ProcessView = NonNullable<WireShape<typeof wire.beamPartitionOutput>["instances"][number]["process"]>;

const toProcessView = ({ memoryBytes, mailbox, status, currentFunction }: ProcessView): ProcessView => ({
  memoryBytes,
  mailbox,
  status,
  currentFunction,
});

type TopNumbers = Omit<
  WireShape<typeof wire.beamTopOutput>["entries"][number],
  keyof WireShape<typeof wire.beamInstance>
>;

const numbersOf = ({ phase, buffered, mailbox, memoryBytes, backlog }: TopNumbers): TopNumbers => ({
  phase,
  buffered,
  mailbox,
  memoryBytes,
  backlog,
});
