/**
 * The console killed (-9) and stopped (SIGTERM) under load, on real databases: no event that anybody was shown is ever
 * lost, numbers have no hole, and a client of the live feed goes on from its cursor.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import { type ConsoleApi, connectApi, gapsIn, readJournal } from "#e2e/fixtures/console-api.test-kit.ts";
import { createDynflowDatabase, type DynflowDatabase, failedPlan } from "#e2e/fixtures/dynflow-database.test-kit.ts";
import { openHerd } from "#e2e/fixtures/herd.test-kit.ts";
import { type LiveReader, openLive } from "#e2e/fixtures/live-reader.ts";
import { changePlansForEver, type PlanLoad } from "#e2e/fixtures/plan-load.test-kit.ts";
import { until } from "#e2e/fixtures/until.ts";
import type { DnaHerd } from "#scripts/dna/herd.ts";
import { startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { parseCursor } from "#server/contract/cursor.ts";
import type { JournalEvent } from "#server/contract/event.ts";

const KEYSPACE = uniqueKeyspace("restart");
const PLANS = 150;
const NODES = 3;
const KILLS = 3;
/** What must have been shown before each kill. */
const EVENTS_PER_LIFE = 400;
const STOP_WITHIN_MS = 3_000;

let postgres: TestPostgres;
let database: DynflowDatabase;
let herd: DnaHerd;
let running: RunningConsole;
let api: ConsoleApi;
let load: PlanLoad;

beforeAll(async () => {
  const cassandra = await sharedCassandra();
  postgres = await startPostgres();
  database = await createDynflowDatabase(postgres, "restart");
  herd = await openHerd(cassandra, { keyspace: KEYSPACE, cluster: "prod" });
  for (let started = 0; started < NODES; started += 1) await herd.start();
  const plans = Array.from({ length: PLANS }, () => failedPlan());
  await database.add(plans);
  const access = withoutPassword(database.url, "RESTART_PASSWORD");
  running = await startConsole({
    environment: access.environment,
    configuration: `
regions: [ { id: eu, title: Europe } ]
dna:
  - { id: eu-1, region: eu, title: Europe 1,
      scylla: { contactPoints: ${JSON.stringify(cassandra.contactPoints)}, localDataCenter: ${cassandra.localDataCenter}, keyspace: ${KEYSPACE} } }
dynflow:
  - { id: foreman, region: eu, title: Foreman, url: ${JSON.stringify(access.url)}, passwordEnv: RESTART_PASSWORD }
`,
  });
  api = connectApi(running.url);
  load = changePlansForEver(
    database,
    plans.map((plan) => plan.id),
  );
  await until("both sources are up", async () => {
    const { sources } = await api.overview.get.query();
    return sources.length === 2 && sources.every((source) => source.state === "up");
  });
});

afterAll(async () => {
  await load?.stop();
  await running?.close();
  await herd?.close();
  await database?.close();
  await postgres?.remove();
});

const idsOf = (events: readonly JournalEvent[]) => events.map((event) => `${event.stream} ${event.seq} ${event.id}`);

async function isBehind(cursor: string): Promise<boolean> {
  const stream = "dynflow:foreman";
  const { events } = await api.journal.range.query({ streams: [stream], limit: 1 });
  return BigInt(events[0]?.seq ?? 0) > BigInt(parseCursor(cursor)?.positions[stream]?.seq ?? 0);
}

/** The events of the journal behind a cursor, up to another. */
function between(journal: ReadonlyMap<string, readonly JournalEvent[]>, from: string, to: string) {
  const [start, end] = [parseCursor(from)?.positions ?? {}, parseCursor(to)?.positions ?? {}];
  return Object.entries(end).flatMap(([stream, { seq }]) =>
    (journal.get(stream) ?? []).slice(Number(start[stream]?.seq ?? 0), Number(seq)),
  );
}

const cursorOf = (reader: LiveReader): string => {
  const cursor = reader.cursor();
  if (cursor === null) throw new Error("the feed gave no cursor");
  return cursor;
};

describe("a console killed under load", () => {
  it("has lost nothing it had shown, has no hole, and its feed goes on from the cursor", async () => {
    let reader = await openLive(running.url);
    expect(reader.messages[0]?.type).toBe("snapshot");
    const begin = (reader.messages[0]?.type === "snapshot" ? reader.messages[0].cursor : null) ?? "";
    const shown: JournalEvent[] = [];
    let replayed = 0;
    for (let life = 0; life < KILLS; life += 1) {
      await until("enough was shown", () => reader.events().length >= EVENTS_PER_LIFE);
      await running.kill();
      await reader.ended;
      shown.push(...reader.events());
      const cursor = cursorOf(reader);
      await running.start();
      await until("more has happened behind its back", () => isBehind(cursor));
      reader = await openLive(running.url, { cursor });
      // No snapshot: the client goes on with what it has folded so far.
      expect(reader.messages[0]?.type).toBe("batch");
      replayed += reader.events().length;
    }
    await until("the last life shows something too", () => reader.events().length >= EVENTS_PER_LIFE);
    await reader.close();
    shown.push(...reader.events());

    const journal = await readJournal(api);
    expect(gapsIn(journal)).toEqual([]);
    expect(new Set(idsOf(shown)).size).toBe(shown.length);
    const expected = between(journal, begin, cursorOf(reader));
    expect(idsOf(shown).toSorted()).toEqual(idsOf(expected).toSorted());
    const byId = new Map([...journal.values()].flat().map((event) => [event.id, event]));
    for (const event of shown) expect(byId.get(event.id)).toEqual(event);
    expect(journal.get("console")?.filter((event) => event.kind === "console.started")).toHaveLength(KILLS + 1);
    expect(expected.some((event) => event.stream === "dna:eu-1")).toBe(true);
    expect(replayed).toBeGreaterThan(0);
    process.stdout.write(`${shown.length} events shown over ${KILLS} kills, ${replayed} of them replayed; none lost\n`);
  });

  it("has an audit chain that holds, as `worldline verify-journal` finds", async () => {
    expect(await running.worldline("verify-journal")).toContain("The chain is sound.");
  });

  it("judges every node anew, as nothing was counted while it was dead", async () => {
    await until("all are alive", async () => {
      const { nodes } = await api.dna.nodes.list.query({ source: "eu-1" });
      return nodes.length === NODES && nodes.every((node) => node.state === "alive");
    });
    const journal = await readJournal(api, ["dna:eu-1"]);
    const judged = (journal.get("dna:eu-1") ?? []).filter((event) => event.kind === "dna.incarnation.state_changed");
    expect(judged.filter((event) => event.body.to === "observing").length).toBeGreaterThanOrEqual(NODES * KILLS);
    expect(new Set(judged.map((event) => event.body.to))).toEqual(new Set(["observing", "alive"]));
  });
});

describe("a console told to stop with streams open", () => {
  it("is gone within 3 s, cleanly, and every stream goes on from its cursor afterwards", async () => {
    const readers = await Promise.all(Array.from({ length: 5 }, () => openLive(running.url)));
    await until("all of them were told something", () => readers.every((reader) => reader.events().length > 0));

    const stoppedInMs = await running.stop();
    expect(stoppedInMs).toBeLessThan(STOP_WITHIN_MS);
    await Promise.all(readers.map((reader) => reader.ended));
    expect(lastLineOf(running.output())).toMatchObject({ event: "console.stopped", clean: true });

    await running.start();
    const again = await Promise.all(readers.map((reader) => openLive(running.url, { cursor: reader.cursor() })));
    await until("they go on", () => again.every((reader) => reader.events().length > EVENTS_PER_LIFE / 4));
    await Promise.all(again.map((reader) => reader.close()));
    const journal = await readJournal(api);
    expect(gapsIn(journal)).toEqual([]);
    for (const [index, reader] of again.entries()) {
      expect(reader.messages.every((message) => message.type === "batch")).toBe(true);
      const before = readers[index];
      if (before === undefined) throw new Error("no reader");
      const expected = between(journal, cursorOf(before), cursorOf(reader));
      expect(idsOf(reader.events()).toSorted()).toEqual(idsOf(expected).toSorted());
    }
    process.stdout.write(`stopped in ${Math.round(stoppedInMs)} ms with ${readers.length} streams open\n`);
  });

  it("has kept its secrets out of its log", () => {
    const output = running.output();
    const password = new URL(database.url).password;
    expect(output).not.toContain(password);
    expect(readFileSync(`${running.directory}/worldline.yaml`, "utf8")).not.toContain(password);
  });
});

function lastLineOf(output: string): unknown {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  return JSON.parse(line);
}
