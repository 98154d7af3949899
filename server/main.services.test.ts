import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { processorWaitMs } from "#e2e/fixtures/processor-wait.ts";
import { ensureBuilt } from "#scripts/process/build.mjs";
import { nodeFlags } from "#scripts/process/node-version.mjs";
import { expectInTime } from "#scripts/testing/in-time.ts";

const ROOT = path.resolve(import.meta.dirname, "..");
const CANARY = "canary-77e1";
const READY_TIMEOUT_MS = 180_000;
/** Several processes start one after the other. */
const STARTS_TIMEOUT_MS = 400_000;
const STOP_MS = 3_000;
const LOOK_EVERY_MS = 20;
const TOKEN_MS = 1_000;
/** Until it is let in at all. */
const LET_IN = { timeout: 30_000, interval: 20 };
const folder = mkdtempSync(path.join(tmpdir(), "worldline-main-"));
const started: ChildProcess[] = [];

beforeAll(async () => {
  expect((await ensureBuilt(ROOT)).failed).toBeNull();
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

function configure(text: string): string {
  const file = path.join(folder, `${Math.abs(hash(text))}.yaml`);
  writeFileSync(file, `${text}\njournal: { path: ${folder}/data-${Math.abs(hash(text))} }\n`);
  return file;
}

const hash = (text: string) =>
  [...text].reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) | 0, 7);

function run(...args: readonly string[]): Run {
  const child = spawn(process.execPath, [...nodeFlags(), "server/main.ts", ...args], {
    cwd: ROOT,
    env: { ...process.env, OPS_PASSWORD: CANARY },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      text += String(chunk);
    });
  }
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
  return { child, output: () => text, ended };
}

async function ready(running: Run): Promise<number> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const port = /"port":(\d+)[^\n]*"event":"console\.ready"/.exec(running.output())?.[1];
    if (port !== undefined) return Number(port);
    if (running.child.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the console did not start:\n${running.output()}`);
}

/** Opens the live feed; `ended` resolves with everything that came once the server closed it. */
function openStream(port: number, headers: Record<string, string> = {}) {
  const opened = Promise.withResolvers<number>();
  const ended = new Promise<string>((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: "/api/live", headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += String(chunk);
        opened.resolve(response.statusCode ?? 0);
      });
      response.once("close", () => resolve(text));
      if (response.statusCode !== 200) opened.resolve(response.statusCode ?? 0);
    }).once("error", reject);
  });
  return { opened: opened.promise, ended };
}

/** What it takes, without the time for which the console, or this process, waited for a processor that others had. */
async function msOf(work: () => Promise<unknown>, { child }: Run): Promise<number> {
  const waited = () => [processorWaitMs(child.pid ?? 0), processorWaitMs(process.pid)] as const;
  const [before, begun] = [waited(), performance.now()];
  let waitedMs = 0;
  const look = () => {
    const [theirs, ours] = waited();
    // Of a process that has ended nothing is told any more.
    waitedMs = Math.max(waitedMs, theirs - before[0] + ours - before[1]);
  };
  const looking = setInterval(look, LOOK_EVERY_MS);
  try {
    await work();
    look();
    return performance.now() - begun - waitedMs;
  } finally {
    clearInterval(looking);
  }
}

describe("the process", { timeout: STARTS_TIMEOUT_MS }, () => {
  it("serves pages and live data, stops within 3 s with streams open, and starts on the same data again", async () => {
    const file = configure("listen: { port: 0 }");
    const stopped = async (signal: NodeJS.Signals): Promise<number> => {
      const running = run("--config", file);
      const port = await ready(running);
      const page = await fetch(`http://127.0.0.1:${port}/`);
      expect(page.status).toBe(200);
      expect(await page.text()).toContain("<title>Worldline</title>");
      const streams = [openStream(port), openStream(port)];
      expect(await Promise.all(streams.map(({ opened }) => opened))).toEqual([200, 200]);
      running.child.kill(signal);
      const ms = await msOf(() => running.ended, running);
      await Promise.all(streams.map(({ ended }) => ended));
      // Who has not ended by then breaks off, and says so.
      if (running.output().includes('"event":"console.stop_late"')) return Math.max(ms, STOP_MS);
      expect(await running.ended).toEqual({ code: 0, signal: null });
      return ms;
    };
    for (const signal of ["SIGTERM", "SIGINT"] as const) await expectInTime(STOP_MS, () => stopped(signal));
  });

  it("may be told to stop in the middle of starting", async () => {
    const file = configure("listen: { port: 0 }\nmasks: [early]");
    await expectInTime(STOP_MS, async () => {
      const running = run("--config", file);
      await new Promise<void>((resolve) => running.child.stdout?.once("data", () => resolve()));
      running.child.kill("SIGTERM");
      return msOf(() => running.ended, running);
    });
  });

  it("says in plain words that its port or its journal is taken", async () => {
    const file = configure("listen: { port: 0 }\nmasks: [taken]");
    const first = run("--config", file);
    const port = await ready(first);
    const journal = run("--config", file);
    expect((await journal.ended).code).toBe(2);
    expect(journal.output()).toContain(`in use by process ${first.child.pid}`);
    const other = run("--config", configure("listen: { port: 0 }\nmasks: [other]"), "--port", String(port));
    expect((await other.ended).code).toBe(2);
    expect(other.output()).toContain(`Cannot listen on 127.0.0.1:${port}`);
    expect(other.output()).not.toContain("    at ");
  });

  it("refuses a faulty configuration with all its faults and their lines, and no stack", async () => {
    const file = configure("listen: { host: 0.0.0.0 }\nauth: { mode: oidc }\nmask: [x]");
    const running = run("--config", file);
    expect((await running.ended).code).toBe(2);
    expect(running.output()).toContain(`${file}:1 listen.host: 0.0.0.0 is reached from other machines`);
    expect(running.output()).toContain(`${file}:2 auth.mode: oidc is not in this version`);
    expect(running.output()).toContain(`${file}:3 mask: is not a key that is known here`);
    expect(running.output()).not.toContain("    at ");
  });

  it("reads the routes of its gateway again at SIGHUP, and goes on with the old ones when they have faults", async () => {
    const keys = (more: string, to: string) => `listen: { port: 0 }
journal: { path: ${folder}/data-hangup }
ingest:
  listen: { port: 0 }
  types: { system_metrics: { kinds: [statistics] }${more} }
  receivers: { live: { use: live-view } }
  routes: [ { types: ["*"], to: [${to}] } ]
`;
    const file = path.join(folder, "hangup.yaml");
    writeFileSync(file, keys("", "live"));
    const running = run("--config", file);
    const port = await ready(running);
    const asked = encodeURIComponent(JSON.stringify({ source: "agents" }));
    const types = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/api/trpc/agents.pipeline?input=${asked}`);
      const { result } = (await answer.json()) as { result: { data: { types: { type: string }[] } } };
      return result.data.types.map(({ type }) => type);
    };
    expect(await types()).toEqual(["system_metrics"]);
    writeFileSync(file, keys(", more: { kinds: [x] }", "live"));
    running.child.kill("SIGHUP");
    await expect.poll(types, { timeout: READY_TIMEOUT_MS }).toEqual(["system_metrics", "more"]);
    writeFileSync(file, keys("", "nobody"));
    running.child.kill("SIGHUP");
    await expect.poll(running.output, { timeout: READY_TIMEOUT_MS }).toContain("nobody is no receiver of this file");
    expect(running.output()).toContain('"event":"ingest.not_reloaded"');
    expect(await types()).toEqual(["system_metrics", "more"]);
    running.child.kill("SIGTERM");
    expect(await running.ended).toEqual({ code: 0, signal: null });
  });

  it.each([["--bogus"], ["--port", "http"]])("explains %s", async (...args) => {
    const running = run(...args);
    expect((await running.ended).code).toBe(2);
    expect(running.output()).toMatch(/usage|is none/);
  });

  it("prints no secret, also while a source refuses it", async () => {
    const text = `listen: { port: 0 }
dynflow: [ { id: f, url: "postgres://ops@127.0.0.1:9/x", passwordEnv: OPS_PASSWORD } ]
dna: [ { id: d, scylla: { contactPoints: ["127.0.0.1:9"], localDataCenter: a, keyspace: k, username: u, passwordEnv: OPS_PASSWORD } } ]`;
    const running = run("--config", configure(text));
    const port = await ready(running);
    const downs = () => /PostgreSQL did not answer|No host/.test(running.output());
    await expect.poll(downs, { timeout: READY_TIMEOUT_MS }).toBe(true);
    const shown = await (await fetch(`http://127.0.0.1:${port}/api/trpc/admin.configuration`)).text();
    expect(shown).toContain("(hidden)");
    running.child.kill("SIGTERM");
    await running.ended;
    expect(running.output() + shown).not.toContain(CANARY);
  });
});

describe("worldline token, beside a running console", () => {
  const worldline = async (...args: readonly string[]) =>
    (await promisify(execFile)(process.execPath, ["scripts/worldline.mjs", ...args], { cwd: ROOT })).stdout;

  it(
    "lets somebody in within a second, and out again within another, streams too",
    async () => {
      const file = configure("listen: { port: 0 }\nauth: { mode: tokens }");
      const running = run("--config", file);
      const port = await ready(running);
      const overview = (token: string) =>
        fetch(`http://127.0.0.1:${port}/api/trpc/overview.get`, { headers: { authorization: `Bearer ${token}` } });
      expect((await overview("wl_none")).status).toBe(401);

      const tokens: string[] = [];
      const create = async (): Promise<string> => {
        const name = `ann-${tokens.length}`;
        const token = (await worldline("token", "create", "--name", name, "--role", "viewer", "--config", file)).trim();
        expect(token).toMatch(/^wl_\w{43}$/);
        tokens.push(token);
        return token;
      };
      await expectInTime(TOKEN_MS, async () => {
        const token = await create();
        return msOf(() => expect.poll(async () => (await overview(token)).status, LET_IN).toBe(200), running);
      });
      await expectInTime(TOKEN_MS, async () => {
        const token = await create();
        await expect.poll(async () => (await overview(token)).status, LET_IN).toBe(200);
        const stream = openStream(port, { authorization: `Bearer ${token}` });
        expect(await stream.opened).toBe(200);
        await worldline("token", "revoke", `ann-${tokens.length - 1}`, "--config", file);
        const ms = await msOf(() => stream.ended, running);
        expect(await stream.ended).toContain('"type":"ended"');
        expect((await overview(token)).status).toBe(401);
        return ms;
      });
      expect(await worldline("token", "list", "--config", file)).toMatch(/ann-\d +viewer +all .* revoked/);
      expect(await worldline("verify-journal", "--config", file)).toContain("The chain is sound.");
      for (const token of tokens) expect(running.output()).not.toContain(token);
    },
    STARTS_TIMEOUT_MS,
  );
});
