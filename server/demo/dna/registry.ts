import type { Answer, Database, Link, SimulatedKey } from "./database.ts";
import { mix32, type Random } from "./random.ts";
import type { TraceEvent } from "./trace.ts";
import { askDatabase, type Vm } from "./vm.ts";

/** Default intensity of an Elixir supervisor: more than 3 restarts within 5 s end it. */
const RESTARTS_MAX = 3;
const RESTART_WINDOW_MS = 5_000;
/** Events that an instance takes from its buffer at once. */
const BATCH_EVENTS = 100;
const REDUCTIONS_PER_EVENT = 900;
const FIRST_PROCESS = 400;

/** One running instance of a key. Its fields move on with the simulation. */
export interface RunningInstance {
  readonly key: SimulatedKey;
  readonly partition: number;
  /** Good for one life of the process, e.g. `<0.312.0>`. */
  readonly ref: string;
  readonly startedAt: number;
  /** Accepted events that wait in its state. */
  readonly buffered: number;
  /** Messages that wait for a callback to end. */
  readonly mailbox: number;
  /** A batch is being written: everything else waits in the buffer. */
  readonly pending: boolean;
  /** It is inside a callback until then. */
  readonly busyUntil: number;
  readonly reductions: number;
  /** What its application holds in memory, as far as it was told to. */
  readonly heldBytes: number;
}

type Instance = { -readonly [Field in keyof RunningInstance]: RunningInstance[Field] };

export type InstancePhase = "idle" | "pending_storage";

/** How an actor differs from the others, wherever it runs. */
export interface ActorTemper {
  /** Each of its batches writes its storage, which takes so long. */
  readonly writeMs: number;
}

/** The running instances of one node, in its partitions. */
export interface Registry {
  /** Number of partitions: the schedulers that were online at boot. */
  readonly partitions: number;
  /** Its tree is being started again: no partition is there. */
  isDown(): boolean;
  partitionOf(key: SimulatedKey): number;
  has(key: SimulatedKey): boolean;
  find(key: SimulatedKey): RunningInstance | null;
  size(): number;
  /** Instances of one partition. */
  running(partition: number): number;
  list(partition: number): Iterable<RunningInstance>;
  phaseOf(instance: RunningInstance): InstancePhase;
  /** Events that wait in buffers. */
  backlog(): number;
  start(key: SimulatedKey): void;
  /** Messages for the key; its instance is started when it does not run. */
  deliver(key: SimulatedKey, events?: number): void;
  /** Ends it for good: what it had accepted and not handled is lost. */
  terminate(instance: RunningInstance): void;
  /** Its process ends; the supervisor starts it anew. */
  crash(key: SimulatedKey): void;
  /** Its state holds so many bytes from now on. */
  grow(key: SimulatedKey, bytes: number): void;
  /** Events whose write has landed, of a key that has a temper. */
  written(key: SimulatedKey): number;
  /** It stays inside a callback for so long. */
  block(key: SimulatedKey, forMs: number): void;
  /** Every message to this key crashes its instance from now on. */
  poison(key: SimulatedKey): void;
  /** Ends everything; `isDown` until the next call of `restored`. */
  clear(): void;
  restored(): void;
}

export interface RegistryOptions {
  readonly vm: Vm;
  readonly database: Database;
  readonly partitions: number;
  /** The key's own way to the database, so that one key's draws shift no other's. */
  readonly linkOf: (key: SimulatedKey) => Link;
  readonly randomOf: (key: SimulatedKey) => Random;
  /** Part of the batches that write their storage. */
  readonly writes: number;
  readonly temperOf: (key: SimulatedKey) => ActorTemper | null;
  readonly incarnation: () => string;
  readonly now: () => number;
  readonly trace: (event: TraceEvent) => void;
  /** More restarts of partitions than the cluster worker's supervisor bears. */
  readonly onCollapse: () => void;
}

/** Events that were accepted and would be lost with the instance. */
const waitingIn = ({ buffered, mailbox }: RunningInstance): number => buffered + mailbox;

export function createRegistry(options: RegistryOptions): Registry {
  const { vm, database, trace, now, partitions } = options;
  const instances = new Map<string, Instance>();
  const byPartition = Array.from({ length: partitions }, () => new Set<Instance>());
  const poisoned = new Set<string>();
  const writtenOf = new Map<string, number>();
  const crashes: number[][] = Array.from({ length: partitions }, () => []);
  let collapses: number[] = [];
  let down = false;
  let processes = FIRST_PROCESS;

  const partitionOf = (key: SimulatedKey): number => hashOf(key.text) % partitions;

  function start(key: SimulatedKey): Instance {
    const partition = partitionOf(key);
    processes += 1;
    const instance: Instance = {
      ...{ key, partition, ref: `<0.${processes}.0>`, startedAt: now() },
      ...{ buffered: 0, mailbox: 0, pending: false, busyUntil: 0, reductions: 0, heldBytes: 0 },
    };
    remove(key.text);
    instances.set(key.text, instance);
    byPartition[partition]?.add(instance);
    trace({ kind: "started", at: now(), vm: vm.id, incarnation: options.incarnation(), key: key.text });
    return instance;
  }

  function remove(text: string): void {
    const known = instances.get(text);
    if (known === undefined) return;
    instances.delete(text);
    byPartition[known.partition]?.delete(known);
  }

  function end(instance: Instance, cause: "crash" | "stop"): void {
    remove(instance.key.text);
    trace({ kind: "ended", at: now(), vm: vm.id, key: instance.key.text, lost: waitingIn(instance), cause });
  }

  function clear(): void {
    let lost = 0;
    for (const instance of instances.values()) lost += waitingIn(instance);
    if (instances.size > 0) trace({ kind: "emptied", at: now(), vm: vm.id, lost });
    instances.clear();
    for (const partition of byPartition) partition.clear();
  }

  const runs = (instance: Instance): boolean => instances.get(instance.key.text) === instance;

  function work(instance: Instance): void {
    if (instance.busyUntil > now()) return;
    while (!instance.pending && instance.buffered > 0) {
      const batch = Math.min(instance.buffered, BATCH_EVENTS);
      instance.buffered -= batch;
      instance.reductions += batch * REDUCTIONS_PER_EVENT;
      const temper = options.temperOf(instance.key);
      instance.pending =
        temper !== null || (options.writes > 0 && options.randomOf(instance.key).chance(options.writes));
      if (instance.pending) write(instance, batch, temper);
    }
  }

  function write(instance: Instance, batch: number, temper: ActorTemper | null): void {
    const written = (answer: Answer<null>): void => {
      if (!runs(instance)) return;
      instance.pending = false;
      if (answer.ok && temper !== null)
        writtenOf.set(instance.key.text, batch + (writtenOf.get(instance.key.text) ?? 0));
      if (answer.ok) work(instance);
      else crash(instance);
    };
    askDatabase<null>(
      vm,
      (done) => database.request(options.linkOf(instance.key), () => null, done),
      (answer) => {
        if (temper === null) written(answer);
        else vm.after(temper.writeMs, () => written(answer));
      },
    );
  }

  /** The supervisor starts it anew, with an empty buffer, until it happens too often. */
  function crash(instance: Instance): void {
    end(instance, "crash");
    const recent = crashes[instance.partition] ?? [];
    recent.push(now());
    while ((recent[0] ?? now()) < now() - RESTART_WINDOW_MS) recent.shift();
    if (recent.length <= RESTARTS_MAX) start(instance.key);
    else collapse();
  }

  /** One supervisor gives up: every partition of the node starts anew, and empty. */
  function collapse(): void {
    for (const recent of crashes) recent.length = 0;
    clear();
    collapses = [...collapses.filter((at) => at >= now() - RESTART_WINDOW_MS), now()];
    if (collapses.length <= RESTARTS_MAX) return;
    collapses = [];
    options.onCollapse();
  }

  return {
    partitions,
    isDown: () => down,
    partitionOf,
    has: (key) => instances.has(key.text),
    find: (key) => instances.get(key.text) ?? null,
    size: () => instances.size,
    running: (partition) => byPartition[partition]?.size ?? 0,
    list: (partition) => byPartition[partition] ?? [],
    phaseOf: ({ pending }) => (pending ? "pending_storage" : "idle"),
    backlog: () => [...instances.values()].reduce((sum, instance) => sum + instance.buffered, 0),
    start,
    deliver(key, events = 1) {
      const instance = instances.get(key.text) ?? start(key);
      trace({ kind: "delivered", at: now(), vm: vm.id, incarnation: options.incarnation(), key: key.text });
      if (poisoned.has(key.text)) {
        crash(instance);
        return;
      }
      if (instance.busyUntil > now()) {
        instance.mailbox += events;
        return;
      }
      instance.buffered += events;
      work(instance);
    },
    terminate(instance) {
      const known = instances.get(instance.key.text);
      if (known !== undefined && known.ref === instance.ref) end(known, "stop");
    },
    crash(key) {
      const instance = instances.get(key.text);
      if (instance !== undefined) crash(instance);
    },
    grow(key, bytes) {
      const instance = instances.get(key.text);
      if (instance !== undefined) instance.heldBytes = bytes;
    },
    written: (key) => writtenOf.get(key.text) ?? 0,
    block(key, forMs) {
      const instance = instances.get(key.text) ?? start(key);
      instance.busyUntil = now() + forMs;
      vm.after(forMs, () => {
        if (!runs(instance)) return;
        instance.buffered += instance.mailbox;
        instance.mailbox = 0;
        instance.busyUntil = 0;
        work(instance);
      });
    },
    poison: (key) => poisoned.add(key.text),
    clear() {
      clear();
      down = true;
    },
    restored() {
      down = false;
    },
  };
}

/** Spreads keys over partitions; DNA hashes otherwise, and nobody outside a node may rely on how. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return mix32(hash);
}
