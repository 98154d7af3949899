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
import { processorWaitMs } from "#e2e/fixtures/processor-wait.ts";
import { until } from "#e2e/fixtures/until.ts";
import { type CassandraCluster, type CassandraNode, startCassandra } from "#scripts/cassandra/cluster.ts";
import type { DnaHerd } from "#scripts/dna/herd.ts";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import type { JournalEvent } from "#server/contract/event.ts";

/**
 * What was promised: degraded within this, whole again within this after the port accepts. By the console's own record, and
 * without the time that it waited for a processor that others had.
 */
const NOTICED_MS = 5_000;
const SEEN = { withinMs: 60_000 };
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
  await until("everything is up", isWhole, SEEN);
  await until("every plan is found", async () => (await foreman()).lapMs !== null, SEEN);
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

interface Moment {
  readonly at: number;
  readonly processorWaitMs: number;
}
const moment = (): Moment => ({ at: Date.now(), processorWaitMs: processorWaitMs(pid) });

/** Waits until it is seen that a source is so; answers how long after a moment the console had it on record. */
async function recordedAfter(
  since: Moment,
  stream: string,
  health: "up" | "down",
  isSeen: () => Promise<boolean>,
): Promise<number> {
  const moments: Moment[] = [];
  const seen = () => {
    moments.push(moment());
    return isSeen();
  };
  await until(`${stream} is ${health}`, seen, SEEN);
  const steps = (await readJournal(api, [stream])).get(stream) ?? [];
  const step = steps.findLast((event) => event.kind === "source.state_changed");
  if (step?.kind !== "source.state_changed" || step.body.to !== health) throw new Error("the last step is another");
  const then = moments.find(({ at }) => at >= step.observedAt) ?? moment();
  return step.observedAt - since.at - (then.processorWaitMs - since.processorWaitMs);
}

const healthSteps = (events: readonly JournalEvent[]): readonly string[] =>
  events.flatMap((event) => (event.kind === "source.state_changed" ? [event.body.to] : []));

/** What is still broken when a test fails half-way. */
let mend: (() => Promise<void> | void) | null = null;
afterEach(async () => {
  await mend?.();
  mend = null;
});

/** Answers when the database had gone. */
async function cutOff({ cut, restore }: Fault): Promise<Moment> {
  mend = restore;
  await cut();
  return moment();
}

/** Answers when statements were answered again. */
async function bringBack({ restore }: Fault): Promise<Moment> {
  mend = null;
  await restore();
  return moment();
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
    await until(
      "both plans are followed",
      async () => (await followed(doomed.id)) && (await followed(ending.id)),
      SEEN,
    );
    const before = await readJournal(api);

    const gone = await cutOff(fault);
    const noticedMs = await recordedAfter(gone, `dynflow:${DYNFLOW}`, "down", () => dynflowIs("down"));
    expect(noticedMs).toBeLessThan(NOTICED_MS);
    await until("the rest is as it was", async () => (await dnaIs("up")) && (await allAlive()));
    // An error is never an empty list.
    expect(await refusalOf(api.dynflow.plans.list.query({ source: DYNFLOW }))).toBe("BAD_GATEWAY");
    const overview = await api.overview.get.query();
    expect(overview.faults.map((fault) => fault.source)).toEqual([DYNFLOW]);
    expect(overview.plans.find((entry) => entry.source === DYNFLOW)?.byState.paused).toBeGreaterThanOrEqual(2);

    const back = await bringBack(fault);
    const created = plannedPlan();
    await database.run("update dynflow_execution_plans set state = 'stopped', result = 'success' where uuid = $1", [
      ending.id,
    ]);
    await database.remove(doomed.id);
    await database.add([created]);
    const wholeMs = await recordedAfter(back, `dynflow:${DYNFLOW}`, "up", () => dynflowIs("up"));
    expect(wholeMs).toBeLessThan(NOTICED_MS);
    await until(
      "the changes are followed",
      async () => {
        const unfinished = [await followed(doomed.id), await followed(ending.id), await followed(created.id)];
        return unfinished.join() === "false,false,true";
      },
      SEEN,
    );

    expect(running.pid()).toBe(pid);
    const after = await readJournal(api);
    const recorded = recordedSince(before, after, `dynflow:${DYNFLOW}`);
    expect(healthSteps(recorded)).toEqual(["down", "up"]);
    expect(healthSteps(recordedSince(before, after, `dna:${DNA}`))).toEqual([]);
    const lost = recorded.filter((event) => event.kind === "dynflow.plan.gone").map((event) => event.subject);
    expect(lost).toEqual([doomed.id]);
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

    const gone = await cutOff(fault);
    const noticedMs = await recordedAfter(gone, `dna:${DNA}`, "down", () => dnaIs("down"));
    expect(noticedMs).toBeLessThan(NOTICED_MS);
    await until("the rest is as it was", () => dynflowIs("up"));
    expect((await nodes()).nodes).toHaveLength(CLUSTERS.length);
    const page = { source: DNA, namespace: "eu", moduleId: 0 };
    expect(await refusalOf(api.dna.actors.page.query(page))).toBe("BAD_GATEWAY");
    await until("nobody is judged any more", async () => {
      const { nodes: seen } = await nodes();
      return seen.every((node) => node.state === "observing");
    });
    await until("a silence would have been judged", () => Date.now() - gone.at > lastsMs, {
      withinMs: lastsMs + SEEN.withinMs,
    });

    const back = await bringBack(fault);
    const wholeMs = await recordedAfter(back, `dna:${DNA}`, "up", () => dnaIs("up"));
    expect(wholeMs).toBeLessThan(NOTICED_MS);
    await until("every node is alive again", allAlive, SEEN);

    expect(running.pid()).toBe(pid);
    const after = await readJournal(api);
    const recorded = recordedSince(before, after, `dna:${DNA}`);
    expect(healthSteps(recorded)).toEqual(["down", "up"]);
    expect(healthSteps(recordedSince(before, after, `dynflow:${DYNFLOW}`))).toEqual([]);
    const judged = recorded.filter((event) => event.kind === "dna.incarnation.state_changed");
    expect(judged.map((event) => event.body.to).toSorted()).toEqual(["alive", "alive", "observing", "observing"]);
    process.stdout.write(`Cassandra: down after ${Math.round(noticedMs)} ms, up after ${Math.round(wholeMs)} ms\n`);
  });
});
