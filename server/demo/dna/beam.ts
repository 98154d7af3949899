import {
  BEAM_INSTANCES_MAX,
  type BeamAbilities,
  type BeamBacklog,
  type BeamInstance,
  type BeamInstancePage,
  type BeamInstanceQuery,
  type BeamLink,
  type BeamPartition,
  type BeamPeerTable,
  type BeamProcess,
  type BeamRegistration,
  type BeamStopOutcome,
  type BeamTopEntry,
  type BeamVitals,
  type DnaBeam,
} from "#server/dna/beam-ports.ts";
import { type ActorKey, type ActorType, toActorTypeId } from "#server/dna/domain/identity.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { compareUtf8 } from "./actor-table.ts";
import { backlogOf, memoryOf, processOf, vitalsOf } from "./beam-figures.ts";
import { type SimulatedKey, simulatedKey } from "./database.ts";
import type { SimulationDriver } from "./driver.ts";
import type { SimulatedNode } from "./node.ts";
import { type Random, streamOf } from "./random.ts";
import type { RunningInstance } from "./registry.ts";

/** An answer that takes longer is given up. */
const CALL_TIMEOUT_MS = 2_000;
/** After a try that found nobody, the next waits for so long, each time twice as long. */
const BACK_OFF_MS = 1_000;
const BACK_OFF_MAX_MS = 15_000;
/** A VM that ends in order is waited for this long. */
const STOP_VM_TIMEOUT_MS = 10_000;
/** Between two looks of a safe stop. */
const QUIESCE_STEP_MS = 30;
const PORT = 25_672;
/** A state larger than this is not copied out of the node. */
const STATE_BYTES_MAX = 1_048_576;
const TOP_MAX = 100;

/** What goes wrong with the next mutating calls to a node: lost on the way there, or done and the answer lost. */
export interface BeamFault {
  readonly node: string;
  readonly kind: "before" | "after";
  /** How many calls it hits. */
  times: number;
}

export interface SimulatedDnaBeam extends DnaBeam {
  inject(fault: BeamFault): void;
}

export interface SimulatedBeamOptions {
  /** Default true. */
  readonly evaluate?: boolean;
  /** Round trip in ms of the driver's clock, from and to; 0 answers at once, without a sleep. */
  readonly latencyMs?: readonly [number, number];
  /** Nodes that turn the console away, with the reason: e.g. another cookie. */
  readonly refuses?: (node: string) => string | null;
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
  const { database } = simulation;
  const evaluate = options.evaluate ?? true;
  const random: Random = streamOf(simulation.seed, `beam/${keyspace}`);
  const [fastestMs, slowestMs] = options.latencyMs ?? [0.5, 3];
  const connected = new Set<string>();
  /** Nodes whose last answer did not come in time. */
  const silent = new Set<string>();
  const absences = new Map<string, { readonly waitMs: number; readonly retryAt: number }>();
  const faults: BeamFault[] = [];
  let closed = false;

  const wait = async (ms: number): Promise<void> => {
    if (ms > 0) await clock.sleep(ms);
    driver.catchUp();
  };
  function found(name: string): SimulatedNode | null {
    driver.catchUp();
    return simulation.nodes(keyspace).find((node) => node.name === name) ?? null;
  }

  const retryInMs = (name: string): number => Math.max(0, (absences.get(name)?.retryAt ?? 0) - clock.monotonic());

  function absent(name: string): OpsError {
    connected.delete(name);
    const waitMs = Math.min(BACK_OFF_MAX_MS, 2 * (absences.get(name)?.waitMs ?? BACK_OFF_MS / 2));
    absences.set(name, { waitMs, retryAt: clock.monotonic() + waitMs });
    return new OpsError("upstream-unavailable", `Nobody listens for ${name}`);
  }

  /** The node, connected and answering: or why not. */
  async function reach(name: string): Promise<SimulatedNode> {
    if (closed) throw new OpsError("upstream-unavailable", "The connections to the nodes were closed");
    const refusal = options.refuses?.(name) ?? null;
    if (refusal !== null) throw new OpsError("refused", `${name} turns the console away: ${refusal}`);
    if (retryInMs(name) > 0) throw new OpsError("refused", `${name} was not there; it is not tried again at once`);
    await wait(random.between(fastestMs, slowestMs));
    const node = found(name);
    if (node === null || node.vm.state() === "halted") throw absent(name);
    absences.delete(name);
    if (node.vm.state() !== "running") {
      silent.add(name);
      await wait(slowestMs > 0 ? CALL_TIMEOUT_MS : 0);
      throw new OpsError("upstream-unavailable", `${name} did not answer within ${CALL_TIMEOUT_MS / 1_000} s`);
    }
    silent.delete(name);
    connected.add(name);
    return node;
  }
  const ask = async <T>(name: string, answer: (node: SimulatedNode) => T): Promise<T> => answer(await reach(name));
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
        buffered: instance.busyUntil > simulation.queue.now() ? null : instance.buffered,
        memoryBytes: memoryOf(instance),
      }));
  }

  /** A call that changes something: what was sent and not answered is unknown. */
  async function mutate(
    name: string,
    change: (node: SimulatedNode) => BeamStopOutcome | Promise<BeamStopOutcome>,
  ): Promise<BeamStopOutcome> {
    const node = found(name);
    const standsStill = node !== null && (node.vm.state() === "paused" || node.vm.state() === "frozen");
    if (standsStill && connected.has(name) && !closed) {
      // It lies in the VM's socket, and is carried out once the VM goes on.
      node.vm.post(() => void change(node));
      await wait(slowestMs > 0 ? CALL_TIMEOUT_MS : 0);
      return unanswered;
    }
    const reached = await reach(name);
    const fault = faults.find((each) => each.node === name && each.times > 0);
    if (fault !== undefined) {
      fault.times -= 1;
      if (fault.kind === "after") await change(reached);
      return unanswered;
    }
    return change(reached);
  }

  function terminate(node: SimulatedNode, seen: BeamInstance): BeamStopOutcome {
    const running = sameProcess(node, seen);
    if (running === null) return movedFrom(instanceOf(node, seen.key));
    node.registry.terminate(running);
    return { kind: "stopped" };
  }

  async function quiesce(node: SimulatedNode, seen: BeamInstance, deadlineMs: number): Promise<BeamStopOutcome> {
    const startedAt = clock.monotonic();
    for (;;) {
      if (node.vm.state() === "halted") return { kind: "unknown", reason: `${node.name} has ended meanwhile` };
      if (node.vm.state() !== "running") return unanswered;
      const running = sameProcess(node, seen);
      if (running === null) return movedFrom(instanceOf(node, seen.key));
      const { buffered, mailbox } = running;
      const inCallback = running.busyUntil > simulation.queue.now();
      if (buffered + mailbox === 0 && !inCallback && node.registry.phaseOf(running) === "idle") {
        node.registry.terminate(running);
        return { kind: "stopped" };
      }
      if (clock.monotonic() - startedAt >= deadlineMs) {
        return { kind: "busy", buffered: inCallback ? null : buffered, mailbox };
      }
      await wait(QUIESCE_STEP_MS);
    }
  }

  async function endVm(node: SimulatedNode, how: "stop" | "halt"): Promise<BeamStopOutcome> {
    if (how === "halt") node.halt();
    else node.stop();
    const startedAt = clock.monotonic();
    while (node.vm.state() !== "halted") {
      if (clock.monotonic() - startedAt >= STOP_VM_TIMEOUT_MS) return unanswered;
      await wait(QUIESCE_STEP_MS);
    }
    connected.delete(node.name);
    return { kind: "stopped" };
  }

  return {
    evaluate,
    inject: (fault) => void faults.push(fault),
    link(name): BeamLink {
      const reason = options.refuses?.(name) ?? null;
      if (reason !== null) return { kind: "refused", reason, retryInMs: 0 };
      const node = found(name);
      const ended = node === null || node.vm.state() === "halted";
      if (ended && (connected.has(name) || absences.has(name))) {
        return { kind: "unreachable", reason: "nobody listens", retryInMs: retryInMs(name) };
      }
      if (silent.has(name)) return { kind: "unreachable", reason: "it does not answer", retryInMs: 0 };
      return connected.has(name) && !ended ? { kind: "connected", otpRelease: OTP_RELEASE } : { kind: "idle" };
    },
    async registration(name): Promise<BeamRegistration> {
      if (closed) return { kind: "unknown", reason: "the connections to the nodes were closed" };
      await wait(random.between(fastestMs, slowestMs));
      const node = found(name);
      const ended = node === null || node.vm.state() === "halted";
      return ended ? { kind: "not-registered" } : { kind: "registered", port: PORT };
    },
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
          return running === null ? null : processOf(running, simulation.queue.now());
        });
      }),
    backlog: (name, seen) =>
      ask(name, (node): BeamBacklog => {
        const running = sameProcess(node, seen);
        if (running === null) return { kind: "ended" };
        const copies = evaluate || memoryOf(running) <= STATE_BYTES_MAX;
        return backlogOf(running, node.registry.phaseOf(running), simulation.queue.now(), copies);
      }),
    async top(name, partition, limit) {
      requireEvaluate("Finding the largest");
      return ask(name, (node) => top(node, partition, limit));
    },
    stopForced: (name, seen) => mutate(name, (node) => terminate(node, seen)),
    async stopSafe(name, seen, deadlineMs) {
      requireEvaluate("A safe stop");
      return mutate(name, (node) => quiesce(node, seen, deadlineMs));
    },
    stopVm: (name, how) => mutate(name, (node) => endVm(node, how)),
    clearOwnerCache: (name) => ask(name, (node) => node.clearOwnerCache()),
    async close() {
      closed = true;
    },
  };
}

const OTP_RELEASE = "25";
const ELIXIR = "1.14.0";
const NOT_EVALUATED = "it needs texts to be evaluated on the node, and `evaluate` is off";
const unanswered: BeamStopOutcome = { kind: "unknown", reason: "the node did not answer in time" };

function lastRefreshOf(node: SimulatedNode): number | null {
  const ageMs = node.worker().refreshAgeMs();
  return Number.isFinite(ageMs) ? ageMs : null;
}

const movedFrom = (present: RunningInstance | null): BeamStopOutcome => ({
  kind: "moved",
  detail: present === null ? "no instance runs there" : `another process, ${present.ref}, runs it by now`,
});

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
