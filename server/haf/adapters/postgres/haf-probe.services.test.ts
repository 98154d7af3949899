import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute, startPostgres, type TestPostgres } from "#scripts/testing/postgres.ts";
import type { Finding } from "#server/kernel/finding.ts";
import { createHafDatabase, createRole, loadHafStep } from "./haf-database.test-kit.ts";
import { probeHaf } from "./haf-probe.ts";

let server: TestPostgres;
let url = "";
beforeAll(async () => {
  server = await startPostgres();
  url = (await createHafDatabase(server, "probed")).url;
  await loadHafStep(url, 19);
});
afterAll(() => server.remove());

const missing = (findings: readonly Finding[]) => findings.filter(({ verdict }) => verdict === "missing");
const textOf = (findings: readonly Finding[]) =>
  findings.map(({ area, verdict, text }) => `${area} ${verdict} ${text}`);

/** Does what the remedies say, as whoever is asked to would. */
async function remedied(findings: readonly Finding[]): Promise<void> {
  await execute(url, async (client) => {
    for (const { remedy } of findings) if (remedy !== null) await client.query(remedy);
  });
}

describe("checking a HAF database", () => {
  it("prints the GRANTs after which nothing is missing", async () => {
    const own = await createRole(url, 'ops "x"', null);
    const before = await probeHaf({ url: own }, []);
    expect(missing(before).map(({ remedy }) => remedy)).toEqual(['GRANT hive_applications_group TO "ops ""x""";']);
    await remedied(before);
    const after = await probeHaf({ url: own }, ["app1", "hivemind"]);
    expect(missing(after)).toEqual([]);
    expect(textOf(after)).toEqual([
      expect.stringContaining("connection ok PostgreSQL"),
      "rights ok may read everything, and sees every app",
      "capability ok HAF (version not told), sessions begin in America/St_Johns",
      "capability ok apps: app1, app2, app3",
      "capability note not set up yet: hivemind",
    ]);
  });

  it("tells a role that may read all and sees no app", async () => {
    const own = await createRole(url, "blind", null);
    await execute(url, (client) =>
      client.query("grant usage on schema hafd to blind; grant select on all tables in schema hafd to blind"),
    );
    const findings = await probeHaf({ url: own }, []);
    expect(missing(findings).map(({ text, remedy }) => [text, remedy])).toEqual([
      [expect.stringContaining("row-level security"), "GRANT hive_applications_group TO blind;"],
    ]);
  });

  it("asks for what a role beyond row-level security lacks, table by table", async () => {
    const own = await createRole(url, "beyond", null);
    await execute(url, (client) => client.query("alter role beyond bypassrls"));
    const findings = await probeHaf({ url: own }, []);
    await remedied(findings);
    expect(missing(findings)).toHaveLength(1);
    expect(missing(await probeHaf({ url: own }, []))).toEqual([]);
  });

  it("notes rights beyond what is needed", async () => {
    const writer = await createRole(url, "writer", "hived_group");
    expect(textOf(await probeHaf({ url: writer }, [])).join("\n")).toContain("which writes everything");
    expect(textOf(await probeHaf({ url }, [])).join("\n")).toContain("is a superuser");
  });

  it("says what an older release lacks", async () => {
    const old = await createHafDatabase(server, "probed_old", "before-status");
    expect(textOf(await probeHaf({ url: old.readerUrl }, [])).join("\n")).toContain(
      "an older release: no pruning, no status of indexes, no log of apps, no requests to vacuum",
    );
  });

  it("says that nothing answers, or that there is no HAF", async () => {
    const nowhere = new URL(url);
    nowhere.port = "1";
    expect(textOf(await probeHaf({ url: nowhere.href }, []))).toEqual([
      expect.stringContaining("connection missing PostgreSQL did not answer"),
    ]);
    const empty = await server.createDatabase("probed_empty");
    expect(textOf(await probeHaf({ url: empty }, []))).toContain(
      "capability missing there is no HAF in this database: no schema hafd",
    );
  });
});
