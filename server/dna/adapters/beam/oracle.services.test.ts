import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TestBeam } from "#scripts/testing/beam.ts";
import { encodeTerm } from "#server/dna/codec/etf/encode.ts";
import { atom, externalFun, isAtom, list, type Term, text, tuple } from "#server/dna/codec/etf/term.ts";
import { CITY, cityKey } from "#server/dna/dna-beam.harness.ts";
import { CLOSED_LIST, type ClosedCall, DNA_NAMES } from "./closed-list.ts";
import type { RemoteNodes } from "./dist/remote-nodes.ts";
import { readBacklog, readKeyTable, readLookup, readTop } from "./instance-answers.ts";
import { PROCESS_ITEMS, readProcess, SYSTEM_FIGURES } from "./node-answers.ts";
import { keyTerm, partitionName } from "./node-questions.ts";
import { readCount, readTuple } from "./reading.ts";
import { keyTableSpec, registrySpec } from "./select-spec.ts";
import { erlCallApply } from "./testing/erl-call.test-kit.ts";
import { createFixtureSeeding, fixture, startFixtureNode } from "./testing/fixture-node.test-kit.ts";
import { connectTo } from "./testing/harness.test-kit.ts";
import { BACKLOG_TEXT, STOP_SAFE_TEXT, TOP_TEXT } from "./texts.ts";

/**
 * `erl_call`, which shares no code with us, as an oracle: the node itself compares what our client understood, encoded by
 * us and decoded by it, with what the same function gives to erl_call.
 */
let node: TestBeam;
let remote: RemoteNodes;

beforeAll(async () => {
  node = await startFixtureNode();
  remote = connectTo(node);
});
afterAll(async () => {
  await remote.close();
  await node.remove();
});
beforeEach(() => void fixture(node, "reset"));

const ours = (call: ClosedCall, args: readonly Term[], on = remote, name = node.name): Promise<Term> =>
  on.call(name, { module: call.module, function: call.function, args }, { timeoutMs: call.timeoutMs });
const theirs = (call: ClosedCall, args: readonly Term[], on = node): Term =>
  erlCallApply(on, call.module, call.function, args);

const base64 = (term: Term): string => Buffer.from(encodeTerm(term)).toString("base64");
const term = (value: Term): string => `binary_to_term(base64:decode("${base64(value)}"))`;

/** Whether the node holds our answer for exactly what it gives to erl_call. */
async function sameToTheNode(call: ClosedCall, args: readonly Term[]): Promise<boolean> {
  const answer = await ours(call, args);
  const applied = `apply('${call.module}', '${call.function}', ${term(list(args))})`;
  return node.erlCall(`${term(answer)} =:= ${applied}`) === "true";
}

const pidOf = (name: string): Term => readLookup(theirs(CLOSED_LIST.lookup, [keyTerm(cityKey(name))])) ?? atom("none");
const partitionOf = (name: string): number => readCount(theirs(CLOSED_LIST.partitionOf, [keyTerm(cityKey(name))]));
const keyTable = (index: number): Term =>
  readKeyTable(theirs(CLOSED_LIST.tableLookup, [partitionName("registry", index), -2])) ?? atom("none");
const binding = (values: Readonly<Record<string, Term>>) =>
  list(Object.entries(values).map(([name, value]) => tuple(atom(name), value)));
const atoms = (...names: readonly string[]) => list(names.map(atom));
const every = { type: null, prefix: "" };
const peerTable = atom(DNA_NAMES.peerTable);
const cache = atom(DNA_NAMES.ownerCache);

/** Arguments of every call whose answer stays the same while nothing happens on the node. */
const STEADY: Readonly<Record<string, readonly [keyof typeof CLOSED_LIST, () => readonly Term[]]>> = {
  identity: ["identity", () => []],
  partitions: ["partitions", () => [atom(DNA_NAMES.supervisor)]],
  "partition of a key": ["partitionOf", () => [keyTerm(cityKey("Zürich \u{1f600}"))]],
  "look-up of what runs": ["lookup", () => [keyTerm(cityKey("c-00000001"))]],
  "look-up of what does not": ["lookup", () => [keyTerm(cityKey("none"))]],
  "instances of a partition": ["select", () => [partitionName("registry", 0), registrySpec(every)]],
  "instances of a type by name": [
    "select",
    () => [
      partitionName("registry", 1),
      registrySpec({ type: CITY, prefix: "c-", from: "c-00000003", below: "c-00000030" }),
    ],
  ],
  "key table": ["tableLookup", () => [partitionName("registry", 0), -2]],
  "last refresh": ["tableLookup", () => [peerTable, atom("last_refresh")]],
  "peer table": ["table", () => [peerTable]],
  "cached owner": ["cacheGet", () => [cache, keyTerm(cityKey("cached"))]],
  "no cached owner": ["cacheGet", () => [cache, keyTerm(cityKey("other"))]],
  "no time to live": ["cacheTtl", () => [cache, keyTerm(cityKey("other"))]],
  "running counts": [
    "map",
    () => [externalFun("Elixir.Registry", "count", 1), list([0, 1].map((index) => partitionName("registry", index)))],
  ],
  "loaded modules": ["map", () => [externalFun("code", "ensure_loaded", 1), atoms("Elixir.Registry", "nowhere")]],
  creation: ["systemInfo", () => [atom("creation")]],
  release: ["systemInfo", () => [atom("otp_release")]],
  "unit of time": ["convertTime", () => [1, atom("second"), atom("native")]],
  "exported functions": [
    "exported",
    () => [externalFun("erlang", "function_exported", 3), atoms("lists", "lists"), atoms("map", "nap"), list([2, 2])],
  ],
  "release of Elixir": ["elixirVersion", () => []],
  "state of an instance": ["state", () => [pidOf("c-00000001"), 2_000]],
};

/** Calls whose answers move, or that act: each has a test of its own below. */
const MOVING: readonly (keyof typeof CLOSED_LIST)[] = [
  ...(["tableSelect", "monotonic", "cacheTtl", "map", "memory", "statistics", "zipwith", "processInfo"] as const),
  ...(["evaluate", "terminate", "clearCache", "stopVm", "haltVm"] as const),
];

describe("the same answer by erl_call as by our client", () => {
  it("is asked for every call of the closed list", () => {
    const asked = [...Object.values(STEADY).map(([name]) => name), ...MOVING];
    expect([...new Set(asked)].toSorted()).toEqual(Object.keys(CLOSED_LIST).toSorted());
  });

  it.each(Object.entries(STEADY))("%s", async (_, [name, args]) => {
    const seed = createFixtureSeeding(node);
    await seed.start(CITY, "c-", 40);
    await seed.cache(cityKey("cached"), await seed.identity(), 60_000);
    await seed.lastRefresh(500);
    await seed.peer({
      incarnation: await seed.identity(),
      node: "dna@10.0.0.7",
      heartbeat: -576_460_751_060n,
      silentMs: 1,
      load: 1.5,
    });
    expect(await sameToTheNode(CLOSED_LIST[name], args())).toBe(true);
  });

  it("the first instances of a partition", async () => {
    await createFixtureSeeding(node).start(CITY, "c-", 40);
    const args = [keyTable(0), keyTableSpec(every), 5];
    const [rows] = readTuple(await ours(CLOSED_LIST.tableSelect, args), 2);
    const [expected] = readTuple(theirs(CLOSED_LIST.tableSelect, args), 2);
    expect(rows).toEqual(expected);
    const none = [keyTable(0), keyTableSpec({ ...every, prefix: "none" }), 5];
    expect(await sameToTheNode(CLOSED_LIST.tableSelect, none)).toBe(true);
  });

  it("clocks and times to live lie between two looks of erl_call", async () => {
    const seed = createFixtureSeeding(node);
    await seed.cache(cityKey("cached"), await seed.identity(), 60_000);
    const { monotonic, cacheTtl } = CLOSED_LIST;
    const now = [atom("native")];
    const left = [cache, keyTerm(cityKey("cached"))];
    const value = (answer: Term) => Number(readTuple(answer, 2)[1]);
    const before = [theirs(monotonic, now), value(theirs(cacheTtl, left))];
    const between = [await ours(monotonic, now), value(await ours(cacheTtl, left))];
    const after = [theirs(monotonic, now), value(theirs(cacheTtl, left))];
    expect(BigInt(Number(between[0]))).toBeGreaterThan(BigInt(Number(before[0])));
    expect(BigInt(Number(between[0]))).toBeLessThan(BigInt(Number(after[0])));
    expect(between[1]).toBeLessThanOrEqual(before[1] as number);
    expect(between[1]).toBeGreaterThanOrEqual(after[1] as number);
  });

  it("figures of the VM are of the same kinds, and near", async () => {
    const { memory, statistics, map: mapped } = CLOSED_LIST;
    const properties = (answer: Term) =>
      answer instanceof Object && "items" in answer ? answer.items.map((item) => readTuple(item, 2)) : [];
    const [mine, other] = [properties(await ours(memory, [])), properties(theirs(memory, []))];
    expect(mine.map(([name]) => name)).toEqual(other.map(([name]) => name));
    mine.forEach(([, bytes], index) => {
      const there = Number(other[index]?.[1]);
      expect(Math.abs(Number(bytes) - there)).toBeLessThan(0.5 * there + 1_000_000);
    });
    expect(typeof (await ours(statistics, [atom("run_queue")]))).toBe(typeof theirs(statistics, [atom("run_queue")]));
    const figures = [externalFun("erlang", "system_info", 1), list(SYSTEM_FIGURES.map(atom))];
    const [here, there] = [await ours(mapped, figures), theirs(mapped, figures)];
    const limits = (answer: Term) =>
      answer instanceof Object && "items" in answer ? [1, 3, 4, 5].map((i) => answer.items[i]) : [];
    expect(limits(here)).toEqual(limits(there));
  });

  it("processes, but for memory and work, which looking at them changes", async () => {
    await createFixtureSeeding(node).start(CITY, "c-", 3);
    const pids = [0, 1, 2].map((index) => pidOf(`c-0000000${index}`));
    const items = PROCESS_ITEMS.filter((item) => item !== "memory" && item !== "reductions").map(atom);
    const inspect = [externalFun("erlang", "process_info", 2), list(pids), list(pids.map(() => list(items)))];
    expect(await sameToTheNode(CLOSED_LIST.zipwith, inspect)).toBe(true);
    for (const wanted of [atoms("message_queue_len"), atoms("binary")]) {
      expect(await sameToTheNode(CLOSED_LIST.processInfo, [pidOf("c-00000001"), wanted])).toBe(true);
    }
    const whole = [pidOf("c-00000001"), list(PROCESS_ITEMS.map(atom))];
    const byKind = (answer: Term) => readProcess(answer);
    const [here, there] = [
      byKind(await ours(CLOSED_LIST.processInfo, whole)),
      byKind(theirs(CLOSED_LIST.processInfo, whole)),
    ];
    expect({ ...here, memoryBytes: 0, reductions: 0 }).toEqual({ ...there, memoryBytes: 0, reductions: 0 });
    expect(here?.reductions).toBeLessThanOrEqual(there?.reductions ?? 0);
  });

  it("constant texts, evaluated", async () => {
    await createFixtureSeeding(node).startOne(cityKey("c"));
    const pid = pidOf("c");
    const index = partitionOf("c");
    const partitions = list([tuple(index, partitionName("registry", index))]);
    const both = async (constant: string, values: Readonly<Record<string, Term>>) => {
      const args = [text(constant), binding(values)];
      const value = (answer: Term): Term => readTuple(answer, 2)[0] ?? 0;
      return [value(await ours(CLOSED_LIST.evaluate, args)), value(theirs(CLOSED_LIST.evaluate, args))] as const;
    };
    // Its memory is changed by being looked at.
    const backlogs = (await both(BACKLOG_TEXT, { pid })).map((value) => ({ ...readBacklog(value), memoryBytes: 0 }));
    expect(backlogs[0]).toEqual(backlogs[1]);
    expect(backlogs[0]).toMatchObject({ kind: "known", phase: "idle", buffered: 0 });
    const tops = await both(TOP_TEXT, { partitions, limit: 3, state_bytes: 1_000_000 });
    const [here, there] = tops.map((value) => readTop(value).map((entry) => ({ ...entry, memoryBytes: 0 })));
    expect(here).toEqual(there);
    expect(here).toHaveLength(1);
  });

  it("stops: one by each way, and then the cache", async () => {
    const seed = createFixtureSeeding(node);
    await seed.start(CITY, "c-", 4);
    const supervised = (name: string) => [partitionName("instanceSupervisor", partitionOf(name)), pidOf(name)];
    const { terminate, evaluate, clearCache } = CLOSED_LIST;
    const byUs = await ours(terminate, supervised("c-00000000"));
    const byThem = theirs(terminate, supervised("c-00000001"));
    expect([isAtom(byUs, "ok"), byThem]).toEqual([true, byUs]);
    const safely = (name: string) => {
      const index = partitionOf(name);
      const [registry, supervisor] = [partitionName("registry", index), partitionName("instanceSupervisor", index)];
      return [
        text(STOP_SAFE_TEXT),
        binding({ registry, supervisor, key: keyTerm(cityKey(name)), pid: pidOf(name), deadline_ms: 5_000 }),
      ];
    };
    const outcomes = [await ours(evaluate, safely("c-00000002")), theirs(evaluate, safely("c-00000003"))];
    expect(outcomes.map((answer) => readTuple(answer, 2)[0])).toEqual([atom("stopped"), atom("stopped")]);
    const owner = await seed.identity();
    await seed.cache(cityKey("a"), owner, 60_000);
    const cleared = await ours(clearCache, [cache]);
    await seed.cache(cityKey("a"), owner, 60_000);
    expect(cleared).toEqual(theirs(clearCache, [cache]));
  });

  it("the end of a VM", async () => {
    const [first, second] = [await startFixtureNode(), await startFixtureNode()];
    const own = connectTo(first);
    try {
      expect(await ours(CLOSED_LIST.stopVm, [], own, first.name)).toEqual(theirs(CLOSED_LIST.stopVm, [], second));
      for (const each of [first, second]) await expect.poll(() => each.epmd?.names().size, { timeout: 30_000 }).toBe(0);
      await first.start();
      await own.close();
      const halted = connectTo(first);
      await expect(ours(CLOSED_LIST.haltVm, [], halted, first.name)).rejects.toThrow();
      await halted.close();
      await expect.poll(() => first.epmd?.names().size, { timeout: 30_000 }).toBe(0);
    } finally {
      await own.close();
      await first.remove();
      await second.remove();
    }
  });
});
