/**
 * Failover through the door of the process, on a real Cassandra and in real time: 75 s of counted silence, then
 * conditional releases; again 75 s after a kill; and an end at once when the incarnation beats again.
 */
import type { Client } from "cassandra-driver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole } from "#e2e/fixtures/console.ts";
import {
  type ConsoleApi,
  connectApi,
  gapsIn,
  newRequestId,
  readJournal,
  refusalOf,
} from "#e2e/fixtures/console-api.test-kit.ts";
import { openHerd } from "#e2e/fixtures/herd.test-kit.ts";
import { processorWaitMs } from "#e2e/fixtures/processor-wait.ts";
import { until } from "#e2e/fixtures/until.ts";
import { answeredRequest, type DnaHerd } from "#scripts/dna/herd.ts";
import type { DnaIncarnation } from "#scripts/dna/incarnation.ts";
import { sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import type { JobFacts } from "#server/contract/event.ts";
import { createClient } from "#server/dna/adapters/scylla/client.ts";

const SOURCE = "eu-1";
const KEYSPACE = uniqueKeyspace("failover");
const KEYS_EACH = 100;
const TYPES = [
  { namespace: "eu", moduleId: 0 },
  { namespace: "eu", moduleId: 7 },
];
/** Small rounds and few of them a second, so that a job lasts long enough to be interrupted, also on a busy machine. */
const KEYS_PER_ROUND = 10;
const ROUNDS_PER_SECOND = 0.8;
/** What has a time of its own is asked for by that; everything else comes when it comes. */
const SEEN = { withinMs: 90_000 };
const RELEASE_SILENCE_MS = 75_000;
const AT_REST_READS = 4;
const REASON = "Its host has burnt down";

let herd: DnaHerd;
let database: Client;
let running: RunningConsole;
let api: ConsoleApi;
let killed: DnaIncarnation;
let frozen: DnaIncarnation;
let killedToo: DnaIncarnation;
let living: DnaIncarnation;
let diedAt: number;

beforeAll(async () => {
  const cassandra = await sharedCassandra();
  herd = await openHerd(cassandra, { keyspace: KEYSPACE, cluster: "prod" });
  database = createClient(cassandra);
  killed = await herd.start();
  frozen = await herd.start();
  killedToo = await herd.start();
  living = await herd.start();
  for (const type of TYPES) await herd.claimKeys(type, "city-", (KEYS_EACH / TYPES.length) * 4);
  running = await startConsole({
    configuration: `
limits: { failover: { keysPerRound: ${KEYS_PER_ROUND}, roundsPerSecond: ${ROUNDS_PER_SECOND} } }
regions: [ { id: eu, title: Europe } ]
dna:
  - { id: ${SOURCE}, region: eu, title: Europe 1, modules: { 0: City }, act: true,
      scylla: { contactPoints: ${JSON.stringify(cassandra.contactPoints)}, localDataCenter: ${cassandra.localDataCenter}, keyspace: ${KEYSPACE} } }
`,
  });
  api = connectApi(running.url);
  await until("all are alive", async () => (await statesOf()).every((state) => state === "alive"), SEEN);
});

afterAll(async () => {
  await running?.close();
  await herd?.close();
  await database?.shutdown();
});

async function statesOf(): Promise<readonly string[]> {
  const { nodes } = await api.dna.nodes.list.query({ source: SOURCE });
  return nodes.length === 4 ? nodes.map((node) => node.state) : ["missing"];
}

const stateOf = async (incarnation: DnaIncarnation): Promise<string> =>
  (await api.dna.nodes.get.query({ source: SOURCE, incarnation: incarnation.id })).node.state;

/** When the console had on record that an incarnation is in one of these states; `null` = not yet. */
async function judgedAt(incarnation: DnaIncarnation, states: readonly string[]): Promise<number | null> {
  const events = (await readJournal(api, [`dna:${SOURCE}`])).get(`dna:${SOURCE}`) ?? [];
  const judged = events.find(
    (event) =>
      event.kind === "dna.incarnation.state_changed" &&
      event.subject === incarnation.id &&
      states.includes(event.body.to),
  );
  return judged?.observedAt ?? null;
}

/** Keys by owner, as the table holds them now; asked again while the database does not answer in time. */
const keysOf = (owner: DnaIncarnation): Promise<number> => until("the register is read", () => countKeys(owner));

async function countKeys(owner: DnaIncarnation): Promise<number> {
  let keys = 0;
  for (const { namespace, moduleId } of TYPES) {
    const { rows } = await database.execute(
      `SELECT node_created, node_id FROM ${KEYSPACE}.actors WHERE namespace = ? AND module_id = ?`,
      [namespace, moduleId],
      { prepare: true },
    );
    keys += rows.filter((row) => `${row.node_created?.getTime()}:${row.node_id}` === owner.id).length;
  }
  return keys;
}

async function count(incarnation: DnaIncarnation): Promise<number> {
  const { censusId } = await api.dna.census.start.mutate({ source: SOURCE, incarnation: incarnation.id });
  const done = await until(
    "its keys are counted",
    async () => {
      const census = await api.dna.census.get.query({ source: SOURCE, censusId });
      return census.state === "done" ? census : null;
    },
    SEEN,
  );
  return done.keys;
}

const preview = (incarnation: DnaIncarnation) =>
  api.dna.failover.preview.query({ source: SOURCE, incarnation: incarnation.id });

async function untilReleasable(incarnation: DnaIncarnation, withinMs: number): Promise<void> {
  await until("nothing stands against it", async () => (await preview(incarnation)).refusals.length === 0, {
    withinMs,
    everyMs: 500,
  });
}

async function start(incarnation: DnaIncarnation, requestId = newRequestId()) {
  const { node, keys } = await preview(incarnation);
  if (node.state !== "silent" && node.state !== "gone") throw new Error(`it is ${node.state}`);
  return api.dna.failover.start.mutate({
    source: SOURCE,
    incarnation: incarnation.id,
    expectedState: node.state,
    expectedNode: node.node,
    expectedKeys: keys ?? 0,
    reason: REASON,
    requestId,
  });
}

async function jobOf(jobId: string): Promise<JobFacts> {
  return (await api.jobs.get.query({ jobId })).facts;
}

async function phases(requestId: string): Promise<readonly string[]> {
  const events = (await readJournal(api, ["operator"])).get("operator") ?? [];
  const own = events.filter((event) => event.id === requestId || event.causedBy === requestId);
  return own.map((event) => event.kind).filter((kind) => kind.startsWith("op."));
}

describe("a killed node of a real cluster", () => {
  it("is late within 13 s, and silent or gone within 25 s", async () => {
    await killed.kill();
    diedAt = performance.now();
    const [died, waitedMs] = [Date.now(), processorWaitMs(running.pid())];
    frozen.freeze();
    await killedToo.kill();
    const over = ["silent", "gone"];
    const within = async (states: readonly string[]): Promise<number> => {
      const at = await until("it is on record", () => judgedAt(killed, states), SEEN);
      // What the console waited for a processor that others had is no time of its own.
      return at - died - (processorWaitMs(running.pid()) - waitedMs);
    };
    expect(await within(["late", ...over])).toBeLessThan(13_000);
    expect(await within(over)).toBeLessThan(25_000);
    await until("it is seen", async () => over.includes(await stateOf(killed)), SEEN);
    await until("the other is alive", async () => (await stateOf(living)) === "alive");
  });

  it("is not failed over before 75 s of silence were counted, and never one that lives", async () => {
    expect(await count(killed)).toBe(KEYS_EACH);
    const early = await preview(killed);
    expect(early).toMatchObject({ keys: KEYS_EACH, rounds: KEYS_EACH / KEYS_PER_ROUND });
    expect(early.releasable.readyInMs).toBeGreaterThan(0);
    expect(early.refusals.join()).toContain("75 s");
    expect(await refusalOf(start(killed))).toBe("PRECONDITION_FAILED");
    const alive = { source: SOURCE, incarnation: living.id, expectedNode: living.node, expectedKeys: KEYS_EACH };
    const asked = { ...alive, expectedState: "gone" as const, reason: REASON, requestId: newRequestId() };
    expect(await refusalOf(api.dna.failover.start.mutate(asked))).toBe("CONFLICT");
    expect(await keysOf(killed)).toBe(KEYS_EACH);
  });

  it("is failed over as a job: its keys are free, nobody else's is touched, and it is verified", async () => {
    await untilReleasable(killed, RELEASE_SILENCE_MS + SEEN.withinMs);
    const waitedMs = performance.now() - diedAt;
    expect(waitedMs).toBeGreaterThan(RELEASE_SILENCE_MS - 6_000);
    const requestId = newRequestId();
    const { jobId, journalId } = await start(killed, requestId);
    expect(journalId).toBe(requestId);
    // The same request again is the same job.
    const { node, keys } = await preview(killed);
    const again = { source: SOURCE, incarnation: killed.id, expectedNode: node.node, expectedKeys: keys ?? 0 };
    const repeated = await api.dna.failover.start.mutate({
      ...again,
      expectedState: "gone",
      reason: REASON,
      requestId,
    });
    expect(repeated.jobId).toBe(jobId);

    const done = await until(
      "the job is done",
      async () => {
        const job = await jobOf(jobId);
        return job.state === "running" || job.state === "waiting" ? null : job;
      },
      SEEN,
    );
    expect(done).toMatchObject({ state: "done", note: null });
    expect(done.counts).toEqual({ total: KEYS_EACH, applied: KEYS_EACH, moved: 0, failed: 0, unknown: 0 });
    expect(await keysOf(killed)).toBe(0);
    for (const other of [frozen, killedToo, living]) expect(await keysOf(other)).toBe(KEYS_EACH);
    const { targets } = await api.jobs.get.query({ jobId, limit: 500 });
    expect(targets).toHaveLength(KEYS_EACH);
    await until("it is verified", async () => (await phases(requestId)).at(-1) === "op.verified");
    expect(await phases(requestId)).toEqual(["op.requested", "op.executed", "op.verified"]);
    const request = { namespace: "eu", moduleId: 0, name: "city-00000" };
    expect(await answeredRequest(living, request, "claimed")).toBe("claimed");
  });
});

describe("a frozen node", () => {
  it("that beats again in the middle of its failover keeps what it still has: the job stops", async () => {
    expect(await count(frozen)).toBe(KEYS_EACH);
    const { jobId } = await start(frozen);
    await until("the first keys are free", async () => (await jobOf(jobId)).counts.applied > 0);
    frozen.thaw();
    const stopped = await until("the job has stopped", async () => {
      const job = await jobOf(jobId);
      return job.state === "stopped" ? job : null;
    });
    expect(stopped.note).toContain("beats again");
    expect(stopped.counts.applied).toBeLessThan(KEYS_EACH);
    expect(await keysOf(frozen)).toBe(KEYS_EACH - stopped.counts.applied);
    await until("it has returned", async () => (await stateOf(frozen)) === "returned");
    expect((await preview(frozen)).refusals).not.toEqual([]);
  });
});

describe("a failover whose console is killed", () => {
  it("goes on by itself after the next start, when 75 s of silence were counted again", async () => {
    expect(await count(killedToo)).toBe(KEYS_EACH);
    const requestId = newRequestId();
    const { jobId } = await start(killedToo, requestId);
    await until("the first keys are free", async () => (await jobOf(jobId)).counts.applied > 0);
    await running.kill();
    const leftAtKill = await keysAtRest(killedToo);
    expect(leftAtKill).toBeGreaterThan(0);
    expect(leftAtKill).toBeLessThan(KEYS_EACH);

    const restartedAt = performance.now();
    await running.start();
    const waiting = await until("it waits, saying for what", async () => {
      const job = await jobOf(jobId);
      return job.state === "waiting" ? job : null;
    });
    expect(waiting.note).toContain("75 s");
    const tooEarly: number[] = [];
    const done = await until(
      "the job is done",
      async () => {
        const left = await keysOf(killedToo);
        if (left !== leftAtKill && performance.now() - restartedAt < RELEASE_SILENCE_MS) tooEarly.push(left);
        const job = await jobOf(jobId);
        return job.state === "done" ? job : null;
      },
      { withinMs: RELEASE_SILENCE_MS + SEEN.withinMs, everyMs: 1_000 },
    );
    expect(tooEarly).toEqual([]);
    expect(performance.now() - restartedAt).toBeGreaterThan(RELEASE_SILENCE_MS);
    expect(done.counts).toEqual({ total: KEYS_EACH, applied: KEYS_EACH, moved: 0, failed: 0, unknown: 0 });
    expect(await keysOf(killedToo)).toBe(0);
    expect(await keysOf(living)).toBe(KEYS_EACH + 1);
    await until("it is verified", async () => (await phases(requestId)).at(-1) === "op.verified");
    expect(gapsIn(await readJournal(api))).toEqual([]);
  });

  /** The database may be through with the last round a moment after the console that sent it is gone. */
  async function keysAtRest(owner: DnaIncarnation): Promise<number> {
    const seen: number[] = [];
    const rest = async () => {
      seen.push(await keysOf(owner));
      const last = seen.slice(-AT_REST_READS);
      return last.length === AT_REST_READS && new Set(last).size === 1;
    };
    await until("its keys are at rest", rest, { everyMs: 500 });
    return seen.at(-1) ?? 0;
  }
});
