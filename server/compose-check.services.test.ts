import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Client as CassandraClient } from "cassandra-driver";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { executeMariadb, startMariadb, type TestMariadb } from "#scripts/testing/mariadb.ts";
import { execute, loadDump, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import { sharedCassandra, uniqueKeyspace } from "#scripts/testing/shared-cassandra.ts";
import { createDnaTables } from "#server/dna/adapters/scylla/testing/schema.ts";
import { emptyMysqlDatabase } from "#server/dynflow/adapters/mysql/mysql-database.test-kit.ts";
import { createHafDatabase, loadHafStep } from "#server/haf/adapters/postgres/haf-database.test-kit.ts";
import { openScyllaJournal } from "#server/journal/adapters/scylla/journal.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

const ROOT = path.resolve(import.meta.dirname, "..");
const PASSWORD = "canary-5f0e";
const JOURNAL_KEYS = {
  JOURNAL_KEY: "a key of at least thirty-two characters",
  OTHER_KEY: "another key of at least thirty-two characters",
};
/** Names that only right quoting brings to the database. */
const ROLE = 'ops "x"';
const RUNS = 3;
const CHECK_TIMEOUT_MS = 300_000;

interface Checked {
  readonly code: number;
  readonly text: string;
}

/**
 * The same, run again a few times while the words are missing that it should say: a machine that others use may let a
 * time-out of a connection pass.
 */
async function check(configuration: string, words: string | RegExp): Promise<Checked> {
  for (let run = 1; ; run += 1) {
    const checked = await checkOnce(configuration);
    if (run === RUNS || new RegExp(words).test(checked.text)) return checked;
  }
}

/** `worldline check`, as a person runs it: its exit code and everything it printed. */
async function checkOnce(configuration: string): Promise<Checked> {
  const folder = await mkdtemp(path.join(tmpdir(), "worldline-check-"));
  try {
    const file = path.join(folder, "worldline.yaml");
    await writeFile(file, configuration);
    const args = ["--disable-warning=ExperimentalWarning", "server/cli/main.ts", "check", "--config", file];
    const env = { ...process.env, ...JOURNAL_KEYS, OPS_PASSWORD: PASSWORD };
    const done = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env }).then(
      ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
      (failed: { code: number; stdout: string; stderr: string }) => ({
        code: failed.code,
        text: failed.stdout + failed.stderr,
      }),
    );
    expect(done.text).not.toContain(PASSWORD);
    return done;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe("worldline check on PostgreSQL", { timeout: CHECK_TIMEOUT_MS }, () => {
  let server: TestPostgres;
  let url = "";
  let opsUrl = "";
  beforeAll(async () => {
    server = await startPostgres();
    url = await server.createDatabase("check");
    await loadDump(url, path.join(ROOT, "fixtures/dynflow/v25.pg.sql"));
    const quoted = `"${ROLE.replaceAll('"', '""')}"`;
    await execute(url, (client) => client.query(`CREATE ROLE ${quoted} LOGIN PASSWORD '${PASSWORD}'`));
    const own = new URL(url);
    own.username = encodeURIComponent(ROLE);
    own.password = "";
    opsUrl = own.href;
  });
  afterAll(() => server.remove());

  const configuration = (act: boolean) =>
    `dynflow: [ { id: foreman, url: ${JSON.stringify(opsUrl)}, passwordEnv: OPS_PASSWORD, act: ${act} } ]`;
  const grantsOf = (text: string) =>
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line.startsWith("GRANT "));

  it.each([false, true])("prints GRANTs after which nothing is missing, act: %s", async (act) => {
    const before = await check(configuration(act), "GRANT ");
    expect(before.code).toBe(1);
    const grants = grantsOf(before.text);
    expect(grants.some((grant) => /INSERT|UPDATE|DELETE/.test(grant))).toBe(act);
    await execute(url, async (client) => {
      for (const grant of grants) await client.query(grant);
    });
    const after = await check(configuration(act), "Nothing is missing");
    expect(after.text).toContain("Nothing is missing.");
    expect(after.text).toContain("Dynflow schema 25");
    expect(after.code).toBe(0);
  });

  it("changes nothing", async () => {
    const rows = () =>
      execute(url, (client) =>
        client.query("SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables ORDER BY relname"),
      );
    const before = (await rows()).rows;
    await check(configuration(true), "Nothing is missing");
    expect((await rows()).rows).toEqual(before);
  });

  it("says what is wrong when nobody answers, within seconds", async () => {
    const text =
      'dynflow: [ { id: gone, url: "postgres://ops@127.0.0.1:9/x" }, { id: file, url: "sqlite:///nowhere.sqlite" } ]';
    const result = await checkOnce(text);
    expect(result.code).toBe(1);
    expect(result.text).toMatch(/dynflow gone[\s\S]+MISSING connection PostgreSQL did not answer/);
    expect(result.text).toMatch(/dynflow file[\s\S]+MISSING connection \/nowhere\.sqlite/);
  });

  it("prints the GRANT after which a HAF stack is seen whole", async () => {
    const stack = await createHafDatabase(server, "check_haf");
    await loadHafStep(stack.url, 19);
    const own = new URL(stack.url);
    own.username = encodeURIComponent(ROLE);
    own.password = "";
    const file = `haf: [ { id: hive, url: ${JSON.stringify(own.href)}, passwordEnv: OPS_PASSWORD, apps: [app1] } ]`;
    const before = await check(file, "GRANT ");
    expect(before.code).toBe(1);
    expect(grantsOf(before.text)).toContain('GRANT hive_applications_group TO "ops ""x""";');
    await execute(stack.url, async (client) => {
      for (const grant of grantsOf(before.text)) await client.query(grant);
    });
    const after = await check(file, "apps: app1, app2, app3");
    expect(after.text).toContain("apps: app1, app2, app3");
    expect(after.code).toBe(0);
    const noEngine = await checkOnce(file.replace("apps: [app1]", "docker: { socket: /nowhere, project: haf-world }"));
    expect(noEngine.text).toContain("MISSING connection Docker engine");
    expect(noEngine.code).toBe(1);
  });
});

describe("worldline check on MariaDB", { timeout: CHECK_TIMEOUT_MS }, () => {
  /** Names that only right quoting brings to the database. */
  const ACCOUNT = "ops `x";
  let server: TestMariadb;
  let url = "";
  beforeAll(async () => {
    server = await startMariadb();
  });
  afterAll(() => server.remove());

  const prepared = async (): Promise<string> => {
    url = await emptyMysqlDatabase(server, "25");
    await executeMariadb(url, (connection) =>
      connection.query("CREATE OR REPLACE USER ?@'127.0.0.1' IDENTIFIED BY ?", [ACCOUNT, PASSWORD]),
    );
    // Whoever may do nothing in a database may not even come in.
    await executeMariadb(url, (connection) =>
      connection.query("GRANT SELECT (uuid) ON dynflow_execution_plans TO ?@'127.0.0.1'", [ACCOUNT]),
    );
    const own = new URL(url);
    own.username = encodeURIComponent(ACCOUNT);
    own.password = "";
    return own.href;
  };

  it.each([false, true])("prints GRANTs after which nothing is missing, act: %s", async (act) => {
    const own = await prepared();
    const configuration = `dynflow: [ { id: foreman, url: ${JSON.stringify(own)}, passwordEnv: OPS_PASSWORD, act: ${act} } ]`;
    const before = await check(configuration, "GRANT ");
    expect(before.code).toBe(1);
    const grants = before.text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line.startsWith("GRANT "));
    expect(grants.some((grant) => /INSERT|UPDATE|DELETE/.test(grant))).toBe(act);
    await executeMariadb(url, async (connection) => {
      for (const grant of grants) await connection.query(grant);
    });
    const after = await check(configuration, "Nothing is missing");
    expect(after.text).toContain("Nothing is missing.");
    expect(after.text).toContain("Dynflow schema 25");
    expect(after.code).toBe(0);
  });

  it("says what is wrong when nobody answers, and of a database that is none of Dynflow's", async () => {
    const bare = new URL(await server.createDatabase("bare"));
    bare.password = "";
    const text = `dynflow: [ { id: gone, url: "mariadb://ops@127.0.0.1:9/x" }, { id: bare, url: "${bare.href}", passwordEnv: ROOT_PASSWORD } ]`;
    process.env.ROOT_PASSWORD = new URL(server.rootUrl).password;
    const result = await check(text, "there is no table dynflow_schema_info");
    delete process.env.ROOT_PASSWORD;
    expect(result.code).toBe(1);
    expect(result.text).toMatch(/dynflow gone[\s\S]+MISSING connection MySQL did not answer/);
    expect(result.text).toMatch(/dynflow bare[\s\S]+MISSING capability there is no table dynflow_schema_info/);
  });
});

describe("worldline check on Cassandra", { timeout: CHECK_TIMEOUT_MS }, () => {
  it("finds the tables, and says which keyspace holds them when the configured one does not", async () => {
    const { contactPoints, localDataCenter } = await sharedCassandra();
    const keyspace = uniqueKeyspace("Check");
    const admin = new CassandraClient({
      contactPoints: [...contactPoints],
      localDataCenter,
      isMetadataSyncEnabled: false,
      socketOptions: { readTimeout: 60_000 },
    });
    try {
      await createDnaTables(admin, { keyspace, dataCenter: localDataCenter, replicas: 1 });
      const source = (name: string) =>
        `dna: [ { id: eu-1, cluster: prod, act: true, scylla: { contactPoints: ${JSON.stringify(contactPoints)}, localDataCenter: ${localDataCenter}, keyspace: ${name} } } ]`;
      const sound = await check(source(keyspace), "no node has written cluster prod yet");
      expect(sound.text).toContain("Apache Cassandra 5");
      expect(sound.text).toContain(`keyspace ${keyspace} holds DNA's tables`);
      expect(sound.text).toContain("no node has written cluster prod yet");
      expect(sound.code).toBe(0);
      const wrong = await check(source("elsewhere"), keyspace);
      expect(wrong.code).toBe(1);
      expect(wrong.text).toContain(keyspace);
    } finally {
      await admin.execute(`DROP KEYSPACE IF EXISTS "${keyspace}"`);
      await admin.shutdown();
    }
  });
});

describe("worldline check of a journal in Cassandra", { timeout: CHECK_TIMEOUT_MS }, () => {
  it("says that none is there yet, then who writes it, and what is wrong with another key", async () => {
    const { contactPoints, localDataCenter } = await sharedCassandra();
    const keyspace = uniqueKeyspace("journal");
    const place = { contactPoints, localDataCenter, keyspace, replication: { [localDataCenter]: 1 } };
    const journal = (keyEnv: string) =>
      `journal: { store: scylla, contactPoints: ${JSON.stringify(contactPoints)}, localDataCenter: ${localDataCenter}, keyspace: ${keyspace}, replication: { ${localDataCenter}: 1 }, keyEnv: ${keyEnv} }`;
    const before = await check(journal("JOURNAL_KEY"), "there is no journal yet");
    expect(before.text).toContain("there is no journal yet: the first console that starts makes it");
    expect(before.code).toBe(0);

    const opened = await openScyllaJournal({
      ...place,
      key: { from: "secret", secret: JOURNAL_KEYS.JOURNAL_KEY },
      holder: "alpha:7",
      clock: createSystemClock(),
      log: silentLogger,
    });
    try {
      const during = await check(journal("JOURNAL_KEY"), "alpha:7 writes it at present");
      expect(during.text).toContain("alpha:7 writes it at present");
      expect(during.code).toBe(0);
      const other = await check(journal("OTHER_KEY"), "another key");
      expect(other.text).toContain("another key");
      expect(other.code).toBe(1);
    } finally {
      await opened.close();
    }
    const nobody = "nobody writes it at present";
    expect((await check(journal("JOURNAL_KEY"), nobody)).text).toContain(nobody);
    const admin = new CassandraClient({
      contactPoints: [...contactPoints],
      localDataCenter,
      isMetadataSyncEnabled: false,
      socketOptions: { readTimeout: 60_000 },
    });
    await admin.execute(`DROP KEYSPACE IF EXISTS "${keyspace}"`);
    await admin.shutdown();
  });
});
