import { describe, expect, it } from "vitest";
import type { DnaBeam } from "#server/dna/beam-ports.ts";
import { atom, bytes, float, list, map, type PidTerm, type Term, text, tuple } from "#server/dna/codec/etf/term.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createDnaBeam } from "./dna-beam.ts";
import { createScriptedNodes, lost, raised, type ScriptedNodes } from "./testing/scripted-nodes.test-kit.ts";

const NODE = "dna@10.0.0.5";
const KEY = { namespace: "eu", moduleId: 0, name: "c" };
const PID: PidTerm = { type: "pid", node: NODE, id: 312, serial: 1, creation: 7 };
const INSTANCE = { key: KEY, partition: 0, ref: "<0.312.1>@7" };
const nil = atom("nil");
const wrong = atom("canary");
const rows = (...items: readonly Term[]) => list(items);
const child = (index: number, pid: Term) =>
  tuple(atom(`Elixir.Dna.Server.Partition.${index}`), pid, atom("worker"), rows());

const CLUSTER = "Elixir.Dna.Server.Cluster:server";
const CHILDREN = "Elixir.Supervisor:which_children";
const LOOKUP = "Elixir.Dna.Server.Partition:lookup";
const NUMBER = "Elixir.Dna.Server.Utils:partition";
const STATE = "sys:get_state";
const INFO = "erlang:process_info";
const REGISTRY = "ets:lookup";

const info = (memory: number, mailbox = 0) =>
  rows(tuple(atom("memory"), memory), tuple(atom("message_queue_len"), mailbox), tuple(atom("binary"), rows()));

function beamOf(nodes: ScriptedNodes, evaluate = false): DnaBeam {
  return createDnaBeam(nodes, { evaluate, clock: createManualClock() });
}

/** Every question, the call whose answer is of another shape, and what that answer is. */
const MISSHAPEN: readonly (readonly [string, (beam: DnaBeam) => Promise<unknown>, string, Term])[] = [
  ["identity", (beam) => beam.identity(NODE), CLUSTER, tuple(1, text("x"))],
  ["identity", (beam) => beam.identity(NODE), CLUSTER, tuple(1, 2n ** 64n)],
  ["identity", (beam) => beam.identity(NODE), CLUSTER, tuple(float(1), 2)],
  ["identity", (beam) => beam.identity(NODE), CLUSTER, tuple(9_000_000_000_000_000, 2)],
  ["partitions", (beam) => beam.partitions(NODE), CHILDREN, wrong],
  ["partitions", (beam) => beam.partitions(NODE), CHILDREN, rows(tuple(wrong, PID, wrong, wrong))],
  ["partitions", (beam) => beam.partitions(NODE), "lists:map", rows()],
  ["partitions", (beam) => beam.partitions(NODE), "lists:map", rows(-1)],
  ["vitals", (beam) => beam.vitals(NODE), "erlang:memory", rows(tuple(atom("total"), 1))],
  ["vitals", (beam) => beam.vitals(NODE), "erlang:statistics", wrong],
  ["vitals", (beam) => beam.vitals(NODE), "lists:map", rows(1)],
  ["vitals", (beam) => beam.vitals(NODE), "erlang:convert_time_unit", 0],
  ["lastRefresh", (beam) => beam.lastRefresh(NODE), "erlang:monotonic_time", 2n ** 70n],
  ["peers", (beam) => beam.peers(NODE), "ets:tab2list", wrong],
  ["peers", (beam) => beam.peers(NODE), "erlang:monotonic_time", wrong],
  ["lastRefresh", (beam) => beam.lastRefresh(NODE), REGISTRY, rows(tuple(atom("last_refresh"), wrong))],
  ["cachedOwner", (beam) => beam.cachedOwner(NODE, KEY), "Elixir.Cachex:get", tuple(atom("error"), atom("no_cache"))],
  ["cachedOwner", (beam) => beam.cachedOwner(NODE, KEY), "Elixir.Cachex:ttl", tuple(atom("ok"), wrong)],
  ["instance", (beam) => beam.instance(NODE, KEY), LOOKUP, rows(PID)],
  ["instance", (beam) => beam.instance(NODE, KEY), LOOKUP, rows(tuple(PID, nil), tuple(PID, nil))],
  ["instance", (beam) => beam.instance(NODE, KEY), NUMBER, wrong],
  ["backlog", (beam) => beam.backlog(NODE, INSTANCE), STATE, wrong],
  ["backlog", (beam) => beam.backlog(NODE, INSTANCE), STATE, map([[atom("status"), wrong]])],
  ["backlog", (beam) => beam.backlog(NODE, INSTANCE), INFO, rows(wrong)],
  ["inspect", (beam) => beam.inspect(NODE, [INSTANCE]), "lists:zipwith", rows()],
  ["inspect", (beam) => beam.inspect(NODE, [INSTANCE]), "lists:zipwith", rows(info(1))],
  ["clearOwnerCache", (beam) => beam.clearOwnerCache(NODE), "Elixir.Cachex:clear", wrong],
];

const sound = () =>
  createScriptedNodes({
    [CLUSTER]: tuple(1_795_300_000_123, -(2n ** 63n)),
    [CHILDREN]: rows(child(1, atom("restarting")), child(0, PID)),
    [LOOKUP]: rows(tuple(PID, nil)),
    [NUMBER]: 0,
    [STATE]: map([
      [atom("status"), nil],
      [atom("buffer_size"), 3],
    ]),
    [INFO]: info(2_000, 4),
    [REGISTRY]: rows(tuple(atom("last_refresh"), 5)),
    "lists:map": rows(9),
    "lists:zipwith": rows(info(1)),
    "erlang:memory": rows(),
    "erlang:statistics": 0,
    "erlang:monotonic_time": 10,
    "erlang:convert_time_unit": 1_000_000_000,
    "ets:tab2list": rows(),
    "Elixir.Cachex:get": tuple(atom("ok"), nil),
    "Elixir.Cachex:ttl": tuple(atom("ok"), nil),
    "Elixir.Cachex:clear": tuple(atom("ok"), 0),
  });

describe("an answer of another shape", () => {
  it.each(MISSHAPEN)(
    "of %s is told as such, with the name of the call and nothing of its content",
    async (_, ask, call, answer) => {
      const nodes = sound();
      nodes.answer(call, answer);
      const failure = await ask(beamOf(nodes)).catch((cause: unknown) => cause);
      expect(failure).toBeInstanceOf(OpsError);
      expect(failure).toMatchObject({ code: "upstream-malformed" });
      expect(String(failure)).toContain(NODE);
      expect(String(failure)).toMatch(/expected|in another shape/);
    },
  );

  it("of a peer is counted and hides none of the others", async () => {
    const nodes = sound();
    const peer = (type: string) =>
      map([
        [atom("type"), atom(type)],
        [atom("node"), atom("dna@10.0.0.6")],
        [atom("heartbeat"), -576_460_751_060],
        [atom("last_beat_update"), 4],
        [atom("load"), nil],
      ]);
    const good = tuple(tuple(5, 6), peer("remote"));
    const bad = [wrong, tuple(tuple(5, text("6")), peer("remote")), tuple(tuple(7, 8), peer("else")), tuple(1, 2, 3)];
    nodes.answer("ets:tab2list", rows(...bad, good, tuple(atom("last_refresh"), 3)));
    const table = await beamOf(nodes).peers(NODE);
    expect(table).toMatchObject({ unreadable: 4, lastRefreshMs: 7 });
    expect(table.peers).toMatchObject([{ incarnation: { createdAt: 5, id: 6n }, lastChangeMs: 6, load: null }]);
  });
});

describe("what is raised on a node", () => {
  it("is a refusal where a function is not there", async () => {
    const nodes = createScriptedNodes({});
    await expect(beamOf(nodes).identity(NODE)).rejects.toMatchObject({
      code: "refused",
      message: `${NODE} has no Dna.Server.Cluster.server/0`,
    });
  });

  it("is told by its kind, never with an application's words", async () => {
    const nodes = sound();
    nodes.answer(CHILDREN, raised("error", tuple(atom("badmatch"), text("canary-of-application-state"))));
    const failure = await beamOf(nodes).partitions(NODE).catch(String);
    expect(failure).toContain("raised error badmatch in Supervisor.which_children/1");
    expect(failure).not.toContain("canary");
  });

  it("is no identity where DNA has not started, and no answer where what is asked does not run", async () => {
    const nodes = sound();
    nodes.answer(CLUSTER, raised("error", atom("badarg")));
    await expect(beamOf(nodes).identity(NODE)).rejects.toMatchObject({ code: "refused" });
    nodes.answer(CHILDREN, raised("exit", tuple(atom("noproc"), nil)));
    await expect(beamOf(nodes).partitions(NODE)).rejects.toMatchObject({ code: "upstream-unavailable" });
  });

  it("by one registry leaves the counts of the others", async () => {
    const nodes = sound();
    nodes.answer(CHILDREN, rows(child(0, PID), child(1, PID), child(2, nil)));
    const gone = map([[atom("__struct__"), atom("Elixir.ArgumentError")]]);
    nodes.answer("lists:map", ([, names]) => {
      const asked = typeof names === "object" && names.type === "list" ? names.items : [];
      if (asked.some((name) => typeof name === "object" && name.type === "atom" && name.name.endsWith(".1"))) {
        throw raised("error", gone);
      }
      return rows(...asked.map(() => 5));
    });
    expect(await beamOf(nodes).partitions(NODE)).toEqual([
      { index: 0, alive: true, running: 5 },
      { index: 1, alive: true, running: null },
      { index: 2, alive: false, running: null },
    ]);
  });
});

describe("a state", () => {
  it("is not asked for when what it refers to outside of its heap is large", async () => {
    const nodes = sound();
    nodes.answer(INFO, ([, items]) => {
      const binary = JSON.stringify(items).includes("binary");
      return binary ? rows(tuple(atom("binary"), rows(tuple(1, 2_000_000, 1)))) : info(2_000, 4);
    });
    expect(await beamOf(nodes).backlog(NODE, INSTANCE)).toMatchObject({ kind: "too-large", mailbox: 4 });
    expect(nodes.calls).not.toContain(STATE);
  });

  it("above 64 MB is not even looked into on the node", async () => {
    const nodes = sound();
    nodes.answer(INFO, info(70_000_000));
    expect(await beamOf(nodes, true).backlog(NODE, INSTANCE)).toMatchObject({ kind: "too-large" });
    expect(nodes.calls).not.toContain("Elixir.Code:eval_string");
  });

  it("of one that begins is told as initialising", async () => {
    expect(await beamOf(sound()).backlog(NODE, INSTANCE)).toMatchObject({ phase: "initialising", buffered: 3 });
  });

  it("of one of an earlier life of the VM is that of one that has ended", async () => {
    const nodes = sound();
    nodes.answer(INFO, raised("error", atom("badarg")));
    expect(await beamOf(nodes).backlog(NODE, INSTANCE)).toEqual({ kind: "ended" });
    nodes.answer("lists:zipwith", raised("error", atom("badarg")));
    nodes.answer("erlang:system_info", 8);
    expect(await beamOf(nodes).inspect(NODE, [INSTANCE])).toEqual([null]);
  });
});

describe("where the registry is laid out otherwise", () => {
  const key = (name: string) => tuple(text("eu"), 0, text(name));

  it("all instances are read for the first ones", async () => {
    const nodes = sound();
    nodes.answer(REGISTRY, rows(tuple(-2, tuple(tuple(atom("unique"), atom("pid")), 4, nil))));
    nodes.answer("Elixir.Registry:select", rows(tuple(key("a"), PID), tuple(key("b"), PID)));
    const page = await beamOf(nodes).instances(NODE, { partition: 0, type: null, prefix: "", limit: 1 });
    expect(page).toEqual({ instances: [{ key: { ...KEY, name: "a" }, partition: 0, ref: INSTANCE.ref }], more: true });
    const { missing } = await beamOf(withFunctions(nodes)).abilities(NODE);
    expect(missing["first-instances"]).toContain("laid out otherwise");
  });

  it("a name that is no text is no instance that could be shown", async () => {
    const nodes = sound();
    nodes.answer(REGISTRY, rows());
    nodes.answer("Elixir.Registry:select", rows(tuple(tuple(text("eu"), 0, bytes(Uint8Array.of(0xff))), PID)));
    const asked = beamOf(nodes).instances(NODE, { partition: 0, type: null, prefix: "", limit: 1 });
    await expect(asked).rejects.toMatchObject({ code: "upstream-malformed" });
  });
});

function withFunctions(nodes: ScriptedNodes): ScriptedNodes {
  nodes.answer("erlang:system_info", list([..."25"].map((digit) => digit.charCodeAt(0))));
  nodes.answer("Elixir.System:version", text("1.19.0"));
  nodes.answer("lists:zipwith3", ([, modules]) =>
    typeof modules === "object" && modules.type === "list" ? rows(...modules.items.map(() => atom("true"))) : wrong,
  );
  return nodes;
}

describe("abilities", () => {
  it("of a node without Elixir are those of Erlang, each of the others with the reason", async () => {
    const nodes = createScriptedNodes({
      "erlang:system_info": list([50, 55]),
      "lists:map": rows(),
      "lists:zipwith3": ([, modules]) =>
        typeof modules === "object" && modules.type === "list"
          ? rows(...modules.items.map(() => atom("false")))
          : wrong,
    });
    const { otpRelease, elixir, missing } = await beamOf(nodes, true).abilities(NODE);
    expect({ otpRelease, elixir }).toEqual({ otpRelease: "27", elixir: null });
    expect(missing["stop-safe"]).toBe("the node does not run Elixir");
    expect(missing.vitals).toBeUndefined();
    expect(missing.peers).toContain("no peer table");
  });
});

describe("a connection that breaks in mid-question", () => {
  it("is told as such", async () => {
    const nodes = sound();
    nodes.answer(CLUSTER, lost());
    await expect(beamOf(nodes).identity(NODE)).rejects.toMatchObject({ code: "upstream-unavailable" });
  });
});
