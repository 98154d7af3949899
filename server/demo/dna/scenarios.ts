import type { ActorType } from "#server/dna/domain/identity.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type Database, type SimulatedKey, simulatedKey } from "./database.ts";
import type { EventQueue } from "./event-queue.ts";
import type { SimulatedNode } from "./node.ts";
import { type Random, streamOf } from "./random.ts";
import type { ActorTemper } from "./registry.ts";
import type { TraceEvent } from "./trace.ts";

/** Aliasing: the observer looks this long after a beat; */
const ALIAS_LOOK_MS = 150;
/** the beat after it is moved behind the observer's next look; */
const ALIAS_AGAIN_MS = 1_000;
const ALIAS_BEAT_MS = 5_600;
/** and between its third look and 10 s after its first it holds a healthy owner for dead. */
const ALIAS_ASK_FROM_MS = 10_000;
const ALIAS_ASK_TO_MS = 10_700;
const ALIAS_ASK_EVERY_MS = 20;
/** Messages to a hot actor arrive in lots this far apart. */
const LOT_MS = 500;
const MS_PER_S = 1_000;
/** After it was asked to end, a node is started again this much later: the old VM is gone by then. */
const RESTART_GAP_MS = 4_000;

/** How a hot actor is asked, and how slowly it writes. */
export interface HotActor {
  readonly eventsPerSecond: number;
  /** Duration of each write of at most 100 events. */
  readonly writeMs: number;
  /** So long it is asked, `null` = for good. */
  readonly forMs: number | null;
  /** Asked for `onMs`, then left alone for `offMs`, and so on; default: asked without a break. */
  readonly waves?: { readonly onMs: number; readonly offMs: number };
}

/** What can befall a node or the database. Node names are those of the BEAM. Each throws `OpsError` `conflict` when the node is in no state for it. */
export interface Scenarios {
  /** The VM vanishes; nobody is told. */
  killNode(name: string): void;
  /** The VM ends in order: its name is no longer registered, and nobody tells DNA, whose row stays. */
  stopNode(name: string): void;
  /** Stopped by a signal for so long, its clocks running on. */
  freezeNode(name: string, forMs: number): void;
  /** Suspended by the hypervisor for so long, its monotonic clock standing still. */
  suspendNode(name: string, forMs: number): void;
  pauseNode(name: string): void;
  resumeNode(name: string): void;
  /** A VM of that name starts again, its system time off by `wallSkewMs` (default 0): a new incarnation. */
  bringBack(name: string, wallSkewMs?: number): void;
  restartNode(name: string, wallSkewMs?: number): void;
  /** The cluster worker stands still while the VM works on. */
  hangWorker(name: string): void;
  /** No way to the database for so long. */
  cutDatabase(name: string, forMs: number): void;
  /** Its monotonic clock goes at another rate, for so long (default: for good). */
  slowClock(name: string, rate: number, forMs?: number): void;
  skewWall(name: string, skewMs: number): void;
  /**
   * Moves two healthy nodes' beats so that the observer twice looks just before the other beats: for about a tenth of a
   * second it holds it for dead. These actors of the other it is asked for just then.
   */
  alias(name: string, observer: string, asked?: readonly ActorOfNode[]): void;
  /** Every message to this actor crashes it on this node. */
  poison(name: string, type: ActorType, actorName: string): void;
  /** The same, with so many messages that far apart that its node gets. */
  poisonActor(name: string, actor: ActorOfNode, messages: { readonly times: number; readonly everyMs: number }): void;
  /** A second VM of the same BEAM name starts elsewhere, and beats beside the first. */
  twin(name: string): void;
  endTwin(name: string): void;
  /** Nodes of another cluster start on the same keyspace, and serve requests for its keys. */
  foreignCluster(keyspace: string, cluster: string, names: readonly string[]): void;
  /** Every VM of the cluster ends at once: their rows stay for ever. */
  stopCluster(keyspace: string, cluster: string): void;
  startCluster(keyspace: string, cluster: string): void;
  /** One node after the other is stopped in order and started again, the next after so long. */
  rollingRestart(keyspace: string, cluster: string, everyMs: number): void;
  /** Its backlog grows in its buffer while the mailbox stays empty. */
  hotActor(keyspace: string, cluster: string, actor: ActorOfNode, heat: HotActor): void;
  /** An instance stays inside a callback for so long: only now its mailbox grows. */
  blockActor(name: string, actor: ActorOfNode, forMs: number): void;
  stopDatabase(): void;
  startDatabase(): void;
}

export interface ActorOfNode {
  readonly type: ActorType;
  readonly name: string;
}

export interface ScenarioDeps {
  readonly seed: number;
  readonly queue: EventQueue;
  readonly database: Database;
  readonly trace: (event: TraceEvent) => void;
  readonly nodeOf: (name: string) => SimulatedNode;
  readonly vms: (keyspace: string) => readonly SimulatedNode[];
  readonly boot: (spec: { keyspace: string; cluster: string; name: string; wallSkewMs?: number }) => SimulatedNode;
  readonly bootTwin: (name: string) => SimulatedNode;
  readonly twinOf: (name: string) => SimulatedNode | null;
  readonly setTemper: (keyspace: string, key: SimulatedKey, temper: ActorTemper | null) => void;
}

export function createScenarios(deps: ScenarioDeps): Scenarios {
  const { queue, database, trace, nodeOf, boot } = deps;
  function inState(name: string, ...states: readonly string[]): SimulatedNode {
    const node = nodeOf(name);
    const state = node.vm.state();
    if (!states.includes(state)) throw new OpsError("conflict", `${name} is ${state}, not ${states.join(" or ")}`);
    return node;
  }
  const running = (name: string) => inState(name, "running");
  const alive = (name: string) => inState(name, "running", "paused", "frozen");
  const bringBack = (name: string, wallSkewMs = 0): void => {
    const { keyspace, cluster } = inState(name, "halted");
    boot({ keyspace, cluster, name, wallSkewMs });
  };
  const membersOf = (keyspace: string, cluster: string): readonly SimulatedNode[] =>
    deps.vms(keyspace).filter((node) => node.cluster === cluster);
  function keyIn(keyspace: string, { type, name }: ActorOfNode): SimulatedKey {
    const table = database.table(keyspace, type);
    if (table === null) throw new OpsError("not-found", "No such actor type in the demo");
    return simulatedKey(table, name);
  }
  const poison = (name: string, actor: ActorOfNode): void => {
    const node = running(name);
    node.registry.poison(keyIn(node.keyspace, actor));
  };

  return {
    killNode: (name) => alive(name).halt(),
    stopNode: (name) => running(name).stop(),
    freezeNode(name, forMs) {
      const { vm } = running(name);
      vm.pause();
      queue.after(forMs, () => vm.resume());
    },
    suspendNode(name, forMs) {
      const { vm } = running(name);
      vm.freeze();
      queue.after(forMs, () => vm.resume());
    },
    pauseNode: (name) => running(name).vm.pause(),
    resumeNode: (name) => inState(name, "paused", "frozen").vm.resume(),
    bringBack,
    restartNode(name, wallSkewMs) {
      alive(name).halt();
      bringBack(name, wallSkewMs);
    },
    hangWorker(name) {
      const node = running(name);
      node.worker().hang();
      trace({ kind: "hung", at: queue.now(), vm: node.vm.id });
    },
    cutDatabase(name, forMs) {
      const node = alive(name);
      node.cutOff(true);
      queue.after(forMs, () => node.cutOff(false));
    },
    slowClock(name, rate, forMs) {
      const { vm } = running(name);
      vm.setRate(rate);
      if (forMs !== undefined) queue.after(forMs, () => vm.setRate(1));
    },
    skewWall: (name, skewMs) => running(name).vm.setWallSkew(skewMs),
    alias(name, observer, asked = []) {
      const [owner, peer] = [running(name), running(observer)];
      owner.worker().nudge(0);
      queue.after(ALIAS_LOOK_MS, () => peer.worker().nudge(0));
      queue.after(ALIAS_AGAIN_MS, () => owner.worker().nudge(ALIAS_BEAT_MS - ALIAS_AGAIN_MS));
      const keys = asked.map((actor) => keyIn(peer.keyspace, actor));
      for (let at = ALIAS_ASK_FROM_MS; at < ALIAS_ASK_TO_MS; at += ALIAS_ASK_EVERY_MS)
        queue.after(at, () => {
          for (const key of keys) peer.vm.post(() => peer.execute(key));
        });
    },
    poison: (name, type, actorName) => poison(name, { type, name: actorName }),
    poisonActor(name, actor, { times, everyMs }) {
      poison(name, actor);
      const node = nodeOf(name);
      const key = keyIn(node.keyspace, actor);
      for (let each = 0; each < times; each += 1) {
        queue.after(each * everyMs, () => node.vm.post(() => node.execute(key)));
      }
    },
    twin(name) {
      running(name);
      deps.bootTwin(name);
    },
    endTwin(name) {
      const twin = deps.twinOf(name);
      if (twin === null) throw new OpsError("conflict", `There is no second ${name}`);
      twin.halt();
    },
    foreignCluster(keyspace, cluster, names) {
      if (membersOf(keyspace, cluster).some((node) => node.vm.state() !== "halted")) {
        throw new OpsError("conflict", `${cluster} runs on this keyspace already`);
      }
      for (const name of names) boot({ keyspace, cluster, name });
    },
    stopCluster(keyspace, cluster) {
      const members = membersOf(keyspace, cluster).filter((node) => node.vm.state() !== "halted");
      if (members.length === 0) throw new OpsError("conflict", `No node of ${cluster} runs`);
      for (const node of members) node.halt();
    },
    startCluster(keyspace, cluster) {
      const names = new Set(membersOf(keyspace, cluster).map((node) => node.name));
      const halted = [...names].filter((name) => nodeOf(name).vm.state() === "halted");
      if (halted.length === 0) throw new OpsError("conflict", `Every node of ${cluster} is there`);
      for (const name of halted) bringBack(name);
    },
    rollingRestart(keyspace, cluster, everyMs) {
      const members = membersOf(keyspace, cluster).filter((node) => node.vm.state() === "running");
      if (members.length === 0) throw new OpsError("conflict", `No node of ${cluster} runs`);
      for (const [index, node] of members.entries()) {
        queue.after(index * everyMs, () => {
          if (node.vm.state() !== "running") return;
          node.stop();
          queue.after(RESTART_GAP_MS, () => {
            if (nodeOf(node.name).vm.state() === "halted") bringBack(node.name);
          });
        });
      }
    },
    hotActor(keyspace, cluster, actor, heat) {
      const key = keyIn(keyspace, actor);
      heatUp({ ...deps, entries: () => membersOf(keyspace, cluster), keyspace, key, heat });
    },
    blockActor(name, actor, forMs) {
      const node = running(name);
      node.registry.block(keyIn(node.keyspace, actor), forMs);
    },
    stopDatabase() {
      database.down = true;
    },
    startDatabase() {
      database.down = false;
    },
  };
}

function heatUp(
  deps: ScenarioDeps & {
    readonly entries: () => readonly SimulatedNode[];
    readonly keyspace: string;
    readonly key: SimulatedKey;
    readonly heat: HotActor;
  },
): void {
  const { queue, keyspace, key, heat } = deps;
  const random: Random = streamOf(deps.seed, `hot/${keyspace}/${key.text}`);
  const startedAt = queue.now();
  const lot = Math.max(1, Math.round((heat.eventsPerSecond * LOT_MS) / MS_PER_S));
  const { onMs, offMs } = heat.waves ?? { onMs: 1, offMs: 0 };
  deps.setTemper(keyspace, key, { writeMs: heat.writeMs });

  function send(): void {
    const agoMs = queue.now() - startedAt;
    if (heat.forMs !== null && agoMs >= heat.forMs) {
      deps.setTemper(keyspace, key, null);
      return;
    }
    queue.after(LOT_MS, send);
    if (agoMs % (onMs + offMs) >= onMs) return;
    const entries = deps.entries().filter((node) => node.vm.state() === "running");
    const entry = entries[random.below(Math.max(1, entries.length))];
    if (entry !== undefined) entry.vm.post(() => entry.execute(key, undefined, lot));
  }
  send();
}
