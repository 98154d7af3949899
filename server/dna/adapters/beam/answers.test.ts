import fc from "fast-check";
import { expect, it } from "vitest";
import type { DnaBeam } from "#server/dna/beam-ports.ts";
import { anyTerm } from "#server/dna/codec/etf/term.test-kit.ts";
import { atom, float, list, map, type PidTerm, type Term, text, tuple } from "#server/dna/codec/etf/term.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createDnaBeam } from "./dna-beam.ts";
import { createScriptedNodes } from "./testing/scripted-nodes.test-kit.ts";

const NODE = "dna@10.0.0.5";
const KEY = { namespace: "eu", moduleId: 0, name: "c" };
const PID: PidTerm = { type: "pid", node: NODE, id: 312, serial: 1, creation: 7 };
const INSTANCE = { key: KEY, partition: 0, ref: "<0.312.1>@7" };
const nil = atom("nil");
const keyOf = tuple(text("eu"), 0, text("c"));
const property = (name: string, value: Term) => tuple(atom(name), value);
const process = list([
  property("memory", 2_000),
  property("message_queue_len", 4),
  property("reductions", 900),
  property("status", atom("waiting")),
  property("current_function", tuple(atom("gen_server"), atom("loop"), 7)),
  property("binary", list([tuple(1, 100, 1)])),
]);
const peer = map([
  [atom("type"), atom("local")],
  [atom("node"), atom(NODE)],
  [atom("heartbeat"), -576_460_751_060],
  [atom("last_beat_update"), -576_460_751_060],
  [atom("load"), float(0.5)],
]);
const memory = list(["total", "processes", "binary", "ets", "atom"].map((name) => property(name, 1_000)));
const evaluated = (value: Term) => tuple(value, list([]));

/** What a node that is as it should be answers, by function. */
const SOUND = {
  "Elixir.Dna.Server.Cluster:server": tuple(1_795_300_000_123, -5),
  "Elixir.Supervisor:which_children": list([
    tuple(atom("Elixir.Dna.Server.Partition.0"), PID, atom("worker"), list([])),
  ]),
  "Elixir.Dna.Server.Partition:lookup": list([tuple(PID, nil)]),
  "Elixir.Dna.Server.Utils:partition": 0,
  "ets:lookup": list([
    tuple(-2, tuple(atom("unique"), 1, { type: "reference", node: NODE, creation: 7, words: [1, 2] })),
  ]),
  "ets:select": tuple(list([tuple(keyOf, PID), tuple(keyOf, PID)]), nil),
  "ets:tab2list": list([property("last_refresh", -576_460_751_000), tuple(tuple(5, 6), peer)]),
  "Elixir.Registry:select": list([tuple(keyOf, PID)]),
  "lists:map": list([1]),
  "lists:zipwith": list([process]),
  "lists:zipwith3": list([atom("true")]),
  "sys:get_state": map([
    [atom("status"), tuple(atom("pending_storage"), map([]), nil)],
    [atom("buffer_size"), 3],
  ]),
  "erlang:process_info": process,
  "erlang:memory": memory,
  "erlang:statistics": 0,
  "erlang:monotonic_time": -576_460_750_000,
  "erlang:convert_time_unit": 1_000_000_000,
  "erlang:system_info": list([50, 53]),
  "Elixir.System:version": text("1.14.0"),
  "Elixir.Cachex:get": property("ok", tuple(5, 6)),
  "Elixir.Cachex:ttl": property("ok", 40_000),
  "Elixir.Cachex:clear": property("ok", 1),
  "Elixir.DynamicSupervisor:terminate_child": atom("ok"),
} satisfies Readonly<Record<string, Term>>;

const EVALUATE = "Elixir.Code:eval_string";
const BACKLOG = evaluated(tuple(atom("known"), atom("idle"), 1, 2, 3));
const TOP = evaluated(list([tuple(0, keyOf, PID, 4, 2_000, 3)]));
const STOP = evaluated(tuple(atom("busy"), 1, 2));

interface Question {
  readonly ask: (beam: DnaBeam) => Promise<unknown>;
  readonly evaluates: Term;
  /** Nothing that was sent may end in an exception. */
  readonly acts: boolean;
}
const asks = (ask: Question["ask"], evaluates: Term = nil): Question => ({ ask, evaluates, acts: false });

const QUESTIONS: readonly Question[] = [
  asks((beam) => beam.identity(NODE)),
  asks((beam) => beam.abilities(NODE)),
  asks((beam) => beam.partitions(NODE)),
  asks((beam) => beam.vitals(NODE)),
  asks((beam) => beam.peers(NODE)),
  asks((beam) => beam.lastRefresh(NODE)),
  asks((beam) => beam.cachedOwner(NODE, KEY)),
  asks((beam) => beam.clearOwnerCache(NODE)),
  asks((beam) => beam.instance(NODE, KEY)),
  asks((beam) => beam.instances(NODE, { partition: 0, type: null, prefix: "", limit: 1 })),
  asks((beam) => beam.inspect(NODE, [INSTANCE])),
  asks((beam) => beam.backlog(NODE, INSTANCE), BACKLOG),
  asks((beam) => beam.top(NODE, null, 5), TOP),
  { ask: (beam) => beam.stopForced(NODE, INSTANCE), evaluates: nil, acts: true },
  { ask: (beam) => beam.stopSafe(NODE, INSTANCE, 100), evaluates: STOP, acts: true },
];

/** The term with the part at `path` replaced; where the path leads nowhere, all of it is. */
function replaced(term: Term, path: readonly number[], by: Term): Term {
  const [step, ...rest] = path;
  if (step === undefined || typeof term !== "object") return by;
  const within = (items: readonly Term[]): readonly Term[] =>
    items.map((item, index) => (index === step % items.length ? replaced(item, rest, by) : item));
  if (term.type === "tuple") return { ...term, items: within(term.items) };
  if (term.type === "list") return { ...term, items: within(term.items) };
  if (term.type !== "map") return by;
  const entries = term.entries.map(([key, value], index) =>
    index === step % term.entries.length ? ([key, replaced(value, rest, by)] as const) : ([key, value] as const),
  );
  return { ...term, entries };
}

const RUNS = 10_000;

/** A node whose every answer is sound but those given. */
const nodesOf = ({ evaluates }: Question, others: Readonly<Record<string, Term>> = {}) =>
  createScriptedNodes({ ...SOUND, [EVALUATE]: evaluates, ...others });

it("whatever a node answers, it is an answer of the right shape or an error of ours, never another", async () => {
  const cases: { readonly question: Question; readonly evaluate: boolean; readonly call: string }[] = [];
  for (const question of QUESTIONS) {
    for (const evaluate of [false, true]) {
      const nodes = nodesOf(question);
      await question.ask(createDnaBeam(nodes, { evaluate, clock: createManualClock() })).catch(() => null);
      for (const call of new Set(nodes.calls)) cases.push({ question, evaluate, call });
    }
  }
  expect(new Set(cases.map(({ call }) => call)).size).toBeGreaterThan(20);
  const path = fc.array(fc.nat({ max: 5 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...cases), path, anyTerm, async ({ question, evaluate, call }, at, by) => {
      const sound: Readonly<Record<string, Term>> = { ...SOUND, [EVALUATE]: question.evaluates };
      const nodes = nodesOf(question, { [call]: replaced(sound[call] ?? nil, at, by) });
      const beam = createDnaBeam(nodes, { evaluate, clock: createManualClock() });
      const failure = await question.ask(beam).then(
        () => null,
        (cause: unknown) => cause,
      );
      expect(nodes.calls).toContain(call);
      if (failure === null) return;
      if (!(failure instanceof OpsError)) throw failure;
      expect(["upstream-malformed", "refused", "not-found", "limit-exceeded"]).toContain(failure.code);
      const sent = nodes.calls.some((name) => /terminate_child|eval_string/.test(name));
      expect(question.acts && sent).toBe(false);
    }),
    { numRuns: RUNS },
  );
});
