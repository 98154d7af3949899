/** Plays one history: a small cluster, what befalls it, a console that reads and judges, an operator that acts. */
import { type SimulatedKey, simulatedKey } from "#server/demo/dna/database.ts";
import type { SimulatedNode } from "#server/demo/dna/node.ts";
import { streamOf } from "#server/demo/dna/random.ts";
import { createSimulation, type Simulation } from "#server/demo/dna/simulation.ts";
import type { TraceListener } from "#server/demo/dna/trace.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createPlayedConsole, livesNow, type PlayedConsole } from "./console.test-kit.ts";
import { createPlayedDoubles } from "./doubles.test-kit.ts";
import { befall, CLUSTER, KEYSPACE, type Mishap, NODE_NAMES } from "./mishaps.test-kit.ts";
import { createPlayedOperator, type OperatorOptions, type PlayedOperator } from "./operator.test-kit.ts";
import { createReferee, type Referee } from "./referee.ts";
import { createVirtualTime } from "./virtual-time.test-kit.ts";

const START = epochMs(1_795_300_000_000);
const KEYS = 30;
const READ_PERIOD_MS = 2_000;
const REQUEST_EVERY_MS = 900;

export interface History {
  readonly seed: number;
  readonly mishaps: readonly Mishap[];
  readonly lengthMs: number;
  /** Access to the nodes. */
  readonly beam: boolean;
  /** With access to them, their registries are walked even while nothing is doubled; else only then, which saves time. */
  readonly walksAlways?: boolean;
  /** A console that never walks them: the referee must notice. */
  readonly walksNever?: boolean;
  readonly operator: OperatorOptions;
  /** A console that counts silence over gaps in its reads: the referee must notice. */
  readonly ignoresGaps?: boolean;
  /** A console that holds for dead what does not answer: the referee must notice. */
  readonly trustsSilence?: boolean;
  /** Messages instead of the random ones, to force a meeting; given the keys that each node owns at the start. */
  readonly requests?: (owned: readonly (readonly number[])[]) => readonly ForcedRequest[];
}

export interface ForcedRequest {
  readonly atMs: number;
  /** Where it arrives; 3 is the second VM of a name. */
  readonly node: number;
  readonly key: number;
}

export interface Outcome {
  /** Where fold and referee differed for longer than one read. */
  readonly lies: readonly string[];
  /** What was held for releasable, or proven dead, without ground. */
  readonly unfounded: readonly string[];
  /** The same of nodes whose name another VM bears: nobody can tell them apart by their address. */
  readonly unfoundedByName: number;
  /** Doubled keys that were told too late, or are none. */
  readonly misreported: readonly string[];
  /** Doubled keys that were told. */
  readonly reported: number;
  readonly operator: PlayedOperator["done"];
  readonly referee: Referee;
  readonly simulation: Simulation;
}

/** @param listen told of everything that truly happens */
export async function playHistory(history: History, listen?: TraceListener): Promise<Outcome> {
  const world = createWorld(history.seed);
  const { simulation, referee, keys } = world;
  if (listen !== undefined) simulation.onTrace(listen);
  const time = createVirtualTime(simulation);
  const shown = createPlayedConsole(simulation, referee, {
    beam: history.beam,
    ignoresGaps: history.ignoresGaps ?? false,
    trustsSilence: history.trustsSilence ?? false,
    during: (kind) => during(history, kind, simulation.queue.now()),
  });
  const operator = createPlayedOperator({ simulation, keys, time }, shown, history.operator);
  const judge = createJudge(simulation, referee, shown, history);
  const doubles = createPlayedDoubles({ simulation, referee, keys, time }, shown, {
    walks: !history.beam || history.walksNever === true ? "never" : history.walksAlways === true ? "always" : "doubled",
    isAway: () => during(history, "no-journal", simulation.queue.now()),
  });
  for (const mishap of history.mishaps) simulation.queue.after(mishap.atMs, () => befall(simulation, keys, mishap));
  if (history.requests === undefined) world.startRequests();
  for (const forced of history.requests?.(world.ownedAtStart()) ?? []) world.requestAt(forced);
  for (let at = 0; at <= history.lengthMs; at += READ_PERIOD_MS) {
    await time.advanceTo(at);
    shown.round();
    judge.round();
    if (history.beam) doubles.round();
    operator.round();
    await time.settle();
  }
  return { ...judge.found(), ...doubles.found(), operator: operator.done, referee, simulation };
}

function during({ mishaps }: History, kind: Mishap["kind"], at: number): boolean {
  return mishaps.some((each) => each.kind === kind && at >= each.atMs && at < each.atMs + each.forMs);
}

/** Compares what the console tells with what the referee knows. */
function createJudge(simulation: Simulation, referee: Referee, shown: PlayedConsole, history: History) {
  const lies: string[] = [];
  const unfounded: string[] = [];
  let unfoundedByName = 0;

  /** Whether a death was told that is none: `null` = nothing wrong with it. */
  function wrongAbout(id: string, at: number): string | null {
    const { releasable, certainty } = shown.judge(id).releasable;
    const lives = livesNow(simulation, id);
    if (lives && certainty === "proven") return `at ${at}: ${id} lives, and was held for proven dead`;
    if (!releasable || referee.mayRelease(id, at)) return null;
    return history.beam && !lives ? null : `at ${at}: ${id} was releasable without ground`;
  }
  const hasNamesake = (id: string): boolean => {
    const { node } = shown.judge(id);
    return simulation.vms(KEYSPACE).some((vm) => vm.name === node && vm.vm.id !== vm.name);
  };

  return {
    found: () => ({ lies, unfounded, unfoundedByName }),
    round() {
      const at = simulation.queue.now();
      for (const id of shown.known()) {
        const wrong = wrongAbout(id, at);
        if (wrong === null) continue;
        if (hasNamesake(id)) unfoundedByName += 1;
        else unfounded.push(wrong);
      }
      if (during(history, "no-journal", at)) return;
      const { nodes } = shown.fold();
      for (const [id, expected] of referee.expected(at)) {
        const told = nodes[id]?.state ?? "nothing";
        if (told !== expected) lies.push(`at ${at}: ${id} is ${expected}, told ${told}`);
      }
    },
  };
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
  /** As many draws for each request, whatever is there to be asked. */
  function request(): void {
    simulation.queue.after(random.exponential(REQUEST_EVERY_MS), request);
    const [entry, rank] = [random.next(), random.next()];
    const vms = simulation.vms(KEYSPACE);
    const node = vms[Math.floor(entry * vms.length)];
    const key = keys[Math.floor(KEYS * rank ** 3)];
    if (node === undefined || key === undefined || node.vm.state() === "halted") return;
    const wanted = hung.has(node.vm.id) ? ownKey(node, keys, rank) : key;
    node.vm.post(() => node.execute(wanted));
  }
  function requestAt({ atMs, node, key }: ForcedRequest): void {
    simulation.queue.after(atMs, () => {
      const entry = simulation.vms()[node];
      const wanted = keys[key];
      if (entry !== undefined && wanted !== undefined) entry.vm.post(() => entry.execute(wanted));
    });
  }
  const ownedAtStart = (): readonly (readonly number[])[] =>
    simulation.nodes().map((node) => keys.flatMap((key, index) => (node.registry.has(key) ? index : [])));
  const startRequests = (): void => void simulation.queue.after(random.exponential(REQUEST_EVERY_MS), request);
  return { simulation, referee, keys, startRequests, requestAt, ownedAtStart };
}

/** A node whose worker hangs lives on only while it is asked for its own keys: any other would make it halt. */
function ownKey(node: SimulatedNode, keys: readonly SimulatedKey[], rank: number): SimulatedKey {
  const own = keys.filter((key) => node.registry.has(key));
  const chosen = own[Math.floor(rank * own.length)] ?? keys[0];
  if (chosen === undefined) throw new RangeError("a world without keys");
  return chosen;
}
