import {
  BEAM_INSTANCES_MAX,
  type BeamAbilities,
  type BeamBacklog,
  type BeamInstance,
  type BeamInstancePage,
  type BeamInstanceQuery,
  type BeamPartition,
  type BeamPeerTable,
  type BeamProcess,
  type BeamTopEntry,
  type BeamVitals,
  type DnaBeam,
} from "#server/dna/beam-ports.ts";
import { type ActorKey, type ActorType, toActorTypeId } from "#server/dna/domain/identity.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { compareUtf8 } from "./actor-table.ts";
import { backlogOf, memoryOf, processOf, vitalsOf } from "./beam-figures.ts";
import { createSimulatedLinks, OTP_RELEASE, type SimulatedLinkOptions } from "./beam-links.ts";
import { type BeamFault, createSimulatedStops } from "./beam-stops.ts";
import { type SimulatedKey, simulatedKey } from "./database.ts";
import type { SimulationDriver } from "./driver.ts";
import type { SimulatedNode } from "./node.ts";
import type { RunningInstance } from "./registry.ts";

/** A state larger than this is not copied out of the node. */
const STATE_BYTES_MAX = 1_048_576;
const TOP_MAX = 100;

export interface SimulatedDnaBeam extends DnaBeam {
  inject(fault: BeamFault): void;
}

export interface SimulatedBeamOptions extends SimulatedLinkOptions {
  /** Default true. */
  readonly evaluate?: boolean;
}

/**
 * The console's way into the simulated nodes of one keyspace: the same promises as the adapter over Erlang
 * distribution. A VM that stands still answers nobody; one that has ended is unreachable and not registered. Of two VMs
 * with one name the first is meant.
 */
export function createSimulatedDnaBeam(
  driver: SimulationDriver,
  keyspace: string,
  options: SimulatedBeamOptions = {},
): SimulatedDnaBeam {
  const { simulation, clock } = driver;
  const { database, queue } = simulation;
  const evaluate = options.evaluate ?? true;
  const links = createSimulatedLinks(driver, keyspace, options);
  const stops = createSimulatedStops({
    ...{ links, clock, now: queue.now },
    instanceOf: (node, seen) => instanceOf(node, seen.key),
  });
  const ask = async <T>(name: string, answer: (node: SimulatedNode) => T): Promise<T> =>
    answer(await links.reach(name));
  function requireEvaluate(what: string): void {
    if (evaluate) return;
    throw new OpsError("refused", `${what} needs texts to be evaluated on the node, and \`evaluate\` is off`);
  }

  function keyOf(key: ActorKey): SimulatedKey | null {
    const table = database.table(keyspace, key);
    return table === null ? null : simulatedKey(table, key.name);
  }
  function instanceOf(node: SimulatedNode, key: ActorKey): RunningInstance | null {
    const known = keyOf(key);
    return known === null ? null : node.registry.find(known);
  }
  /** The very process that was seen, or `null`. */
  function sameProcess(node: SimulatedNode, seen: BeamInstance): RunningInstance | null {
    const running = instanceOf(node, seen.key);
    return running?.ref === seen.ref ? running : null;
  }

  function page(node: SimulatedNode, query: BeamInstanceQuery): BeamInstancePage {
    const { partition, limit } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > BEAM_INSTANCES_MAX) {
      throw new OpsError("invalid-input", `At most ${BEAM_INSTANCES_MAX} instances at once, not ${limit}`);
    }
    if (!Number.isInteger(partition) || partition < 0 || partition >= node.registry.partitions) {
      throw new OpsError("not-found", `${node.name} has no partition ${partition}`);
    }
    const matching = [...node.registry.list(partition)]
      .filter((instance) => matches(instance.key, query))
      .sort((a, b) => compareUtf8(a.key.name, b.key.name));
    return { instances: matching.slice(0, limit).map(toInstance), more: matching.length > limit };
  }

  function top(node: SimulatedNode, partition: number | null, limit: number): readonly BeamTopEntry[] {
    const { registry } = node;
    const partitions =
      partition === null ? Array.from({ length: registry.partitions }, (_, each) => each) : [partition];
    return partitions
      .flatMap((each) => [...registry.list(each)])
      .sort((a, b) => b.buffered + b.mailbox - (a.buffered + a.mailbox) || compareUtf8(a.key.name, b.key.name))
      .slice(0, Math.min(limit, TOP_MAX))
      .map((instance) => ({
        instance: toInstance(instance),
        mailbox: instance.mailbox,
        buffered: instance.busyUntil > queue.now() ? null : instance.buffered,
        memoryBytes: memoryOf(instance),
      }));
  }

  return {
    evaluate,
    inject: stops.inject,
    link: links.link,
    registration: links.registration,
    abilities: (name) =>
      ask(
        name,
        (): BeamAbilities => ({
          ...{ otpRelease: OTP_RELEASE, elixir: ELIXIR },
          missing: evaluate ? {} : { "stop-safe": NOT_EVALUATED, top: NOT_EVALUATED },
        }),
      ),
    identity: (name) => ask(name, (node) => node.worker().incarnation),
    partitions: (name) =>
      ask(name, ({ registry }) =>
        Array.from({ length: registry.partitions }, (_, index): BeamPartition => {
          const alive = !registry.isDown();
          return { index, alive, running: alive ? registry.running(index) : null };
        }),
      ),
    vitals: (name) => ask(name, (node): BeamVitals => vitalsOf(node)),
    peers: (name) =>
      ask(name, (node): BeamPeerTable => {
        const worker = node.worker();
        return { peers: worker.table(), lastRefreshMs: lastRefreshOf(node), unreadable: 0 };
      }),
    lastRefresh: (name) => ask(name, lastRefreshOf),
    cachedOwner: (name, key) =>
      ask(name, (node) => {
        const known = keyOf(key);
        return known === null ? null : node.cachedOwner(known);
      }),
    instance: (name, key) =>
      ask(name, (node) => {
        const running = instanceOf(node, key);
        return running === null ? null : toInstance(running);
      }),
    instances: (name, query) => ask(name, (node) => page(node, query)),
    inspect: (name, instances) =>
      ask(name, (node) => {
        if (instances.length > BEAM_INSTANCES_MAX) {
          throw new OpsError("invalid-input", `At most ${BEAM_INSTANCES_MAX} instances at once`);
        }
        return instances.map((seen): BeamProcess | null => {
          const running = sameProcess(node, seen);
          return running === null ? null : processOf(running, queue.now());
        });
      }),
    backlog: (name, seen) =>
      ask(name, (node): BeamBacklog => {
        const running = sameProcess(node, seen);
        if (running === null) return { kind: "ended" };
        const copies = evaluate || memoryOf(running) <= STATE_BYTES_MAX;
        return backlogOf(running, node.registry.phaseOf(running), queue.now(), copies);
      }),
    async top(name, partition, limit) {
      requireEvaluate("Finding the largest");
      return ask(name, (node) => top(node, partition, limit));
    },
    stopForced: stops.stopForced,
    async stopSafe(name, seen, deadlineMs) {
      requireEvaluate("A safe stop");
      return stops.stopSafe(name, seen, deadlineMs);
    },
    stopVm: stops.stopVm,
    clearOwnerCache: (name) => ask(name, (node) => node.clearOwnerCache()),
    close: async () => links.close(),
  };
}

const ELIXIR = "1.14.0";
const NOT_EVALUATED = "it needs texts to be evaluated on the node, and `evaluate` is off";
function lastRefreshOf(node: SimulatedNode): number | null {
  const ageMs = node.worker().refreshAgeMs();
  return Number.isFinite(ageMs) ? ageMs : null;
}

function matches(key: SimulatedKey, { type, prefix, from, below }: BeamInstanceQuery): boolean {
  const { name } = key;
  if (type !== null && toActorTypeId(key.table.spec) !== toActorTypeId(type)) return false;
  if (!name.startsWith(prefix)) return false;
  if (from !== undefined && compareUtf8(name, from) < 0) return false;
  return below === undefined || compareUtf8(name, below) < 0;
}

function toInstance({ key, partition, ref }: RunningInstance): BeamInstance {
  const { namespace, moduleId }: ActorType = key.table.spec;
  return { key: { namespace, moduleId, name: key.name }, partition, ref };
}
