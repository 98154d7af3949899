/** The built console as a process, on real databases: what its procedures answer is what is true. */
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { createTRPCClient, httpLink } from "@trpc/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import { until } from "#e2e/fixtures/until.ts";
import { createHerd, type DnaHerd } from "#scripts/dna/herd.ts";
import { loadDump, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { parseExactly } from "#server/dynflow/codec/exact-json.test-kit.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import type { AppRouter } from "#server/trpc/app-router.ts";

// biome-ignore lint/suspicious/noExplicitAny: the recorded answers are JSON of another program, compared leaf by leaf
type Expected = any;

const NODES = 4;
const KEYS = 60;
const KEYSPACE = uniqueKeyspace("truth");
const KNOWN = { withinMs: 90_000, everyMs: 250 };

let postgres: TestPostgres;
let herd: DnaHerd;
let running: RunningConsole;
let api: ReturnType<typeof createTRPCClient<AppRouter>>;

beforeAll(async () => {
  const cassandra = await sharedCassandra();
  postgres = await startPostgres();
  const url = await postgres.createDatabase("truth");
  await loadDump(url, "fixtures/dynflow/v25.pg.sql");
  herd = await createHerd({
    ...cassandra,
    keyspace: KEYSPACE,
    replicas: 1,
    cluster: "prod",
    clock: createSystemClock(),
    log: silentLogger,
  });
  for (let started = 0; started < NODES; started += 1) await herd.start();
  await herd.claimKeys({ namespace: "eu", moduleId: 0 }, "city-", KEYS);
  const database = withoutPassword(url, "TRUTH_DB_PASSWORD");
  running = await startConsole({
    environment: database.environment,
    // Compared is what was read, and not what is masked of it.
    configuration: `
masks: []
regions: [ { id: eu, title: Europe } ]
dna:
  - { id: eu-1, region: eu, title: Europe 1, modules: { 0: City },
      scylla: { contactPoints: ${JSON.stringify(cassandra.contactPoints)}, localDataCenter: ${cassandra.localDataCenter}, keyspace: ${KEYSPACE} } }
dynflow:
  - { id: foreman, region: eu, title: Foreman, url: ${JSON.stringify(database.url)}, passwordEnv: TRUTH_DB_PASSWORD }
`,
  });
  api = createTRPCClient<AppRouter>({ links: [httpLink({ url: `${running.url}/api/trpc` })] });
  await until("every node is alive", allAlive, KNOWN);
  await until(
    "every unfinished plan is found",
    async () => {
      const { sources } = await api.dynflow.sources.list.query();
      return sources.every((source) => source.health === "up" && source.lapMs !== null);
    },
    KNOWN,
  );
});

afterAll(async () => {
  await running?.close();
  await herd?.close();
  await postgres?.remove();
});

async function allAlive(): Promise<boolean> {
  const { nodes } = await api.dna.nodes.list.query({ source: "eu-1" });
  return nodes.length === NODES && nodes.every((node) => node.state === "alive");
}

describe("Dynflow of a real 2.0 database", () => {
  const expected: Expected = parseExactly(readFileSync("fixtures/dynflow/v25.pg.expected.json", "utf8"));

  it("answers every plan, step, payload and history as Dynflow's own classes do", async () => {
    const differences: string[] = [];
    let compared = 0;
    const same = (what: string, seen: unknown, wanted: unknown) => {
      compared += 1;
      if (!isDeepStrictEqual(seen, wanted))
        differences.push(
          `${what}: ${JSON.stringify(seen)?.slice(0, 200)} instead of ${JSON.stringify(wanted)?.slice(0, 200)}`,
        );
    };
    for (const plan of expected.plans) await comparePlan(plan, same);
    process.stdout.write(`procedures over PostgreSQL: ${compared} comparisons, ${differences.length} differences\n`);
    expect(differences).toEqual([]);
    expect(compared).toBeGreaterThan(2_000);
  });

  it("lists every plan once, page by page, and counts what it lists", async () => {
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const from: { cursor: string; direction: "next" } | null = cursor === null ? null : { cursor, direction: "next" };
      const page = await api.dynflow.plans.list.query({ source: "foreman", limit: 10, from });
      seen.push(...page.rows.map((row) => row.id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen.toSorted()).toEqual(expected.plans.map((plan: Expected) => plan.id).toSorted());
    const { total } = await api.dynflow.plans.counts.query({ source: "foreman" });
    expect(total).toBe(seen.length);
  });

  it("knows every world and lock of the coordinator", async () => {
    const { worlds, locks } = await until("the coordinator was read", async () => {
      const read = { ...(await api.dynflow.worlds.list.query({})), ...(await api.dynflow.locks.list.query({})) };
      return read.worlds.length > 0 && read.locks.length > 0 ? read : null;
    });
    expect(worlds.map((world) => world.id).toSorted()).toEqual(
      expected.worlds.map((world: Expected) => world.id).toSorted(),
    );
    expect(locks.map((lock) => `${lock.class} ${lock.id}`).toSorted()).toEqual(
      expected.locks.map((lock: Expected) => `${lock.class} ${lock.id}`).toSorted(),
    );
  });

  it("has every unfinished plan in the overview's counts", async () => {
    const wanted: Record<string, number> = {};
    for (const plan of expected.plans) if (plan.state !== "stopped") wanted[plan.state] = (wanted[plan.state] ?? 0) + 1;
    await until(
      "the fold has them all",
      async () => {
        const { plans } = await api.overview.get.query();
        return isDeepStrictEqual(plans.find((entry) => entry.source === "foreman")?.byState, wanted);
      },
      KNOWN,
    );
  });

  it("has registered no world and written nothing, as act is off", async () => {
    const { worlds } = await api.dynflow.worlds.list.query({});
    expect(worlds.filter((world) => world.ours)).toEqual([]);
    const { sources } = await api.dynflow.sources.list.query();
    expect(sources[0]).toMatchObject({ act: false, worldId: null, schemaVersion: 25, dialect: "postgres" });
  });

  async function comparePlan(
    wanted: Expected,
    same: (what: string, seen: unknown, wanted: unknown) => void,
  ): Promise<void> {
    const input = { source: "foreman", planId: wanted.id };
    const [plan, { steps, unlistedStepIds }, { entries }] = await Promise.all([
      api.dynflow.plans.get.query(input),
      api.dynflow.plans.steps.query(input),
      api.dynflow.plans.history.query(input),
    ]);
    const at = (what: string) => `plan ${wanted.id} ${what}`;
    same(at("state"), plan.state, wanted.state);
    same(at("result"), plan.result, wanted.result);
    same(at("valid"), plan.valid, wanted.valid);
    same(at("label"), plan.label, wanted.label);
    same(at("started"), plan.startedAt, wanted.started_at);
    same(at("ended"), plan.endedAt, wanted.ended_at);
    same(
      at("history"),
      entries.map((entry) => [Date.parse(entry.at) / 1000, entry.name, entry.worldId]),
      wanted.execution_history.map((entry: Expected) => [entry.time, entry.name, entry.world_id]),
    );
    if (!wanted.valid) return;
    same(at("progress"), plan.progress, wanted.progress);
    same(at("run flow"), toRuby(plan.runFlow), wanted.run_flow);
    same(at("finalize flow"), toRuby(plan.finalizeFlow), wanted.finalize_flow);
    same(at("sub plans"), plan.subPlanIds.toSorted(), [...wanted.sub_plan_ids].sort());
    const listed = steps.filter((step) => !unlistedStepIds.includes(step.id));
    same(
      at("steps"),
      listed.map((step) => [
        step.id,
        step.state,
        step.actionClass,
        step.startedAt,
        step.endedAt,
        step.queue,
        step.exceptionClass,
      ]),
      wanted.steps.map((step: Expected) => [
        step.id,
        step.state,
        step.action_class,
        step.started_at,
        step.ended_at,
        step.queue,
        step.error?.class_name ?? null,
      ]),
    );
    const failed = wanted.steps.some((step: Expected) => step.state === "error");
    same(at("has a first failed step"), plan.firstFailedStepId !== null, failed);
    for (const step of wanted.steps) await comparePayloads(input, step, wanted, same);
  }

  async function comparePayloads(
    input: { source: string; planId: string },
    step: Expected,
    plan: Expected,
    same: (what: string, seen: unknown, wanted: unknown) => void,
  ): Promise<void> {
    const opened = await api.dynflow.plans.action.query({ ...input, stepId: step.id });
    const action = plan.actions.find((candidate: Expected) => candidate.id === step.action_id);
    const at = (what: string) => `plan ${plan.id} step ${step.id} ${what}`;
    same(at("input"), payloadOf(opened.input), action.input);
    same(at("output"), payloadOf(opened.output) ?? {}, action.output);
    same(
      at("chunks"),
      Array.isArray(opened.chunks)
        ? opened.chunks.map((chunk) => [chunk.kind, chunk.timestamp, payloadOf(chunk.chunk)])
        : opened.chunks,
      action.output_chunks.map((chunk: Expected) => [chunk.kind, chunk.timestamp, chunk.chunk]),
    );
    const error = opened.error !== null && "message" in opened.error ? opened.error.message : null;
    same(at("error"), error, step.error?.message ?? null);
  }
});

describe("DNA of a real Cassandra", () => {
  it("shows the incarnations that beat, and no other", async () => {
    await until("all are alive", allAlive, KNOWN);
    const { nodes, unreadable } = await api.dna.nodes.list.query({ source: "eu-1" });
    const truth = herd.incarnations.map((one) => [one.id, one.node, "alive"]).toSorted();
    expect(nodes.map((node) => [node.incarnation, node.node, node.state]).toSorted()).toEqual(truth);
    expect(unreadable).toEqual([]);
  });

  it("finds every key by type and prefix, with the owner that claimed it", async () => {
    const { types } = await api.dna.types.list.query({ source: "eu-1" });
    expect(types).toEqual([{ namespace: "eu", moduleId: 0, module: "City" }]);
    const names: string[] = [];
    let after: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof api.dna.actors.page.query>> = await api.dna.actors.page.query({
        source: "eu-1",
        namespace: "eu",
        moduleId: 0,
        prefix: "city-0000",
        after,
        limit: 7,
      });
      for (const row of page.rows) if ("name" in row) names.push(row.name);
      after = page.nextAfter;
    } while (after !== null);
    expect(names).toEqual(Array.from({ length: 10 }, (_, index) => `city-0000${index}`));
    const { actor } = await api.dna.actors.get.query({
      source: "eu-1",
      namespace: "eu",
      moduleId: 0,
      name: "city-00001",
    });
    const owners = new Set(herd.incarnations.map((one) => one.id));
    expect(actor !== null && "owner" in actor && actor.owner !== null && owners.has(actor.owner.incarnation)).toBe(
      true,
    );
  });

  it("explains where a message would go now", async () => {
    const key = { source: "eu-1", namespace: "eu", moduleId: 0, name: "city-00001" };
    // Its owner may just have been judged late on a busy machine.
    const owned = await until("its owner is alive", async () => {
      const explained = await api.dna.actors.explain.query(key);
      return (await allAlive()) ? explained : null;
    });
    expect(owned.end).toBe("forward");
    const unknown = await api.dna.actors.explain.query({
      source: "eu-1",
      namespace: "eu",
      moduleId: 0,
      name: "nobody",
    });
    expect(unknown).toMatchObject({ end: "claim", actor: null });
  });

  it("counts the keys of every incarnation", async () => {
    const { censusId } = await api.dna.census.start.mutate({ source: "eu-1", incarnation: null });
    await until(
      "the census is done",
      async () => (await api.dna.census.get.query({ source: "eu-1", censusId })).state === "done",
      KNOWN,
    );
    const keys = await until("the nodes are told by it", async () => {
      const { nodes } = await api.dna.nodes.list.query({ source: "eu-1" });
      return nodes.every(({ owned }) => owned !== null)
        ? nodes.reduce((sum, node) => sum + (node.owned?.keys ?? 0), 0)
        : null;
    });
    expect(keys).toBe(KEYS);
  });

  it("refuses to fail over a node that beats, with the reasons", async () => {
    const [one] = herd.incarnations;
    const preview = await api.dna.failover.preview.query({ source: "eu-1", incarnation: one?.id ?? "" });
    expect(preview.releasable.releasable).toBe(false);
    expect(preview.refusals.length).toBeGreaterThan(1);
  });
});

/** The wire's tree in the words of the recorded answers. */
function toRuby(flow: Expected): unknown {
  if (flow.kind === "step") return { step: flow.stepId };
  return { [flow.kind]: flow.flows.map(toRuby) };
}

function payloadOf(payload: Expected): unknown {
  return "value" in payload ? payload.value : payload;
}
