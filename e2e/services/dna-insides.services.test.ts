/**
 * What the nodes themselves prove, on two real BEAM nodes and in real time: a key that runs on both, a node whose row
 * stands still while its VM answers, a node whose VM has been killed. The register is a table of our own here.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "#e2e/fixtures/until.ts";
import { startBeam, type TestBeam } from "#scripts/testing/beam.ts";
import { startEpmd, type TestEpmd } from "#scripts/testing/epmd.ts";
import { createDnaBeam } from "#server/dna/adapters/beam/dna-beam.ts";
import { createFixtureSeeding, FIXTURE_SCRIPT } from "#server/dna/adapters/beam/testing/fixture-node.test-kit.ts";
import { connectTo } from "#server/dna/adapters/beam/testing/harness.test-kit.ts";
import { createBeamWitness } from "#server/dna/beam-evidence.ts";
import { createNodeInsides } from "#server/dna/beam-inside.ts";
import type { DnaBeam } from "#server/dna/beam-ports.ts";
import { type ActorKey, type Incarnation, toIncarnationId } from "#server/dna/domain/identity.ts";
import type { NodeRow } from "#server/dna/ports.ts";
import { createDnaReader, type DnaReader } from "#server/dna/reader.ts";
import { toIncarnationWatch } from "#server/dna/reader-views.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

const SOURCE = "eu-1";
const KEY: ActorKey = { namespace: "demo", moduleId: 0, name: "twice" };
const FOUND = { withinMs: 30_000 };
const JUDGED = { withinMs: 60_000, everyMs: 1_000 };

const clock = createSystemClock();
const { recorder, events } = createMemoryRecorder(clock);
const abort = new AbortController();
const quiet = new Set<string>();
let epmd: TestEpmd;
let hung: TestBeam;
let killed: TestBeam;
let beam: DnaBeam;
let reader: DnaReader;
let watch: ReturnType<typeof toIncarnationWatch>;
let running: Promise<unknown>;
const incarnations = new Map<string, Incarnation>();

const idOf = ({ name }: TestBeam): string => toIncarnationId(incarnationOf(name));

function incarnationOf(name: string): Incarnation {
  const found = incarnations.get(name);
  if (found === undefined) throw new Error(`${name} has not told who it is`);
  return found;
}

/** Rows that beat every 5 s until they are told to stand still. */
function rows(): NodeRow[] {
  return [...incarnations].map(([node, incarnation]) => {
    const heartbeat = quiet.has(node) ? 0n : BigInt(Math.floor(clock.monotonic() / 5_000) + 1);
    return { incarnation, node, heartbeat, load: 0.1, draining: false, writeAgeMs: null };
  });
}

beforeAll(async () => {
  epmd = await startEpmd();
  const shared = { epmd, cookie: "two-nodes-one-cookie", prefix: "dna", script: FIXTURE_SCRIPT };
  [hung, killed] = await Promise.all([startBeam(shared), startBeam(shared)]);
  beam = createDnaBeam(connectTo(hung), { evaluate: false, clock });
  for (const { name } of [hung, killed])
    incarnations.set(name, await until(`${name} tells who it is`, () => beam.identity(name)));
  const witness = createBeamWitness({ beam, clock });
  const common = { sourceId: SOURCE, recorder, view: recorder, clock, log: silentLogger, witness };
  reader = createDnaReader({
    ...common,
    store: {
      clusters: async () => ["prod"],
      nodes: async () => rows(),
      databaseCluster: async () => ({ name: "table", product: "simulator", hosts: [] }),
    },
    loopDelay: { maxLateSince: () => 0 },
  });
  watch = toIncarnationWatch(reader, witness);
  const insides = createNodeInsides({ ...common, beam });
  running = Promise.all([reader.run(abort.signal), insides.run(abort.signal)]);
});

afterAll(async () => {
  abort.abort();
  await running;
  await beam?.close();
  await Promise.all([hung?.remove(), killed?.remove()]);
  await epmd?.remove();
});

it("finds a key that runs on two real nodes at once within 30 s, and that it does no more", async () => {
  await Promise.all([hung, killed].map((node) => createFixtureSeeding(node).startOne(KEY)));
  await until("the double", () => events.some(({ kind }) => kind === "dna.actor.doubled"), FOUND);
  expect(Object.values(recorder.dna(SOURCE).doubled)).toMatchObject([
    { ...KEY, instances: [hung, killed].map((node) => ({ node: node.name, incarnation: idOf(node) })).sort(byNode) },
  ]);
  const instance = await beam.instance(killed.name, KEY);
  if (instance === null) throw new Error("its instance has ended by itself");
  expect(await beam.stopForced(killed.name, instance)).toEqual({ kind: "stopped" });
  await until("its end", () => Object.keys(recorder.dna(SOURCE).doubled).length === 0, FOUND);
});

it("tells a node whose row stands still while its VM answers as a zombie, and proves the death of a killed one", async () => {
  quiet.add(hung.name).add(killed.name);
  await killed.kill();
  const flagsOf = (node: TestBeam) => recorder.dna(SOURCE).nodes[idOf(node)]?.flags ?? {};
  await until("the zombie", () => flagsOf(hung).zombie !== undefined, JUDGED);
  expect(flagsOf(hung).zombie).toMatch(/by the database, but its node answered under this identity/);
  const proven = await until(
    "the proof",
    async () => {
      const check = await watch.check(idOf(killed));
      return check.releasable ? check : null;
    },
    JUDGED,
  );
  expect(proven).toMatchObject({ releasable: true, certainty: "proven" });
  expect(reader.liveness(idOf(killed)).silentMs).toBeLessThan(75_000);
  expect(await watch.check(idOf(hung))).toMatchObject({ releasable: false });
  await until("that it is not reached", () => recorder.dna(SOURCE).beam[killed.name]?.state === "unreachable", FOUND);
  expect(recorder.dna(SOURCE).beam[killed.name]).toMatchObject({ state: "unreachable", identity: null });
  expect(flagsOf(killed).zombie).toBeUndefined();
});

const byNode = (a: { readonly node: string }, b: { readonly node: string }): number => (a.node < b.node ? -1 : 1);
