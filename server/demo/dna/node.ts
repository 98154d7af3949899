/** One VM running DNA: its cluster worker, its cache of owners, its instances, and the way of a request through it. */
import { type Incarnation, sameIncarnation } from "#server/dna/domain/identity.ts";
import { type ClusterWorker, createClusterWorker } from "./cluster-worker.ts";
import { changeOwner, type Database, type Link, type SimulatedKey } from "./database.ts";
import type { EventQueue } from "./event-queue.ts";
import { createOwnerCache, type OwnerCache } from "./owner-cache.ts";
import { streamOf } from "./random.ts";
import { type ActorTemper, createRegistry, type Registry } from "./registry.ts";
import type { TraceEvent } from "./trace.ts";
import { askDatabase, createVm, type Vm } from "./vm.ts";

/** Tries of one request (server.ex `execute`, default). */
const TRIES = 10;
const RETRY_STEP_MS = 100;
/** The application starts again this long after a crash of its tree. */
const RESTART_MS = 300;
const ERPC_MS = 2;
/** What `init:stop` takes. */
const STOP_MS = 900;
const LATENCY_MS: Link["latencyMs"] = [2, 12];

export interface SimulatedNode {
  readonly name: string;
  readonly keyspace: string;
  readonly cluster: string;
  readonly vm: Vm;
  readonly registry: Registry;
  worker(): ClusterWorker;
  /** What its cache says of a key, and for how long. */
  cachedOwner(key: SimulatedKey): ReturnType<OwnerCache["peek"]>;
  /** Puts an owner into its cache, as a look-up would. */
  rememberOwner(key: SimulatedKey, owner: Incarnation, ttlMs: number): void;
  clearOwnerCache(): void;
  /** A message for the key arrives here, or several on one way. */
  execute(key: SimulatedKey, tries?: number, events?: number): void;
  /** No way to the database, or a way again. */
  cutOff(isCut: boolean): void;
  /** Ends at once. */
  halt(): void;
  /** Ends in order, about a second later: the application first, then the VM. */
  stop(): void;
}

export interface NodeOptions {
  readonly name: string;
  /** Which VM it is, where two have one name. */
  readonly id: string;
  /** Schedulers online at boot: the number of its partitions. */
  readonly schedulers: number;
  readonly keyspace: string;
  readonly cluster: string;
  readonly queue: EventQueue;
  readonly database: Database;
  readonly seed: number;
  /** How many lives this name had: each draws from streams of its own. */
  readonly life: number;
  readonly startEpoch: Parameters<typeof createVm>[0]["startEpoch"];
  /** How far its system time is ahead of true time, in ms. */
  readonly wallSkewMs: number;
  readonly since?: { readonly uptimeMs: number; readonly refreshedAgoMs: number };
  /** How the database answers conditional statements: it decides what DNA makes of a claim that it won. */
  readonly answers: "scylla" | "cassandra";
  readonly storageWrites: number;
  readonly temperOf: (key: SimulatedKey) => ActorTemper | null;
  readonly nodeOf: (name: string) => SimulatedNode | null;
  readonly trace: (event: TraceEvent) => void;
}

export function createSimulatedNode(options: NodeOptions): SimulatedNode {
  const { name, keyspace, cluster, queue, database, seed, life, startEpoch, since, trace } = options;
  const stream = (part: string) => streamOf(seed, `${keyspace}/${options.id}/${life}/${part}`);
  const boot = stream("boot");
  const uptimeMs = since?.uptimeMs ?? boot.between(2_000, 6_000);
  const vm = createVm({
    name,
    id: options.id,
    queue,
    random: stream("vm"),
    startEpoch,
    uptimeMs,
    wallSkewMs: options.wallSkewMs,
    trace,
  });
  let cut = false;
  let ending = false;
  let restarts = 0;
  const links = new Map<string, Link>();
  /** Each key draws for itself, so that what is done to one shifts nothing of another. */
  function linkOf(key: SimulatedKey): Link {
    const known = links.get(key.text);
    if (known !== undefined) return known;
    const link: Link = {
      random: stream(key.text),
      get cut() {
        return cut;
      },
      latencyMs: LATENCY_MS,
    };
    links.set(key.text, link);
    return link;
  }
  const workerLink: Link = {
    random: stream("worker-link"),
    get cut() {
      return cut;
    },
    latencyMs: [5, 60],
  };
  const cache = createOwnerCache(vm);
  const registry = createRegistry({
    vm,
    database,
    partitions: options.schedulers,
    linkOf,
    randomOf: (key) => linkOf(key).random,
    writes: options.storageWrites,
    temperOf: options.temperOf,
    incarnation: () => worker.id,
    now: queue.now,
    trace,
    onCollapse: () => restart(),
  });
  let worker = firstWorker();

  function firstWorker(): ClusterWorker {
    const common = { vm, database, link: workerLink, random: stream("worker"), keyspace, cluster, onCrash };
    return createClusterWorker(since === undefined ? common : { ...common, since });
  }

  /** A failed call ends the tree; started again it needs the database at once, and without it the VM ends. */
  function onCrash(): void {
    if (cut || database.down) halt();
    else restart();
  }

  function restart(): void {
    worker.stop();
    registry.clear();
    cache.clear();
    vm.after(RESTART_MS, () => {
      restarts += 1;
      const random = stream(`worker-${restarts}`);
      worker = createClusterWorker({ vm, database, link: workerLink, random, keyspace, cluster, onCrash });
      registry.restored();
    });
  }

  function halt(): void {
    worker.stop();
    vm.halt();
    registry.clear();
  }

  const raise = (reason: string): void => trace({ kind: "raised", at: queue.now(), vm: vm.id, reason });

  function attempt(key: SimulatedKey, tries: number, events: number): void {
    if (ending) {
      raise("the application is stopping");
      return;
    }
    const cached = cache.get(key.text);
    if (tries === 0) raise("max_retries");
    else if (cached !== null) resolve(key, cached, tries - 1, events);
    else lookUp(key, tries - 1, events);
  }

  function lookUp(key: SimulatedKey, tries: number, events: number): void {
    askDatabase<Incarnation | null>(
      vm,
      (done) => database.request(linkOf(key), () => key.table.get(key.name)?.owner ?? null, done),
      (answer) => {
        if (!answer.ok) raise(answer.reason);
        else if (answer.value === null) claim(key, null, tries, events);
        else {
          cache.put(key.text, answer.value);
          resolve(key, answer.value, tries, events);
        }
      },
    );
  }

  function resolve(key: SimulatedKey, owner: Incarnation, tries: number, events: number): void {
    if (sameIncarnation(owner, worker.incarnation)) {
      registry.deliver(key, events);
      return;
    }
    const verdict = worker.judge(owner);
    switch (verdict) {
      case "self-stale":
        halt();
        break;
      case "unknown":
        raise("no verdict on the owner");
        break;
      case "dead":
        cache.drop(key.text);
        claim(key, owner, tries, events);
        break;
      case "alive":
        forward(key, owner, tries, events);
        break;
      default:
        verdict satisfies never;
    }
  }

  function forward(key: SimulatedKey, owner: Incarnation, tries: number, events: number): void {
    const target = worker.nameOf(owner);
    const peer = target === null ? null : options.nodeOf(target);
    if (target === name) vm.after((TRIES - tries) * RETRY_STEP_MS, () => attempt(key, tries, events));
    else if (peer === null || peer.vm.state() === "halted") raise("the owner's node cannot be reached");
    else queue.after(ERPC_MS, () => peer.vm.post(() => peer.execute(key, tries, events)));
  }

  /** By a conditional insert, or replacing a dead owner. */
  function claim(key: SimulatedKey, from: Incarnation | null, tries: number, events: number): void {
    const change = { from, to: worker.incarnation, claimedAt: vm.wall() };
    const by = from === null ? "insert" : "replace";
    askDatabase<boolean>(
      vm,
      (done) =>
        database.serial(
          linkOf(key),
          keyspace,
          key.table.spec,
          () => changeOwner(key, change, trace, queue.now(), by).applied,
          done,
        ),
      (answer) => {
        if (!answer.ok) raise(answer.reason);
        // ScyllaDB answers with the old row's columns too, so a claim that was won looks lost and is read back.
        else if (!answer.value || options.answers === "scylla") attempt(key, tries, events);
        else {
          registry.start(key);
          raise("the claim's answer has no clause in the caller");
        }
      },
    );
  }

  return {
    name,
    keyspace,
    cluster,
    vm,
    registry,
    worker: () => worker,
    execute: (key, tries = TRIES, events = 1) => attempt(key, tries, events),
    cachedOwner: (key) => cache.peek(key.text),
    rememberOwner: (key, owner, ttlMs) => cache.put(key.text, owner, ttlMs),
    clearOwnerCache: () => cache.clear(),
    cutOff(isCut) {
      cut = isCut;
    },
    halt,
    stop() {
      if (ending) return;
      ending = true;
      worker.stop();
      registry.clear();
      vm.after(STOP_MS, halt);
    },
  };
}
