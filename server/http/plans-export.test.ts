import { afterEach, describe, expect, it } from "vitest";
import type { PlansExportInput } from "#server/contract/wire/dynflow-export.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Services } from "#server/trpc/services.ts";
import { createFakeApp, createFakeServices, logIn, openTestConsole, type TestConsole } from "./console.test-kit.ts";

const PATH = "/api/plans/export?source=foreman";

let server: TestConsole;
afterEach(() => server.stop());

async function opened(pieces: () => AsyncGenerator<string>): Promise<PlansExportInput[]> {
  const asked: PlansExportInput[] = [];
  const dynflowList: Partial<Services["dynflowList"]> = {
    export(_caller, input) {
      asked.push(input);
      return pieces();
    },
  };
  const services = { ...createFakeServices(), dynflowList: dynflowList as Services["dynflowList"] };
  server = await openTestConsole({ auth: "tokens", app: createFakeApp(services) });
  return asked;
}

const bearer = () => ({ authorization: `Bearer ${server.tokens.viewer}` });

async function* two(): AsyncGenerator<string> {
  yield "a\n";
  yield "b\n";
}

describe("export of a list of plans", () => {
  it("streams the plans of the filter to whoever may read plans, as a file", async () => {
    const asked = await opened(two);
    const filter = encodeURIComponent(
      JSON.stringify({ states: ["paused"], label: { kind: "prefix", text: "Actions::" } }),
    );
    const answer = await server.ask({ path: `${PATH}&format=csv&filter=${filter}&sort=label`, headers: bearer() });
    expect([answer.status, answer.text]).toEqual([200, "a\nb\n"]);
    expect(answer.headers).toMatchObject({
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition": 'attachment; filename="worldline-plans.csv"',
      "cache-control": "no-store",
    });
    expect(asked).toMatchObject([
      { source: "foreman", format: "csv", sort: "label", filter: { states: ["paused"], label: { text: "Actions::" } } },
    ]);
  });

  it("is refused to strangers, to other sites, to other hosts and to other methods", async () => {
    const asked = await opened(two);
    const path = `${PATH}&format=json`;
    expect((await server.ask({ path })).status).toBe(401);
    const cookie = await logIn(server, "viewer");
    const site = { cookie, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    expect((await server.ask({ path, headers: site })).status).toBe(403);
    expect((await server.ask({ path, headers: { cookie, origin: "https://evil.example" } })).status).toBe(403);
    expect((await server.ask({ path, headers: { cookie, host: "evil.example" } })).status).toBe(421);
    expect((await server.ask({ path, method: "POST", headers: bearer() })).status).toBe(405);
    expect((await server.ask({ path, method: "HEAD", headers: bearer() })).status).toBe(405);
    expect(asked).toEqual([]);
    expect((await server.ask({ path, headers: { cookie, "sec-fetch-site": "same-origin" } })).status).toBe(200);
  });

  it.each([
    ["&format=xml", "format"],
    ["", "format"],
    ["&format=csv&limit=5", "no parameter limit"],
    ["&format=csv&filter={", "filter: no JSON"],
    ["&format=csv&filter=[]", "filter"],
    ["&format=csv&format=json", "format is given more than once"],
  ])("says what is wrong with %j", async (query, what) => {
    await opened(two);
    const answer = await server.ask({ path: `${PATH}${query}`, headers: bearer() });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(what)]);
  });

  it("answers a refusal before the first piece with its status", async () => {
    // biome-ignore lint/correctness/useYield: it is refused before there is anything
    await opened(async function* () {
      throw new OpsError("not-found", "No source foreman");
    });
    const refused = await server.ask({ path: `${PATH}&format=csv`, headers: bearer() });
    expect([refused.status, refused.text]).toEqual([404, "No source foreman\n"]);
  });
});
