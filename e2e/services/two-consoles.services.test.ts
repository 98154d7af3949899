/**
 * Two consoles on one journal in a real Cassandra. One writes, the other shows the same. Whatever becomes of the one
 * that writes (frozen, killed, stopped), the other takes over, and what was shown to anybody is in the journal once.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import {
  type ConsoleApi,
  connectApi,
  gapsIn,
  newRequestId,
  readJournal,
  refusalOf,
} from "#e2e/fixtures/console-api.test-kit.ts";
import {
  createDynflowDatabase,
  type DynflowDatabase,
  failedPlan,
  failedStepOf,
} from "#e2e/fixtures/dynflow-database.test-kit.ts";
import { openHerd } from "#e2e/fixtures/herd.test-kit.ts";
import { follows, holderOf, readiness, writes } from "#e2e/fixtures/journal-role.test-kit.ts";
import { type LiveReader, openLive } from "#e2e/fixtures/live-reader.ts";
import { changePlansForEver, type PlanLoad } from "#e2e/fixtures/plan-load.test-kit.ts";
import { timeUntil, until } from "#e2e/fixtures/until.ts";
import { type CassandraCluster, startCassandra } from "#scripts/cassandra/cluster.ts";
import type { DnaHerd } from "#scripts/dna/herd.ts";
import { suspendProcess } from "#scripts/process/suspend.ts";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { canonicalJson } from "#server/contract/canonical.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import type { LiveMessage } from "#server/contract/live.ts";
import type { StoredPlan } from "#server/demo/dynflow/stored-plan.ts";

const DNA_KEYSPACE = "dna";
const JOURNAL_KEYSPACE = "worldline";
const PLANS = 40;
const EVENTS_SHOWN = 150;
/** A lease of 10 s, and what two consoles and a database need on a machine that others use too. */
const TAKEN_OVER_MS = 45_000;
const SECRETS = { TWO_JOURNAL_KEY: "a key of at least thirty-two characters, the same on both" };

interface Console {
  readonly running: RunningConsole;
  readonly api: ConsoleApi;
}

let postgres: TestPostgres;
let cassandra: CassandraCluster;
let database: DynflowDatabase;
let herd: DnaHerd;
let alpha: Console;
let beta: Console;
let load: PlanLoad;
let planIds: readonly string[];
/** A failed plan that nothing changes but whoever acts on it. */
let resting: StoredPlan;

beforeAll(async () => {
  [postgres, cassandra] = await Promise.all([startPostgres(), startCassandra()]);
  database = await createDynflowDatabase(postgres, "two");
  await database.run("delete from dynflow_coordinator_records where class like '%World'");
  herd = await openHerd(cassandra, { keyspace: DNA_KEYSPACE, cluster: "prod" });
  await herd.start();
  await herd.start();
  const plans = Array.from({ length: PLANS }, () => failedPlan());
  planIds = plans.map((plan) => plan.id);
  resting = failedPlan();
  await database.add([...plans, resting]);
  await database.startExecutor();
  const access = withoutPassword(database.url, "TWO_PASSWORD");
  const place = `contactPoints: ${JSON.stringify(cassandra.contactPoints)}, localDataCenter: ${cassandra.localDataCenter}`;
  const open = async (): Promise<Console> => {
    const running = await startConsole({
      environment: { ...access.environment, ...SECRETS },
      journal: `store: scylla, ${place}, keyspace: ${JOURNAL_KEYSPACE}, replication: { ${cassandra.localDataCenter}: 1 }, keyEnv: TWO_JOURNAL_KEY`,
      configuration: `
regions: [ { id: eu, title: Europe } ]
dna:
  - { id: eu-1, region: eu, title: Europe 1, scylla: { ${place}, keyspace: ${DNA_KEYSPACE} } }
dynflow:
  - { id: foreman, region: eu, title: Foreman, url: ${JSON.stringify(access.url)}, passwordEnv: TWO_PASSWORD, act: true }
`,
    });
    return { running, api: connectApi(running.url) };
  };
  alpha = await open();
  await until("the first console writes", () => writes(alpha));
  beta = await open();
  load = changePlansForEver(database, planIds);
});

afterAll(async () => {
  await load?.stop();
  await beta?.running.close();
  await alpha?.running.close();
  await herd?.close();
  await database?.close();
  await postgres?.remove();
  await cassandra?.stop();
});

/** The journal's keyspace has gone with its database for a moment: frozen, as a machine that swaps is. */
async function whileFrozen(work: () => Promise<void>): Promise<void> {
  for (const node of cassandra.nodes) node.pause();
  try {
    await work();
  } finally {
    for (const node of cassandra.nodes) node.resume();
  }
}

async function snapshotOf({ running }: Console): Promise<Extract<LiveMessage, { type: "snapshot" }>> {
  const reader = await openLive(running.url);
  await reader.close();
  const [first] = reader.messages;
  if (first?.type !== "snapshot") throw new Error("the feed did not begin with a snapshot");
  return first;
}

const isShown = (reader: LiveReader) => reader.events().length >= EVENTS_SHOWN;

/** Nothing lost, doubled or missing: what anybody was shown is in the journal as it was shown, and there is no hole. */
async function expectWhole(shown: readonly JournalEvent[]): Promise<void> {
  const [here, there] = await Promise.all([readJournal(alpha.api), readJournal(beta.api)]);
  for (const journal of [here, there]) {
    expect(gapsIn(journal)).toEqual([]);
    const events = [...journal.values()].flat();
    const byId = new Map(events.map((event) => [event.id, event]));
    expect(byId.size).toBe(events.length);
    for (const event of shown) expect(byId.get(event.id)).toEqual(event);
  }
}

/** Where one event of a stream is not the next of the one before: one line each. */
function jumpsIn(events: readonly JournalEvent[]): readonly string[] {
  const last = new Map<string, bigint>();
  return events.flatMap(({ stream, seq }) => {
    const before = last.get(stream);
    last.set(stream, BigInt(seq));
    return before === undefined || BigInt(seq) === before + 1n ? [] : [`${stream}: ${seq} after ${before}`];
  });
}

const resumeOn = ({ api }: Console, requestId: string) =>
  api.dynflow.plans.resume.mutate({
    source: "foreman",
    planId: resting.id,
    expectedState: "paused",
    expectedFailedStepId: failedStepOf(resting),
    requestId,
    reason: "the repository is reachable again",
  });

/** Whether it was carried out at once says its moment: it may be seen before it is answered. */
async function storyOf(requestId: string, { api }: Console): Promise<readonly string[]> {
  const events = (await readJournal(api, ["operator"])).get("operator") ?? [];
  const own = events.filter(({ id, causedBy }) => id === requestId || causedBy === requestId);
  return own.map(({ kind }) => kind).filter((kind) => kind !== "op.executed");
}

/** With nothing changing any more both show the same, and the same as a fold of what is in the journal. */
async function expectSame(): Promise<void> {
  await load.stop();
  try {
    await until("both show the same", async () => {
      const [one, other] = await Promise.all([snapshotOf(alpha), snapshotOf(beta)]);
      if (canonicalJson(one.folds) === canonicalJson(other.folds)) return true;
      throw new Error(differenceOf("folds", one.folds, other.folds) ?? "in their order alone");
    });
  } finally {
    load = changePlansForEver(database, planIds);
  }
}

/** Where two values differ first, and how. */
function differenceOf(at: string, one: unknown, other: unknown): string | null {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return Object.is(one, other) ? null : `${at}: ${JSON.stringify(one)} and ${JSON.stringify(other)}`;
  }
  const [left, right] = [new Map(Object.entries(one)), new Map(Object.entries(other))];
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const found = differenceOf(`${at}.${key}`, left.get(key), right.get(key));
    if (found !== null) return found;
  }
  return null;
}

const clientWorlds = () =>
  database.run("select id from dynflow_coordinator_records where class like '%ClientWorld' order by id");

describe("a console beside another on the same journal", () => {
  it("follows: its screens are live, and show the same", async () => {
    await until("the second follows the first", () => follows(beta, alpha));
    const reader = await openLive(beta.running.url);
    await until("it is told what happens", () => isShown(reader));
    await reader.close();
    const { journal } = await snapshotOf(beta);
    expect(journal).toMatchObject({ ok: true, reason: null, follows: { holder: expect.stringContaining(":") } });
    expect((await snapshotOf(alpha)).journal.follows).toBeUndefined();
    await expectSame();
    await expectWhole(reader.events());
  });

  it("acts on nothing: every action is refused naming who writes, and it registers no world", async () => {
    await until("the writer has its world", async () => (await clientWorlds()).length === 1);
    const { actionsRefused } = await beta.api.session.get.query();
    expect(actionsRefused).toMatch(holderOf(alpha));
    await expect(resumeOn(beta, newRequestId())).rejects.toThrow(holderOf(alpha));
    expect(await clientWorlds()).toHaveLength(1);
  });

  it("is found sound by `check` and `verify-journal`, while both run", async () => {
    expect(await beta.running.worldline("check")).toMatch(
      new RegExp(`\\S+:${alpha.running.pid()} writes it at present`),
    );
    expect(await beta.running.worldline("verify-journal")).toContain("The chain is sound.");
  });
});

describe("a writer that is frozen", () => {
  it("loses the journal to the other within the lease, and follows when it wakes", async () => {
    const reader = await openLive(alpha.running.url);
    /** Somebody who looks at the second console all the time: his stream stays open while it takes over. */
    const onlooker = await openLive(beta.running.url);
    await until("it has shown something", () => isShown(reader));
    suspendProcess(alpha.running.pid());
    try {
      const takenMs = await timeUntil("the other writes", () => writes(beta), { withinMs: TAKEN_OVER_MS });
      process.stdout.write(`taken over from a frozen writer in ${Math.round(takenMs)} ms\n`);
      const heir = await openLive(beta.running.url);
      await until("it records on", () => isShown(heir));
      // Asked of the frozen one: it is handled first thing when it wakes, still taking itself for the writer.
      const lateId = newRequestId();
      const late = refusalOf(resumeOn(alpha, lateId));
      process.kill(alpha.running.pid(), "SIGCONT");
      // By its epoch, or before that by what timed out while it slept: it is not done, whoever says so first.
      expect(["PRECONDITION_FAILED", "SERVICE_UNAVAILABLE", "BAD_GATEWAY"]).toContain(await late);
      await until("the first follows", () => follows(alpha, beta));
      expect(await storyOf(lateId, beta)).toEqual([]);
      const ownId = newRequestId();
      await until("the one that writes now acts", () => resumeOn(beta, ownId));
      await until("it is seen", async () => (await storyOf(ownId, alpha)).includes("op.verified"));
      expect(await storyOf(ownId, alpha)).toEqual(["op.requested", "op.verified"]);
      await until("only the writer has a world", async () => (await clientWorlds()).length === 1);
      // What is in the journal can be read there before the next batch of the feed is due.
      await until("the onlooker is told", () => onlooker.events().some(({ id }) => id === ownId));
      expect(onlooker.messages.filter(({ type }) => type === "snapshot")).toHaveLength(1);
      expect(jumpsIn(onlooker.events())).toEqual([]);
      await Promise.all([heir.close(), reader.close(), onlooker.close()]);
      await expectWhole([...reader.events(), ...heir.events(), ...onlooker.events()]);
    } finally {
      process.kill(alpha.running.pid(), "SIGCONT");
    }
    await expectSame();
  });
});

describe("a writer that is killed", () => {
  it("is replaced within the lease, nothing it had shown is lost, and it follows when it is back", async () => {
    const reader = await openLive(beta.running.url);
    await until("it has shown something", () => isShown(reader));
    await beta.running.kill();
    await reader.ended;
    const takenMs = await timeUntil("the other writes", () => writes(alpha), { withinMs: TAKEN_OVER_MS });
    process.stdout.write(`taken over from a killed writer in ${Math.round(takenMs)} ms\n`);
    await beta.running.start();
    await until("the killed one follows", () => follows(beta, alpha));
    const heir = await openLive(beta.running.url);
    await until("events go on", () => isShown(heir));
    await heir.close();
    await expectWhole([...reader.events(), ...heir.events()]);
    await expectSame();
  });
});

describe("a writer that is told to stop", () => {
  it("gives the journal away: the other need not wait for its lease to run out", async () => {
    await alpha.running.stop();
    const takenMs = await timeUntil("the other writes", () => writes(beta), { withinMs: TAKEN_OVER_MS });
    process.stdout.write(`taken over from a stopped writer in ${Math.round(takenMs)} ms\n`);
    await alpha.running.start();
    await until("the stopped one follows", () => follows(alpha, beta));
    await expectSame();
    await expectWhole([]);
    expect(await alpha.running.worldline("verify-journal")).toContain("The chain is sound.");
    for (const { running } of [alpha, beta]) {
      expect(running.output()).not.toContain(SECRETS.TWO_JOURNAL_KEY);
      expect(running.output()).not.toContain("unhandled");
    }
  });
});

describe("a journal whose database does not answer", () => {
  it("is said to be away on both, nothing is done, looking goes on, and afterwards nothing is missing", async () => {
    const reader = await openLive(beta.running.url);
    await until("it has shown something", () => isShown(reader));
    await whileFrozen(async () => {
      for (const one of [alpha, beta]) await until("it is said", async () => (await readiness(one)).status === 503);
      const { actionsRefused } = await beta.api.session.get.query();
      expect(actionsRefused).not.toBeNull();
      await expect(resumeOn(beta, newRequestId())).rejects.toThrow();
      const planId = planIds[0] ?? "";
      // The source itself is there, and is looked at.
      expect((await beta.api.dynflow.plans.get.query({ source: "foreman", planId })).id).toBe(planId);
    });
    await until("one of them writes again", async () => (await writes(alpha)) || (await writes(beta)), {
      withinMs: TAKEN_OVER_MS,
    });
    await until("the other follows", async () => (await follows(alpha, beta)) || (await follows(beta, alpha)));
    await reader.close();
    await expectWhole(reader.events());
    await expectSame();
  });
});
