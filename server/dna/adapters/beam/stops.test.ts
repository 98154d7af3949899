import { describe, expect, it } from "vitest";
import type { BeamStopOutcome } from "#server/dna/beam-ports.ts";
import { atom, list, type PidTerm, type Term, tuple } from "#server/dna/codec/etf/term.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createDnaBeam } from "./dna-beam.ts";
import { createScriptedNodes, lost, raised, type ScriptedNodes, unsent } from "./testing/scripted-nodes.test-kit.ts";

const NODE = "dna@10.0.0.5";
const KEY = { namespace: "eu", moduleId: 0, name: "c" };
const pid = (id: number, creation = 7): PidTerm => ({ type: "pid", node: NODE, id, serial: 0, creation });
const SEEN = { key: KEY, partition: 99, ref: "<0.312.0>@7" };

const LOOKUP = "Elixir.Dna.Server.Partition:lookup";
const NUMBER = "Elixir.Dna.Server.Utils:partition";
const TERMINATE = "Elixir.DynamicSupervisor:terminate_child";
const EVALUATE = "Elixir.Code:eval_string";
const INFO = "erlang:process_info";

const registered = (...pids: readonly PidTerm[]) => list(pids.map((each) => tuple(each, atom("nil"))));
const evaluated = (value: Term) => tuple(value, list([]));

function scripted(): ScriptedNodes {
  let terminated = false;
  return createScriptedNodes({
    [LOOKUP]: () => (terminated ? registered() : registered(pid(312))),
    [NUMBER]: 1,
    [INFO]: list([tuple(atom("memory"), 2_000), tuple(atom("message_queue_len"), 0)]),
    [TERMINATE]: () => {
      terminated = true;
      return atom("ok");
    },
    [EVALUATE]: () => {
      terminated = true;
      return evaluated(atom("stopped"));
    },
  });
}

const ways = {
  forced: {
    call: TERMINATE,
    stop: (nodes: ScriptedNodes, instance = SEEN) =>
      createDnaBeam(nodes, { evaluate: false, clock: createManualClock() }).stopForced(NODE, instance),
  },
  safe: {
    call: EVALUATE,
    stop: (nodes: ScriptedNodes, instance = SEEN) =>
      createDnaBeam(nodes, { evaluate: true, clock: createManualClock() }).stopSafe(NODE, instance, 5_000),
  },
} as const;

describe.each(["forced", "safe"] as const)("a %s stop", (way) => {
  const { call, stop } = ways[way];
  const sentTimes = (nodes: ScriptedNodes) => nodes.calls.filter((name) => name === call).length;

  it("is done when the registry says so too", async () => {
    const nodes = scripted();
    expect(await stop(nodes)).toEqual({ kind: "stopped" });
    expect(nodes.calls.at(-1)).toMatch(/lookup|partition/);
  });

  it("asks the supervisor of the partition that the node names, not of the one that was given", async () => {
    const nodes = scripted();
    let given = "";
    nodes.answer(call, (args) => {
      given = JSON.stringify(args, (_, value) => (typeof value === "bigint" ? String(value) : value));
      return way === "safe" ? evaluated(atom("moved")) : tuple(atom("error"), atom("not_found"));
    });
    expect(await stop(nodes)).toMatchObject({ kind: "moved" });
    expect(given).toContain("Dna.Server.ObjectSupervisor.1");
    expect(given).not.toContain("ObjectSupervisor.99");
  });

  it("is not known when the registry still has it, or cannot be asked any more", async () => {
    const nodes = scripted();
    nodes.answer(LOOKUP, registered(pid(312)));
    expect(await stop(nodes)).toMatchObject({ kind: "unknown" });
    const broken = scripted();
    let looks = 0;
    broken.answer(LOOKUP, () => {
      looks += 1;
      if (looks > 1) throw lost();
      return registered(pid(312));
    });
    expect(await stop(broken)).toMatchObject({ kind: "unknown" });
  });

  it("is done when another process runs under the key by then: a message started it", async () => {
    const nodes = scripted();
    let looks = 0;
    nodes.answer(LOOKUP, () => {
      looks += 1;
      return registered(pid(looks > 1 ? 400 : 312));
    });
    expect(await stop(nodes)).toEqual({ kind: "stopped" });
  });

  it.each<[string, PidTerm | null]>([
    ["nothing runs", null],
    ["another process runs", pid(313)],
    ["a process of another life of the VM runs", pid(312, 8)],
  ])("is not sent when %s under the key", async (_, now) => {
    const nodes = scripted();
    nodes.answer(LOOKUP, now === null ? registered() : registered(now));
    expect(await stop(nodes)).toMatchObject({ kind: "moved" });
    expect(sentTimes(nodes)).toBe(0);
  });

  it("whose connection breaks after it was sent is not known, and is not sent again", async () => {
    const nodes = scripted();
    nodes.answer(call, lost());
    expect(await stop(nodes)).toMatchObject({ kind: "unknown" });
    expect(sentTimes(nodes)).toBe(1);
  });

  it("that could not be sent fails, as nothing has happened", async () => {
    const nodes = scripted();
    nodes.answer(call, unsent());
    await expect(stop(nodes)).rejects.toMatchObject({ code: "upstream-unavailable" });
  });

  it("that is answered in another shape, or with what was raised, is not known", async () => {
    for (const answer of [atom("canary"), raised("exit", tuple(atom("noproc"), atom("nil")))]) {
      const nodes = scripted();
      nodes.answer(call, answer);
      expect(await stop(nodes)).toMatchObject({ kind: "unknown" });
    }
  });

  it("is refused where the node has no such function, as nothing has happened", async () => {
    const nodes = scripted();
    nodes.answer(call, raised("error", atom("undef")));
    await expect(stop(nodes)).rejects.toMatchObject({ code: "refused" });
  });

  it("takes no other text for a process", async () => {
    for (const ref of ["", "<0.312.0>", "<1.312.0>@7", "<0.99999999999.0>@7", "<0.5000000000.0>@7"]) {
      await expect(stop(scripted(), { ...SEEN, ref })).rejects.toMatchObject({ code: "invalid-input" });
    }
  });
});

describe("a safe stop", () => {
  it.each<[string, BeamStopOutcome["kind"]]>([
    ["moved", "moved"],
    ["failed", "unknown"],
    ["silent", "unknown"],
  ])("that ended as %s on the node is %s", async (outcome, kind) => {
    const nodes = scripted();
    nodes.answer(EVALUATE, evaluated(atom(outcome)));
    expect(await ways.safe.stop(nodes)).toMatchObject({ kind });
  });

  it("tells what a busy one has before it", async () => {
    const nodes = scripted();
    nodes.answer(EVALUATE, evaluated(tuple(atom("busy"), 12, 3)));
    expect(await ways.safe.stop(nodes)).toEqual({ kind: "busy", buffered: 12, mailbox: 3 });
    nodes.answer(EVALUATE, evaluated(tuple(atom("busy"), atom("nil"), atom("nil"))));
    expect(await ways.safe.stop(nodes)).toEqual({ kind: "busy", buffered: null, mailbox: null });
  });

  it("does not look into a very large state", async () => {
    const nodes = scripted();
    nodes.answer(INFO, list([tuple(atom("memory"), 70_000_000), tuple(atom("message_queue_len"), 0)]));
    await expect(ways.safe.stop(nodes)).rejects.toMatchObject({ code: "limit-exceeded" });
    expect(nodes.calls).not.toContain(EVALUATE);
  });

  it.each([0, -1, 0.5, 60_000])("has no deadline of %s ms", async (deadlineMs) => {
    const beam = createDnaBeam(scripted(), { evaluate: true, clock: createManualClock() });
    await expect(beam.stopSafe(NODE, SEEN, deadlineMs)).rejects.toMatchObject({ code: "invalid-input" });
  });
});

describe("the end of a VM", () => {
  const stop = (nodes: ScriptedNodes) => {
    const clock = createManualClock();
    const ended = createDnaBeam(nodes, { evaluate: false, clock }).stopVm(NODE, "stop");
    return { clock, ended };
  };

  it("is not known while its name stays registered", async () => {
    const nodes = scripted();
    nodes.answer("init:stop", atom("ok"));
    const { clock, ended } = stop(nodes);
    for (let ms = 0; ms <= 15_000; ms += 100) await clock.advance(100);
    expect(await ended).toMatchObject({ kind: "unknown" });
    expect(nodes.calls).toEqual(["init:stop"]);
  });

  it("is seen although it never answered", async () => {
    const nodes = { ...scripted(), registration: async () => ({ kind: "not-registered" }) as const };
    nodes.answer("init:stop", lost());
    expect(await stop(nodes).ended).toEqual({ kind: "stopped" });
  });

  it("is not waited for when nothing was sent", async () => {
    const nodes = scripted();
    nodes.answer("init:stop", unsent());
    await expect(stop(nodes).ended).rejects.toMatchObject({ code: "upstream-unavailable" });
  });
});
