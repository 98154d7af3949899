import { mkdtempSync, rmSync } from "node:fs";
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import type { StreamOwner } from "#server/auth/authenticator.ts";
import type { Role } from "#server/auth/permissions.ts";
import { formatToken, hashToken } from "#server/auth/token.ts";
import { openTokenRegister } from "#server/auth/token-file.ts";
import { loadConfiguration } from "#server/config/load.ts";
import type { OperationFacts } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type Logger, silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import type { Services } from "#server/trpc/services.ts";
import type { App } from "./app.ts";
import { startConsole } from "./console.ts";

/** What the fake services answer with: proof that a call came through to them. */
export const REACHED = "a service was reached";

/** Services of which each method refuses, saying that it was reached; `session.describe` answers. */
export function createFakeServices(reached: (path: string) => void = () => undefined): Services {
  const group = (name: string) =>
    new Proxy(
      {},
      {
        get: (_target, method) => async () => {
          reached(`${name}.${String(method)}`);
          throw new OpsError("refused", REACHED);
        },
      },
    );
  const session: Services["session"] = {
    describe: async (principal) => ({
      principal: principal === null ? null : { id: principal.id, role: principal.role, kind: principal.kind },
      authMode: "tokens",
      permissions: [],
      sending: [],
      readOnly: false,
      secondPerson: false,
      suspendedMinutes: {},
      demo: null,
      version: "0",
      build: "test",
      serverNow: "2026-11-22T00:00:00.000Z",
      actionsRefused: null,
    }),
  };
  const names = [
    "estate",
    "attention",
    "safety",
    "alerts",
    "dna",
    "dnaActors",
    "dnaBeam",
    "dnaCensus",
    "dnaFailover",
    "dnaHealth",
    "haf",
    "dnaNodes",
    "dnaDrain",
    "dynflow",
    "dynflowList",
    "dynflowActions",
    "dynflowCompare",
    "dynflowPayload",
    "dynflowLinks",
    "dynflowSteps",
    "dynflowWorlds",
    "jobs",
    "journal",
    "readers",
    "agents",
    "agentData",
    "demo",
    "admin",
    "settings",
  ] as const;
  return { ...Object.fromEntries(names.map((name) => [name, group(name)])), session } as unknown as Services;
}

export interface FakeApp extends App {
  readonly denials: OperationFacts[];
  readonly performed: OperationFacts["action"][];
  readonly streams: Map<ServerResponse, StreamOwner>;
  readonly stopped: () => boolean;
}

/** An app with fake services whose live feed keeps streams open and whose journal is a list. */
export function createFakeApp(services = createFakeServices(), stop = () => Promise.resolve()): FakeApp {
  const denials: OperationFacts[] = [];
  const performed: string[] = [];
  const streams = new Map<ServerResponse, StreamOwner>();
  const ended = new Map<string, string>();
  let stopped = false;
  const end: App["live"]["end"] = (match, reason) => {
    for (const [response, owner] of streams) {
      if (match(owner)) response.end(`data: ${JSON.stringify({ type: "ended", reason })}\n\n`);
    }
  };
  return {
    denials,
    performed,
    streams,
    stopped: () => stopped,
    services,
    live: {
      serve(_request, response, subscriber) {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("data: {}\n\n");
        streams.set(response, subscriber);
        response.once("close", () => streams.delete(response));
      },
      end,
    },
    state: {
      list: async () => [...ended].map(([key, value]) => ({ key, value })),
      putAll: async (_namespace, entries) => {
        for (const { key, value } of entries) if (value !== null) ended.set(key, value);
      },
    },
    operations: {
      known: () => null,
      request: async ({ facts }) => void performed.push(facts.action),
      settle: async () => undefined,
      perform: (_operation, act) => act(),
      deny: async (facts) => void denials.push(facts),
    },
    health: {
      readiness: () => [{ name: "journal", ready: true, note: null }],
      sources: () => [
        { id: "eu-1", up: true, readMs: 3, ageMs: 100 },
        { id: "eu-2", up: false, readMs: null, ageMs: null },
      ],
      figures: () => ({
        journalAppends: 7,
        journalFailures: 0,
        journalWriter: true,
        liveClients: streams.size,
        loopDelayMs: 60,
      }),
    },
    start: async () => undefined,
    async stop() {
      stopped = true;
      end(() => true, "stopping");
      await stop();
    },
  };
}

export interface TestConsole {
  readonly app: FakeApp;
  readonly port: number;
  readonly tokens: Readonly<Record<Role, string>>;
  readonly folder: string;
  ask(options: AskOptions): Promise<Answer>;
  stop(): Promise<boolean>;
}

export interface AskOptions {
  readonly path: string;
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  /** Called with the first bytes: for streams. */
  readonly onData?: (text: string) => void;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A whole console on a free port with one token for each role, on a fake app and without Next. */
export async function openTestConsole(options: {
  readonly auth: "none" | "tokens";
  readonly app?: FakeApp;
  readonly listen?: string;
  /** Any free one when left out. */
  readonly port?: number;
  readonly log?: Logger;
  /** What the pages wait for. */
  readonly beforePages?: (port: number) => Promise<void>;
}): Promise<TestConsole> {
  const app = options.app ?? createFakeApp();
  const folder = mkdtempSync(path.join(tmpdir(), "worldline-http-"));
  const text = `journal: { path: ${JSON.stringify(folder)} }\nauth: { mode: ${options.auth} }\nlisten: { port: ${options.port ?? 0}${options.listen ?? ""} }`;
  const configuration = loadConfiguration({ file: "/w.yaml", cwd: "/", environment: {}, readText: () => text });
  const tokens = addTokens(folder);
  const running = await startConsole({
    configuration,
    app,
    clock: createSystemClock(),
    log: options.log ?? silentLogger,
    dev: false,
    async openPages(_server, port) {
      await options.beforePages?.(port);
      return {
        handle: async (request, response) => void response.end(`page ${request.url}`),
        close: async () => undefined,
      };
    },
  });
  return {
    app,
    port: running.port,
    tokens,
    folder,
    ask: (asked) => ask(running.port, asked),
    async stop() {
      const clean = await running.stop();
      rmSync(folder, { recursive: true, force: true });
      return clean;
    },
  };
}

function addTokens(folder: string): Readonly<Record<Role, string>> {
  const register = openTokenRegister(folder);
  const add = (role: Role, seed: number) => {
    const token = formatToken(new Uint8Array(32).fill(seed));
    const at = epochMs(seed);
    register.add({
      id: `id-${role}`,
      name: role,
      role,
      sources: null,
      createdAt: at,
      expiresAt: null,
      revokedAt: null,
      hash: hashToken(token),
    });
    return token;
  };
  const tokens = { viewer: add("viewer", 1), operator: add("operator", 2), admin: add("admin", 3) };
  register.close();
  return tokens;
}

function ask(port: number, options: AskOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        path: options.path,
        method: options.method ?? "GET",
        headers: { host: `127.0.0.1:${port}`, ...options.headers },
        agent: false,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          options.onData?.(text);
        });
        response.once("error", reject);
        response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    sent.once("error", reject);
    sent.end(options.body);
  });
}

/** The cookie of a role, by logging in as the page does. */
export async function logIn(console: TestConsole, role: Role): Promise<string> {
  const answer = await console.ask({
    path: "/api/trpc/session.login",
    method: "POST",
    headers: { "content-type": "application/json", origin: `http://127.0.0.1:${console.port}` },
    body: JSON.stringify({ token: console.tokens[role] }),
  });
  const [cookie = ""] = answer.headers["set-cookie"] ?? [];
  return cookie.split(";")[0] ?? "";
}
