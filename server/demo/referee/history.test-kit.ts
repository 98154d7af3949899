/** Plays one history: a small cluster, what befalls it, a console that reads and judges, an operator that releases. */
import { dnaStream, type EventDraft, type JournalEvent } from "#server/contract/event.ts";
import { type DnaFold, EMPTY_DNA, reduceDna } from "#server/contract/fold/dna.ts";
import { changeOwner, type SimulatedKey, simulatedKey } from "#server/demo/dna/database.ts";
import type { SimulatedNode } from "#server/demo/dna/node.ts";
import { type Random, streamOf } from "#server/demo/dna/random.ts";
import { createSimulation, type Simulation } from "#server/demo/dna/simulation.ts";
import { type Incarnation, type IncarnationId, toIncarnationId } from "#server/dna/domain/identity.ts";
import { judgeIncarnation } from "#server/dna/incarnation-liveness.ts";
import type { NodeRow } from "#server/dna/ports.ts";
import { watchChanges } from "#server/dna/reader-changes.ts";
import { breakStale, emptyClusterWatch, observeNodes, type SourceWatch } from "#server/dna/source-watch.ts";
import { epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { createReferee, type Referee } from "./referee.ts";

export const NODE_NAMES = ["dna@a", "dna@b", "dna@c"] as const;
const START = epochMs(1_795_300_000_000);
const CLUSTER = "prod";
const KEYSPACE = "dna";
const KEYS = 30;
const READ_PERIOD_MS = 2_000;
const REQUEST_EVERY_MS = 900;
const RELEASE_ROUND_MS = 2_000;

export const MISHAPS = [
  "kill",
  "pause",
  "suspend",
  "restart",
  "hang",
  "cut",
  "slow",
  "fast-wall",
  "slow-wall",
  "alias",
  "bring-back",
  "no-reads",
  "late-loop",
  "no-journal",
] as const;

export interface Mishap {
  readonly kind: (typeof MISHAPS)[number];
  readonly atMs: number;
  readonly forMs: number;
  readonly node: number;
}

export interface History {
  readonly seed: number;
  readonly mishaps: readonly Mishap[];
  readonly lengthMs: number;
  /** `patient` releases whatever may be released; `impatient` whatever is silent or gone, without the wait. */
  readonly operator: "none" | "patient" | "impatient";
  /** A console that counts silence over gaps in its reads: the referee must notice. */
  readonly ignoresGaps?: boolean;
  /** Messages instead of the random ones, to force a meeting; given the keys that each node owns at the start. */
  readonly requests?: (owned: readonly (readonly number[])[]) => readonly ForcedRequest[];
}

export interface ForcedRequest {
  readonly atMs: number;
  /** Where it arrives. */
  readonly node: number;
  readonly key: number;
}

export interface Outcome {
  /** Where fold and referee differed for longer than one read. */
  readonly lies: readonly string[];
  /** Releases that the referee would not have allowed. */
  readonly unfounded: readonly string[];
  readonly released: number;
  readonly referee: Referee;
  readonly simulation: Simulation;
}

export function playHistory(history: History): Outcome {
  const world = createWorld(history.seed);
  const { simulation, referee } = world;
  const reads = createReads(world, history);
  const operator = createOperator(world, history, reads);
  for (const mishap of history.mishaps) simulation.queue.after(mishap.atMs, () => befall(simulation, mishap));
  if (history.requests === undefined) world.startRequests();
  for (const forced of history.requests?.(world.ownedAtStart()) ?? []) world.requestAt(forced);
  for (let at = 0; at <= history.lengthMs; at += READ_PERIOD_MS) {
    simulation.runUntil(at);
    reads.round();
    operator.round();
  }
  const { lies } = reads;
  return { lies, unfounded: operator.unfounded, released: operator.released(), referee, simulation };
}

function createWorld(seed: number) {
  const simulation = createSimulation({ seed, startEpoch: START });
  const referee = createReferee();
  simulation.onTrace(referee.watch);
  simulation.addKeyspace(KEYSPACE);
  for (const name of NODE_NAMES)
    simulation.addNode({ keyspace: KEYSPACE, cluster: CLUSTER, name, uptimeMs: 3_600_000 });
  const type = { namespace: "n", moduleId: 0 };
  const baseOwners = simulation.nodes().map((node) => node.worker().incarnation);
  const table = simulation.addActorType(KEYSPACE, {
    ...type,
    prefix: "k",
    count: KEYS,
    baseOwners,
    claimedWithinMs: 1,
  });
  simulation.warmUp(KEYSPACE, type, KEYS);
  const keys = Array.from({ length: KEYS }, (_, index) => simulatedKey(table, table.nameAt(index)));
  const random = streamOf(seed, "requests");
  const hung = new Set<string>();
  simulation.onTrace((event) => {
    if (event.kind === "hung") hung.add(event.vm);
    else if (event.kind === "vm" && event.state !== "running") hung.delete(event.vm);
  });
  function request(): void {
    simulation.queue.after(random.exponential(REQUEST_EVERY_MS), request);
    const node = simulation.nodes()[random.below(NODE_NAMES.length)];
    const key = keys[Math.floor(KEYS * random.next() ** 3)];
    if (node === undefined || key === undefined || node.vm.state() === "halted") return;
    const wanted = hung.has(node.name) ? ownKey(node, keys, random) : key;
    node.vm.post(() => node.execute(wanted));
  }
  function requestAt({ atMs, node, key }: ForcedRequest): void {
    simulation.queue.after(atMs, () => {
      const entry = simulation.nodes()[node];
      const wanted = keys[key];
      if (entry !== undefined && wanted !== undefined) entry.vm.post(() => entry.execute(wanted));
    });
  }
  const ownedAtStart = (): readonly (readonly number[])[] =>
    simulation.nodes().map((node) => keys.flatMap((key, index) => (node.registry.has(key) ? index : [])));
  return { simulation, referee, keys, random, startRequests: request, requestAt, ownedAtStart };
}
type World = ReturnType<typeof createWorld>;

/** A node whose worker hangs lives on only while it is asked for its own keys: any other would make it halt. */
function ownKey(node: SimulatedNode, keys: readonly SimulatedKey[], random: Random): SimulatedKey {
  const own = keys.filter((key) => node.registry.has(key));
  const chosen = own[random.below(own.length)] ?? keys[0];
  if (chosen === undefined) throw new RangeError("a world without keys");
  return chosen;
}

function befall(simulation: Simulation, { kind, forMs, node }: Mishap): void {
  const { scenarios, queue } = simulation;
  const name = NODE_NAMES[node % NODE_NAMES.length] ?? NODE_NAMES[0];
  const other = NODE_NAMES[(node + 1) % NODE_NAMES.length] ?? NODE_NAMES[0];
  const state = simulation.node(name).vm.state();
  if (kind === "bring-back" && state === "halted") scenarios.bringBack(name);
  if (state !== "running") return;
  switch (kind) {
    case "kill":
      scenarios.killNode(name);
      break;
    case "pause":
      scenarios.freezeNode(name, forMs);
      break;
    case "suspend":
      scenarios.suspendNode(name, forMs);
      break;
    case "restart":
      scenarios.restartNode(name);
      break;
    case "hang":
      scenarios.hangWorker(name);
      break;
    case "cut":
      scenarios.cutDatabase(name, forMs);
      break;
    case "slow":
      scenarios.slowClock(name, 0.5);
      queue.after(forMs, () => simulation.node(name).vm.setRate(1));
      break;
    case "fast-wall":
      scenarios.restartNode(name, 15_000);
      break;
    case "slow-wall":
      scenarios.restartNode(name, -15_000);
      break;
    case "alias":
      if (simulation.node(other).vm.state() === "running") scenarios.alias(name, other);
      break;
    case "bring-back":
    case "no-reads":
    case "late-loop":
    case "no-journal":
      break;
    default:
      kind satisfies never;
  }
}

/** The console's side: the same pure functions as the reader's, driven by hand. */
function createReads({ simulation, referee }: World, history: History) {
  const { database, queue } = simulation;
  const lies: string[] = [];
  let watch: SourceWatch = new Map([[CLUSTER, emptyClusterWatch(CLUSTER)]]);
  let fold: DnaFold = EMPTY_DNA;
  let seq = 0;
  const during = (kind: Mishap["kind"]): boolean =>
    history.mishaps.some(
      (each) => each.kind === kind && queue.now() >= each.atMs && queue.now() < each.atMs + each.forMs,
    );

  function read(): void {
    const at = monotonicMs(queue.now());
    const [coordinator] = database.coordinators;
    if (coordinator === undefined || during("no-reads")) return;
    const nowMs = database.clockOf(coordinator);
    const rows = database.nodes(KEYSPACE, CLUSTER).map((row): NodeRow => {
      const writeAgeMs = Math.max(0, Math.floor(nowMs) - Math.floor(row.writtenUs / 1_000));
      const { incarnation, node, heartbeat } = row;
      return { incarnation, node: node ?? "", heartbeat: heartbeat ?? 0n, load: null, draining: false, writeAgeMs };
    });
    const loopLateMs = during("late-loop") ? 1_500 : 0;
    referee.read(at, loopLateMs);
    const known = watch.get(CLUSTER) ?? emptyClusterWatch(CLUSTER);
    const blind = history.ignoresGaps === true && known.sightings.lastReadAt !== null;
    const before = blind ? { ...known, sightings: { ...known.sightings, lastReadAt: at } } : known;
    watch = new Map([[CLUSTER, observeNodes(before, { startedAt: at, endedAt: at, rows, loopLateMs })]]);
  }

  function record(drafts: readonly EventDraft[]): void {
    for (const draft of drafts) {
      seq += 1;
      const numbered = { id: String(seq), seq: String(seq), stream: dnaStream("s"), observedAt: epochMs(queue.now()) };
      const rest = { synthetic: false, causedBy: null, actor: null };
      fold = reduceDna(fold, { ...rest, ...draft, ...numbered } as JournalEvent);
    }
  }

  return {
    lies,
    round() {
      const at = queue.now();
      if (history.ignoresGaps !== true) watch = breakStale(watch, monotonicMs(at));
      read();
      if (during("no-journal")) return;
      record(watchChanges(fold, watch, epochMs(START + at)));
      for (const [id, expected] of referee.expected(at)) {
        const told = fold.nodes[id]?.state ?? "nothing";
        if (told !== expected) lies.push(`at ${at}: ${id} is ${expected}, told ${told}`);
      }
    },
    judge: (id: IncarnationId) =>
      judgeIncarnation(id, {
        watch,
        discovery: null,
        now: monotonicMs(queue.now()),
        loop: { maxLateSince: () => 0 },
      }),
    known: () => Object.keys(fold.nodes),
  };
}
type Reads = ReturnType<typeof createReads>;

/** Releases all keys of whatever the console calls releasable, each within 2 s of a judgement of its own. */
function createOperator({ simulation, referee, keys, random }: World, history: History, reads: Reads) {
  const unfounded: string[] = [];
  let released = 0;

  function mayRelease(id: IncarnationId): boolean {
    const { state, releasable } = reads.judge(id);
    return history.operator === "impatient" ? state === "silent" || state === "gone" : releasable.releasable;
  }

  /** Conditional on the owner that was judged: whoever took the key over meanwhile keeps it. */
  function release(owner: Incarnation, key: SimulatedKey): void {
    if (!mayRelease(toIncarnationId(owner))) return;
    const change = { from: owner, to: null, claimedAt: 0 };
    const { applied } = changeOwner(key, change, simulation.trace, simulation.queue.now(), "release");
    if (applied) released += 1;
  }

  return {
    unfounded,
    released: () => released,
    round() {
      for (const id of reads.known()) {
        if (!mayRelease(id)) continue;
        if (!referee.mayRelease(id, simulation.queue.now())) unfounded.push(`${id} at ${simulation.queue.now()}`);
        if (history.operator === "none") continue;
        for (const key of keys) {
          const owner = key.table.get(key.name)?.owner ?? null;
          if (owner === null || toIncarnationId(owner) !== id) continue;
          simulation.queue.after(random.between(0, RELEASE_ROUND_MS), () => release(owner, key));
        }
      }
    },
  };
}
