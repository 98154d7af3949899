import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { ExportInput } from "#server/contract/wire/journal.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Services } from "#server/trpc/services.ts";
import { createFakeApp, createFakeServices, logIn, openTestConsole, type TestConsole } from "./console.test-kit.ts";

const PATH = "/api/journal/export";

let server: TestConsole;
afterEach(() => server.stop());

async function opened(pieces: (input: ExportInput) => AsyncGenerator<string>): Promise<ExportInput[]> {
  const asked: ExportInput[] = [];
  const journal: Partial<Services["journal"]> = {
    export(_caller, input) {
      asked.push(input);
      return pieces(input);
    },
  };
  const services = { ...createFakeServices(), journal: journal as Services["journal"] };
  server = await openTestConsole({ auth: "tokens", app: createFakeApp(services) });
  return asked;
}

const bearer = (role: "viewer" | "admin" = "viewer") => ({ authorization: `Bearer ${server.tokens[role]}` });

async function* three(): AsyncGenerator<string> {
  yield "";
  yield "a\n";
  yield "b\nc\n";
}

describe("export of the journal", () => {
  it("streams every piece to whoever may read the journal, as a file", async () => {
    const asked = await opened(three);
    const query =
      "?format=csv&stream=operator&stream=dna%3Aeu-1&kind=op.requested&user=ann&from=2026-11-22T00:00:00.000Z";
    const answer = await server.ask({ path: `${PATH}${query}`, headers: bearer() });
    expect([answer.status, answer.text]).toEqual([200, "a\nb\nc\n"]);
    expect(answer.headers).toMatchObject({
      "content-type": "text/csv; charset=utf-8; header=present",
      "content-disposition": 'attachment; filename="worldline-journal.csv"',
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    expect(asked).toEqual([
      {
        format: "csv",
        streams: ["operator", "dna:eu-1"],
        kinds: ["op.requested"],
        subject: null,
        from: "2026-11-22T00:00:00.000Z",
        to: null,
        user: "ann",
        action: null,
      },
    ]);
  });

  it("is refused to strangers, to other sites and to methods that it has no answer for", async () => {
    const asked = await opened(three);
    expect((await server.ask({ path: PATH })).status).toBe(401);
    expect((await server.ask({ path: PATH, headers: { authorization: "Bearer wl_wrong" } })).status).toBe(401);
    const cookie = await logIn(server, "viewer");
    const cross = {
      cookie,
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    expect((await server.ask({ path: PATH, headers: cross })).status).toBe(403);
    expect((await server.ask({ path: PATH, headers: { cookie, origin: "https://evil.example" } })).status).toBe(403);
    expect((await server.ask({ path: PATH, headers: { cookie, host: "evil.example" } })).status).toBe(421);
    expect((await server.ask({ path: PATH, method: "POST", headers: bearer() })).status).toBe(405);
    expect((await server.ask({ path: PATH, method: "HEAD", headers: bearer() })).status).toBe(405);
    expect(asked).toEqual([]);
    expect((await server.ask({ path: PATH, headers: { cookie, "sec-fetch-site": "same-origin" } })).status).toBe(200);
  });

  it.each([
    ["?format=xml", "format"],
    ["?from=yesterday", "from"],
    ["?limit=5", "no parameter limit"],
    ["?user=a&user=b", "user is given more than once"],
  ])("says what is wrong with %s", async (query, what) => {
    await opened(three);
    const answer = await server.ask({ path: `${PATH}${query}`, headers: bearer() });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(what)]);
  });

  it("answers a refusal before the first piece with its status, and cuts off what fails later", async () => {
    await opened(async function* (input) {
      if (input.subject === null) throw new OpsError("not-found", "No stream dna:x");
      yield "a\n";
      throw new OpsError("journal-unavailable", "away");
    });
    const refused = await server.ask({ path: PATH, headers: bearer() });
    expect([refused.status, refused.text]).toEqual([404, "No stream dna:x\n"]);
    await expect(server.ask({ path: `${PATH}?subject=x`, headers: bearer() })).rejects.toMatchObject({
      code: "ECONNRESET",
    });
  });

  it("reads on only as fast as it is taken, and stops when its reader goes", async () => {
    let made = 0;
    let ended = false;
    await opened(async function* () {
      try {
        for (;;) {
          made += 1;
          yield "x".repeat(1_000_000);
        }
      } finally {
        ended = true;
      }
    });
    const socket = connect(server.port, "127.0.0.1");
    const lines = [
      `GET ${PATH} HTTP/1.1`,
      `Host: 127.0.0.1:${server.port}`,
      `Authorization: ${bearer().authorization}`,
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    socket.pause();
    const settled = async () => {
      for (let before = -1; before !== made; ) {
        before = made;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };
    await expect.poll(() => made).toBeGreaterThan(1);
    await settled();
    expect(made).toBeLessThan(40);
    socket.destroy();
    await expect.poll(() => ended).toBe(true);
  });
});
