/**
 * One failover job, two whole consoles on one journal, one DNA cluster in a real Cassandra: the one that writes does it,
 * the other refuses by name; when the writer is frozen in the middle the other goes on with the very same job, and the
 * one that wakes writes nothing any more. That the node is dead is proven by its host's port mapper, so nothing waits 75 s.
 */
import type { Client } from "cassandra-driver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole } from "#e2e/fixtures/console.ts";
import { type ConsoleApi, connectApi, gapsIn, newRequestId, readJournal } from "#e2e/fixtures/console-api.test-kit.ts";
import { openHerd } from "#e2e/fixtures/herd.test-kit.ts";
import { follows, holderOf, writes } from "#e2e/fixtures/journal-role.test-kit.ts";
import { until } from "#e2e/fixtures/until.ts";
import { answeredRequest, type DnaHerd } from "#scripts/dna/herd.ts";
import type { DnaIncarnation } from "#scripts/dna/incarnation.ts";
import { suspendProcess } from "#scripts/process/suspend.ts";
import { startEpmd, type TestEpmd } from "#scripts/testing/epmd.ts";
import { sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import type { JobFacts } from "#server/contract/event.ts";
import { createClient } from "#server/dna/adapters/scylla/client.ts";

const SOURCE = "eu-1";
const DNA_KEYSPACE = uniqueKeyspace("one_job");
const JOURNAL_KEYSPACE = uniqueKeyspace("one_job_journal");
const TYPE = { namespace: "eu", moduleId: 0 };
const KEYS_EACH = 120;
/** Small rounds and few of them a second, so that the job is under way for longer than it takes to freeze its console. */
const KEYS_PER_ROUND = 10;
const ROUNDS_PER_SECOND = 0.8;
/** A lease of 10 s, and what two consoles and a database need on a machine that others use too. */
const TAKEN_OVER_MS = 60_000;
const PROVEN_MS = 120_000;
const SECRETS = { ONE_JOB_KEY: "a key of at least thirty-two characters, the same on both", ONE_JOB_COOKIE: "none" };

interface Console {
  readonly running: RunningConsole;
  readonly api: ConsoleApi;
}

let epmd: TestEpmd;
let herd: DnaHerd;
let database: Client;
let alpha: Console;
let beta: Console;
let dead: DnaIncarnation;
let living: DnaIncarnation;

beforeAll(async () => {
  const [cassandra, mapper] = await Promise.all([sharedCassandra(), startEpmd()]);
  epmd = mapper;
  const { contactPoints, localDataCenter } = cassandra;
  herd = await openHerd(cassandra, { keyspace: DNA_KEYSPACE, cluster: "prod" });
  database = createClient(cassandra);
  dead = await herd.start("one@127.0.0.1");
  living = await herd.start("two@127.0.0.1");
  await herd.claimKeys(TYPE, "city-", 2 * KEYS_EACH);
  const place = `contactPoints: ${JSON.stringify(contactPoints)}, localDataCenter: ${localDataCenter}`;
  const open = async (name: string): Promise<Console> => {
    const running = await startConsole({
      environment: SECRETS,
      journal: `store: scylla, ${place}, keyspace: ${JOURNAL_KEYSPACE}, replication: { ${localDataCenter}: 1 }, keyEnv: ONE_JOB_KEY`,
      configuration: `
limits: { failover: { keysPerRound: ${KEYS_PER_ROUND}, roundsPerSecond: ${ROUNDS_PER_SECOND} } }
regions: [ { id: eu, title: Europe } ]
dna:
  - { id: ${SOURCE}, region: eu, title: Europe 1, act: true, scylla: { ${place}, keyspace: ${DNA_KEYSPACE} },
      beam: { name: "${name}@127.0.0.1", cookieEnv: ONE_JOB_COOKIE, epmdPort: ${epmd.port} } }
`,
    });
    return { running, api: connectApi(running.url) };
  };
  alpha = await open("alpha");
  await until("the first console writes", () => writes(alpha));
  beta = await open("beta");
});

afterAll(async () => {
  await beta?.running.close();
  await alpha?.running.close();
  await herd?.close();
  await database?.shutdown();
  await epmd?.remove();
});

const preview = ({ api }: Console) => api.dna.failover.preview.query({ source: SOURCE, incarnation: dead.id });
const jobOf = async ({ api }: Console, jobId: string): Promise<JobFacts> =>
  (await api.jobs.get.query({ jobId, limit: 1 })).facts;

function start({ api }: Console, requestId: string) {
  return api.dna.failover.start.mutate({
    ...{ source: SOURCE, incarnation: dead.id, targets: null },
    ...{ expectedState: "gone", expectedNode: dead.node, expectedKeys: KEYS_EACH },
    ...{ reason: "its host has burnt down", requestId },
  });
}

interface Row {
  readonly owner: string;
  /** Microseconds, as the database took the write. */
  readonly writtenAt: string;
}

/** Every row of the register, by its key; asked again while the database does not answer in time. */
const register = (): Promise<ReadonlyMap<string, Row>> => until("the register is read", readRegister);

async function readRegister(): Promise<ReadonlyMap<string, Row>> {
  const { rows } = await database.execute(
    `SELECT name, node_created, node_id, WRITETIME(node_id) AS at FROM ${DNA_KEYSPACE}.actors WHERE namespace = ? AND module_id = ?`,
    [TYPE.namespace, TYPE.moduleId],
    { prepare: true },
  );
  return new Map(
    rows.map((row) => [
      String(row.name),
      { owner: `${row.node_created?.getTime()}:${row.node_id}`, writtenAt: String(row.at) },
    ]),
  );
}
const ownedBy = (rows: ReadonlyMap<string, Row>, { id }: DnaIncarnation) =>
  [...rows].filter(([, { owner }]) => owner === id).map(([name]) => name);

describe("a failover with two consoles on one journal", () => {
  it("is done by the writer, refused by name at the follower, and gone on with once after a take-over", async () => {
    await until("the second follows the first", () => follows(beta, alpha), { withinMs: TAKEN_OVER_MS });
    await dead.kill();
    const { censusId } = await alpha.api.dna.census.start.mutate({ source: SOURCE, incarnation: dead.id });
    await until("its keys are counted", async () => {
      const census = await alpha.api.dna.census.get.query({ source: SOURCE, censusId });
      return census.state === "done";
    });
    await until(
      "it is proven dead",
      async () => {
        const { refusals, node } = await preview(alpha);
        return refusals.length === 0 && node.state === "gone";
      },
      { withinMs: PROVEN_MS },
    );

    const atFirst = await register();
    const names = ownedBy(atFirst, dead);
    expect(names).toHaveLength(KEYS_EACH);
    await expect(start(beta, newRequestId())).rejects.toThrow(holderOf(alpha));
    const requestId = newRequestId();
    const { jobId } = await start(alpha, requestId);
    // One at a time, also at the writer itself.
    await expect(start(alpha, newRequestId())).rejects.toThrow(/job/i);
    await until("the first keys are free", async () => (await jobOf(alpha, jobId)).counts.applied > 0, {
      everyMs: 100,
    });
    suspendProcess(alpha.running.pid());
    try {
      const atFreeze = await register();
      const left = ownedBy(atFreeze, dead).length;
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThan(KEYS_EACH);
      // What is free by now is taken by one that lives: nobody may release that again.
      const free = names.filter((name) => !atFreeze.has(name));
      for (const name of free) expect(await answeredRequest(living, { ...TYPE, name }, "claimed")).toBe("claimed");
      const claimed = await register();

      await until("the other writes", () => writes(beta), { withinMs: TAKEN_OVER_MS });
      process.kill(alpha.running.pid(), "SIGCONT");
      const done = await until(
        "the job is done",
        async () => {
          const job = await jobOf(beta, jobId);
          return job.state === "running" || job.state === "waiting" ? null : job;
        },
        { withinMs: PROVEN_MS },
      );
      expect(done).toMatchObject({ state: "done", note: null });
      const { applied, moved, failed, unknown } = done.counts;
      expect({ all: applied + moved, failed, unknown }).toEqual({ all: KEYS_EACH, failed: 0, unknown: 0 });
      await until("the one that woke follows", () => follows(alpha, beta), { withinMs: TAKEN_OVER_MS });
      await expect(start(alpha, newRequestId())).rejects.toThrow(holderOf(beta));

      const atEnd = await register();
      expect(ownedBy(atEnd, dead)).toEqual([]);
      // Nothing that is another's was written, and of what was the dead one's nothing twice.
      for (const [name, row] of claimed) if (row.owner === living.id) expect(atEnd.get(name)).toEqual(row);
      expect(atEnd.size).toBe(KEYS_EACH + free.length);
    } finally {
      process.kill(alpha.running.pid(), "SIGCONT");
    }

    const { targets } = await beta.api.jobs.get.query({ jobId, limit: 500 });
    expect(targets).toHaveLength(KEYS_EACH);
    expect(new Set(targets.map(({ key }) => key)).size).toBe(KEYS_EACH);
    await until("it is verified", async () => (await storyOf(beta, requestId)).includes("op.verified"));
    const story = await storyOf(beta, requestId);
    expect(story.filter((kind) => kind === "op.requested" || kind === "job.created")).toEqual([
      "op.requested",
      "job.created",
    ]);
    expect(story.filter((kind) => kind === "op.verified")).toHaveLength(1);
    expect(gapsIn(await readJournal(alpha.api))).toEqual([]);

    async function storyOf({ api }: Console, id: string): Promise<readonly string[]> {
      const events = (await readJournal(api, ["operator"])).get("operator") ?? [];
      return events
        .filter((event) => event.id === id || event.causedBy === id || event.subject === jobId)
        .map(({ kind }) => kind);
    }
  });
});
