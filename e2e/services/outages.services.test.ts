/**
 * Databases that stop, die and freeze under a running console. It says so within 5 s, of their part only; judges
 * nothing on what it could not read; is whole again within 5 s after they are; and loses no line of its journal.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import {
  type ConsoleApi,
  connectApi,
  gapsIn,
  pingSource,
  readJournal,
  refusalOf,
} from "#e2e/fixtures/console-api.test-kit.ts";
import {
  createDynflowDatabase,
  type DynflowDatabase,
  failedPlan,
  plannedPlan,
} from "#e2e/fixtures/dynflow-database.test-kit.ts";
import { openHerd } from "#e2e/fixtures/herd.test-kit.ts";
import { timeUntil, until } from "#e2e/fixtures/until.ts";
import { type CassandraCluster, type CassandraNode, startCassandra } from "#scripts/cassandra/cluster.ts";
import type { DnaHerd } from "#scripts/dna/herd.ts";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import type { JournalEvent } from "#server/contract/event.ts";

/** What was promised: degraded within this, whole again within this after the port accepts. */
const NOTICED_MS = 5_000;
const KEYSPACE = "outages";
const DNA = "eu-1";
const DYNFLOW = "foreman";
/** One node each: nobody's peer deletes a row because the database was away. */
const CLUSTERS = ["blue", "green"];

let postgres: TestPostgres;
let database: DynflowDatabase;
let cassandra: CassandraCluster;
let herds: readonly DnaHerd[];
let running: RunningConsole;
let api: ConsoleApi;
let pid: number;

beforeAll(async () => {
  [postgres, cassandra] = await Promise.all([startPostgres(), startCassandra()]);
  database = await createDynflowDatabase(postgres, "outages");
  const { contactPoints, localDataCenter } = cassandra;
  const created: DnaHerd[] = [];
  for (const cluster of CLUSTERS) created.push(await openHerd(cassandra, { keyspace: KEYSPACE, cluster }));
  herds = created;
  await Promise.all(herds.map((herd, index) => herd.start(`dna@10.0.0.${index + 1}`)));
  await herds[0]?.claimKeys({ namespace: "eu", moduleId: 0 }, "key-", 5);
  const access = withoutPassword(database.url, "OUTAGES_PASSWORD");
  running = await startConsole({
    environment: access.environment,
    configuration: `
regions: [ { id: eu, title: Europe } ]
dna:
  - { id: ${DNA}, region: eu, title: Europe 1,
      scylla: { contactPoints: ${JSON.stringify(contactPoints)}, localDataCenter: ${localDataCenter}, keyspace: ${KEYSPACE} } }
dynflow:
  - { id: ${DYNFLOW}, region: eu, title: Foreman, url: ${JSON.stringify(access.url)}, passwordEnv: OUTAGES_PASSWORD }
`,
  });
  api = connectApi(running.url);
  pid = running.pid();
  await until("everything is up", isWhole);
  await until("every plan is found", async () => (await foreman()).lapMs !== null);
});

afterAll(async () => {
  await running?.close();
  await Promise.all((herds ?? []).map((herd) => herd.close()));
  await database?.close();
  await postgres?.remove();
  await cassandra?.stop();
});

async function foreman() {
  const { sources, faults } = await api.dynflow.sources.list.query();
  const [source] = sources;
  if (source === undefined) throw new Error("no source");
  return { ...source, faults };
}

async function nodes() {
  return api.dna.nodes.list.query({ source: DNA });
}

async function dynflowIs(health: "up" | "down"): Promise<boolean> {
  const source = await foreman();
  const faulty = source.faults.some((fault) => fault.source === DYNFLOW);
  const ping = await pingSource(running.url, DYNFLOW);
  return source.health === health && faulty === (health === "down") && ping === pingOf(health);
}

async function dnaIs(health: "up" | "down"): Promise<boolean> {
  const { faults } = await nodes();
  const faulty = faults.some((fault) => fault.source === DNA);
  const ping = await pingSource(running.url, DNA);
  return faulty === (health === "down") && ping === pingOf(health);
}

const pingOf = (health: "up" | "down") => (health === "up" ? "200 PONG" : "503 DOWN");

async function allAlive(): Promise<boolean> {
  const list = await nodes();
  return list.nodes.length === CLUSTERS.length && list.nodes.every((node) => node.state === "alive");
}

async function isWhole(): Promise<boolean> {
  return (await dynflowIs("up")) && (await dnaIs("up")) && (await allAlive());
}

/** What was recorded between two readings of the journal, after checking that it only grew and has no hole. */
function recordedSince(
  before: ReadonlyMap<string, readonly JournalEvent[]>,
  after: ReadonlyMap<string, readonly JournalEvent[]>,
  stream: string,
): readonly JournalEvent[] {
  expect(gapsIn(after)).toEqual([]);
  for (const [name, events] of before) expect(after.get(name)?.slice(0, events.length)).toEqual(events);
  return after.get(stream)?.slice(before.get(stream)?.length ?? 0) ?? [];
}

const healthSteps = (events: readonly JournalEvent[]): readonly string[] =>
  events.flatMap((event) => (event.kind === "source.state_changed" ? [event.body.to] : []));

/** What is still broken when a test fails half-way. */
let mend: (() => Promise<void> | void) | null = null;
afterEach(async () => {
  await mend?.();
  mend = null;
});

async function cutOff({ cut, restore }: Fault): Promise<number> {
  const at = performance.now();
  mend = restore;
  await cut();
  return at;
}

async function bringBack({ restore }: Fault): Promise<void> {
  mend = null;
  await restore();
}

interface Fault {
  readonly name: string;
  readonly lastsMs?: number;
  readonly cut: () => Promise<void> | void;
  /** Resolves when the port accepts and statements are answered. */
  readonly restore: () => Promise<void> | void;
}

const POSTGRES_FAULTS: readonly Fault[] = [
  { name: "shut down", cut: () => postgres.stop(), restore: () => postgres.start() },
  { name: "killed", cut: () => postgres.kill(), restore: () => postgres.start() },
  { name: "frozen", cut: () => postgres.pause(), restore: () => postgres.resume() },
];

describe.each(POSTGRES_FAULTS)("PostgreSQL $name", (fault) => {
  it("is down within 5 s, in its own part only, and whole again within 5 s, following what changed", async () => {
    const doomed = failedPlan();
    const ending = failedPlan();
    await database.add([doomed, ending]);
    await until("both plans are followed", async () => (await followed(doomed.id)) && (await followed(ending.id)));
    const before = await readJournal(api);

    const cutAt = await cutOff(fault);
    await until("it is down", () => dynflowIs("down"), { withinMs: NOTICED_MS });
    const noticedMs = performance.now() - cutAt;
    expect(noticedMs).toBeLessThan(NOTICED_MS);
    expect(await dnaIs("up")).toBe(true);
    expect(await allAlive()).toBe(true);
    // An error is never an empty list.
    expect(await refusalOf(api.dynflow.plans.list.query({ source: DYNFLOW }))).toBe("BAD_GATEWAY");
    const overview = await api.overview.get.query();
    expect(overview.faults.map((fault) => fault.source)).toEqual([DYNFLOW]);
    expect(overview.plans.find((entry) => entry.source === DYNFLOW)?.byState.paused).toBeGreaterThanOrEqual(2);

    await bringBack(fault);
    const created = plannedPlan();
    await database.run("update dynflow_execution_plans set state = 'stopped', result = 'success' where uuid = $1", [
      ending.id,
    ]);
    await database.remove(doomed.id);
    await database.add([created]);
    const wholeMs = await timeUntil("it is up", () => dynflowIs("up"), { withinMs: NOTICED_MS });
    expect(wholeMs).toBeLessThan(NOTICED_MS);
    await until("the changes are followed", async () => {
      const unfinished = [await followed(doomed.id), await followed(ending.id), await followed(created.id)];
      return unfinished.join() === "false,false,true";
    });

    expect(running.pid()).toBe(pid);
    const recorded = recordedSince(before, await readJournal(api), `dynflow:${DYNFLOW}`);
    expect(healthSteps(recorded)).toEqual(["down", "up"]);
    const gone = recorded.filter((event) => event.kind === "dynflow.plan.gone").map((event) => event.subject);
    expect(gone).toEqual([doomed.id]);
    expect(recorded.filter((event) => event.kind === "dynflow.world.gone")).toEqual([]);
    process.stdout.write(`PostgreSQL: down after ${Math.round(noticedMs)} ms, up after ${Math.round(wholeMs)} ms\n`);
  });

  async function followed(planId: string): Promise<boolean> {
    const events = await api.journal.range.query({ subject: planId, limit: 1, kinds: LIFE });
    const [latest] = events.events;
    if (latest === undefined || latest.kind === "dynflow.plan.gone") return false;
    if (latest.kind === "dynflow.plan.created") return latest.body.state !== "stopped";
    return latest.kind === "dynflow.plan.state_changed" && latest.body.plan.state !== "stopped";
  }
});

const LIFE = ["dynflow.plan.created", "dynflow.plan.state_changed", "dynflow.plan.gone"];

const database1 = (): CassandraNode => {
  const [node] = cassandra.nodes;
  if (node === undefined) throw new Error("Cassandra has no node");
  return node;
};

/** Longer than any silence that would be judged had it been counted through; the first also makes every write old. */
const LONG_OUTAGE_MS = 21_000;
const LONGEST_OUTAGE_MS = 28_000;
const SHORT_OUTAGE_MS = 8_000;

const CASSANDRA_FAULTS: readonly Fault[] = [
  {
    name: "shut down",
    lastsMs: LONGEST_OUTAGE_MS,
    cut: () => database1().stop(),
    restore: () => database1().start(),
  },
  { name: "killed", lastsMs: SHORT_OUTAGE_MS, cut: () => database1().kill(), restore: () => database1().start() },
  { name: "frozen", cut: () => database1().pause(), restore: () => database1().resume() },
];

describe.each(CASSANDRA_FAULTS)("Cassandra $name", (fault) => {
  it("is down within 5 s, judges nobody by its absence, and is whole again within 5 s", async () => {
    const { lastsMs = LONG_OUTAGE_MS } = fault;
    const before = await readJournal(api);

    const cutAt = await cutOff(fault);
    await until("it is down", () => dnaIs("down"), { withinMs: NOTICED_MS });
    const noticedMs = performance.now() - cutAt;
    expect(noticedMs).toBeLessThan(NOTICED_MS);
    expect(await dynflowIs("up")).toBe(true);
    expect((await nodes()).nodes).toHaveLength(CLUSTERS.length);
    const page = { source: DNA, namespace: "eu", moduleId: 0 };
    expect(await refusalOf(api.dna.actors.page.query(page))).toBe("BAD_GATEWAY");
    await until("nobody is judged any more", async () => {
      const { nodes: seen } = await nodes();
      return seen.every((node) => node.state === "observing");
    });
    await until("a silence would have been judged", () => performance.now() - cutAt > lastsMs);

    await bringBack(fault);
    const wholeMs = await timeUntil("it is up", () => dnaIs("up"), { withinMs: NOTICED_MS });
    expect(wholeMs).toBeLessThan(NOTICED_MS);
    await until("every node is alive again", allAlive);

    expect(running.pid()).toBe(pid);
    const recorded = recordedSince(before, await readJournal(api), `dna:${DNA}`);
    expect(healthSteps(recorded)).toEqual(["down", "up"]);
    const judged = recorded.filter((event) => event.kind === "dna.incarnation.state_changed");
    expect(judged.map((event) => event.body.to).toSorted()).toEqual(["alive", "alive", "observing", "observing"]);
    process.stdout.write(`Cassandra: down after ${Math.round(noticedMs)} ms, up after ${Math.round(wholeMs)} ms\n`);
  });
});
