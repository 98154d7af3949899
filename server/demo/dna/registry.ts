import type { Database, Link, SimulatedKey } from "./database.ts";
import { mix32, type Random } from "./random.ts";
import type { TraceEvent } from "./trace.ts";
import { askDatabase, type Vm } from "./vm.ts";

const PARTITIONS = 4;
/** Default intensity of an Elixir supervisor: more than 3 restarts within 5 s end it. */
const RESTARTS_MAX = 3;
const RESTART_WINDOW_MS = 5_000;
/** Events that an instance takes from its buffer at once. */
const BATCH_EVENTS = 100;

interface Instance {
  readonly key: SimulatedKey;
  buffered: number;
  /** A batch is being written: everything else waits in the buffer. */
  pending: boolean;
}

/** The running instances of one node, in its partitions. */
export interface Registry {
  has(key: SimulatedKey): boolean;
  size(): number;
  /** Events that wait in buffers. */
  backlog(): number;
  start(key: SimulatedKey): void;
  deliver(key: SimulatedKey): void;
  /** Every message to this key crashes its instance from now on. */
  poison(key: SimulatedKey): void;
  clear(): void;
}

export function createRegistry(options: {
  readonly vm: Vm;
  readonly database: Database;
  readonly link: Link;
  readonly random: Random;
  /** Part of the batches that write their storage. */
  readonly writes: number;
  readonly incarnation: () => string;
  readonly now: () => number;
  readonly trace: (event: TraceEvent) => void;
  /** More restarts of partitions than the cluster worker's supervisor bears. */
  readonly onCollapse: () => void;
}): Registry {
  const { vm, database, link, random, trace, now } = options;
  const instances = new Map<string, Instance>();
  const poisoned = new Set<string>();
  const crashes: number[][] = Array.from({ length: PARTITIONS }, () => []);
  let collapses: number[] = [];

  function start(key: SimulatedKey): Instance {
    const instance: Instance = { key, buffered: 0, pending: false };
    instances.set(key.text, instance);
    trace({ kind: "started", at: now(), vm: vm.name, incarnation: options.incarnation(), key: key.text });
    return instance;
  }

  function clear(): void {
    if (instances.size > 0) trace({ kind: "emptied", at: now(), vm: vm.name });
    instances.clear();
  }

  function work(instance: Instance): void {
    while (!instance.pending && instance.buffered > 0) {
      instance.buffered -= Math.min(instance.buffered, BATCH_EVENTS);
      instance.pending = random.chance(options.writes);
      if (instance.pending) write(instance);
    }
  }

  function write(instance: Instance): void {
    askDatabase<null>(
      vm,
      (done) => database.request(link, () => null, done),
      (answer) => {
        if (instances.get(instance.key.text) !== instance) return;
        instance.pending = false;
        if (answer.ok) work(instance);
        else crash(instance);
      },
    );
  }

  /** The supervisor starts it anew, with an empty buffer, until it happens too often. */
  function crash(instance: Instance): void {
    trace({ kind: "ended", at: now(), vm: vm.name, key: instance.key.text });
    instances.delete(instance.key.text);
    const recent = crashes[partitionOf(instance.key)] ?? [];
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
    has: (key) => instances.has(key.text),
    size: () => instances.size,
    backlog: () => [...instances.values()].reduce((sum, instance) => sum + instance.buffered, 0),
    start,
    deliver(key) {
      const instance = instances.get(key.text) ?? start(key);
      trace({ kind: "delivered", at: now(), vm: vm.name, incarnation: options.incarnation(), key: key.text });
      if (poisoned.has(key.text)) {
        crash(instance);
        return;
      }
      instance.buffered += 1;
      work(instance);
    },
    poison: (key) => poisoned.add(key.text),
    clear,
  };
}

const partitionOf = (key: SimulatedKey): number =>
  mix32(key.text.length + key.text.charCodeAt(key.text.length - 1)) % PARTITIONS;
