import { timingSafeEqual } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { type RequestOptions, request } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { ulid } from "ulid";
import { type Accounts, createAccounts } from "#server/ingest/accounts.ts";
import { createTokenMint } from "#server/ingest/adapters/accounts/jwt.ts";
import { openRecordsFile } from "#server/ingest/adapters/accounts/records-file.ts";
import { createPasswordHasher } from "#server/ingest/adapters/accounts/scrypt.ts";
import type { IngestLimits } from "#server/ingest/domain/settings.ts";
import type {
  AgentWatch,
  Batch,
  Intake,
  IntakeAnswer,
  PasswordHasher,
  SessionDesk,
  Sign,
} from "#server/ingest/ports.ts";
import { createSessionDesk } from "#server/ingest/sessions.ts";
import { type Clock, type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createIngestGate, type GateDeps } from "./gate.ts";

export const KEY = new TextEncoder().encode("a key of tests, of 32 bytes or more");
export const PASSWORD = "correct horse";
export const BOOTSTRAP = "bootstrap-token-of-tests";

/** A pipeline that takes whatever it is given, until told otherwise. */
export function standInIntake() {
  const batches: Batch[] = [];
  const listeners = new Set<() => void>();
  let next: (batch: Batch) => IntakeAnswer = (batch) => ({
    kind: "taken",
    accepted: batch.items.length,
    duplicates: 0,
    rejected: [],
    credit: 100,
  });
  const intake: Intake = {
    async take(batch) {
      const answer = next(batch);
      if (answer.kind === "taken") batches.push(batch);
      return answer;
    },
    credit: () => 100,
    onCredit(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    pipeline: () => ({ types: [], receivers: [], routes: [], inactiveAfterMs: 7_000, poa: false }),
  };
  return {
    intake,
    batches,
    answerWith(answer: (batch: Batch) => IntakeAnswer) {
      next = answer;
    },
    creditIsBack() {
      for (const listener of listeners) listener();
    },
  };
}

export function standInWatch() {
  const signs: Sign[] = [];
  const byes: { readonly sign: Sign; readonly reason: string | null }[] = [];
  const watch: AgentWatch = {
    sign: (sign) => void signs.push(sign),
    bye: (sign, reason) => void byes.push({ sign, reason }),
    counted: () => undefined,
    inactiveAfterMs: 7_000,
    pingEveryMs: 3_000,
  };
  return { watch, signs, byes };
}

/** Real time that can be moved on. */
export function shiftedClock(): Clock & { shift(ms: number): void } {
  const real = createSystemClock();
  let by = 0;
  return {
    now: (): EpochMs => epochMs(real.now() + by),
    monotonic: () => real.monotonic(),
    sleep: (ms, signal) => real.sleep(ms, signal),
    shift(ms) {
      by += ms;
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** As far as it was JSON: whatever of this the call answers. */
  readonly json: ReplyBody;
}

export interface ReplyBody {
  readonly token: string;
  readonly expires_at: string;
  readonly received_at: string;
  readonly credit: number;
  readonly rejected: readonly unknown[];
  readonly error: string | undefined;
  readonly reason: string;
  readonly password: string;
  readonly "user-name": string;
}

export interface TestGate {
  readonly port: number;
  readonly clock: ReturnType<typeof shiftedClock>;
  readonly pipe: ReturnType<typeof standInIntake>;
  readonly life: ReturnType<typeof standInWatch>;
  readonly accounts: Accounts;
  readonly hasher: PasswordHasher;
  readonly desk: SessionDesk;
  readonly folder: string;
  /** The bytes of an answer; rejects when the connection broke. */
  call(options: RequestOptions & { readonly path: string; readonly body?: Uint8Array | string }): Promise<Reply>;
  /** As if nothing had come yet: what comes from now on is taken whole. */
  forget(): void;
  /** One more gateway on the same records. */
  close(): Promise<void>;
}

export const TEST_LIMITS: IngestLimits = {
  maxBytes: 65_536,
  maxBatch: 50,
  callsPerToken: 1_000,
  callsPerAddress: 10_000,
  maxConnections: 100,
};

export interface GateOptions {
  readonly limits?: Partial<IngestLimits>;
  readonly open?: boolean;
  readonly folder?: string;
  readonly poa?: (parts: {
    readonly accounts: Accounts;
    readonly desk: (audience: "ingest" | "poa", lifeMs: number) => SessionDesk;
    readonly clock: Clock;
  }) => GateDeps["poa"];
  readonly lifeMs?: number;
}

/** A real listener on a real port with real tokens, and stand-ins behind it. */
export async function openTestGate(options: GateOptions = {}): Promise<TestGate> {
  const folder = options.folder ?? mkdtempSync(path.join(tmpdir(), "gate-"));
  const clock = shiftedClock();
  const hasher = createPasswordHasher();
  const records = openRecordsFile(folder);
  const accounts = createAccounts({ records, shared: null, hasher, clock, log: silentLogger });
  const abort = new AbortController();
  await accounts.start(abort.signal);
  const pipe = standInIntake();
  const life = standInWatch();
  const hidden = (text: string) => ({ reveal: () => text });
  const deskOf = (audience: "ingest" | "poa", lifeMs: number): SessionDesk =>
    createSessionDesk({
      accounts,
      users:
        options.open === true
          ? []
          : [
              { name: "fleet", secret: hidden(PASSWORD), scope: { agents: ["host-*"], types: [] } },
              { name: "one", secret: hidden(PASSWORD), scope: { agents: ["a"], types: ["system_metrics"] } },
            ],
      bootstrap:
        options.open === true
          ? []
          : [{ name: "install", secret: hidden(BOOTSTRAP), scope: { agents: ["*"], types: [] } }],
      open: options.open === true,
      mint: createTokenMint(KEY, clock),
      hasher,
      clock,
      newId: ulid,
      same: (one, other) => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other)),
      audience,
      lifeMs,
    });
  const desk = deskOf("ingest", options.lifeMs ?? 3_600_000);
  const gate = createIngestGate({
    intake: pipe.intake,
    watch: life.watch,
    desk,
    limits: { ...TEST_LIMITS, ...options.limits },
    clock,
    log: silentLogger,
    addressOf: (from) => from.socket.remoteAddress ?? "",
    listen: { host: "127.0.0.1", port: 0 },
    allowedHosts: new Set(["in.example"]),
    rateKeyOf: (address) => address,
    poa: options.poa?.({ accounts, desk: deskOf, clock }) ?? null,
  });
  const { port } = await gate.open();
  return {
    ...{ port, clock, pipe, life, accounts, hasher, desk, folder },
    call: ({ body, ...rest }) => call({ host: "127.0.0.1", port, method: "POST", agent: false, ...rest }, body),
    forget() {
      pipe.batches.length = 0;
      life.signs.length = 0;
      life.byes.length = 0;
      pipe.answerWith((batch) => ({
        kind: "taken",
        accepted: batch.items.length,
        duplicates: 0,
        rejected: [],
        credit: 9,
      }));
    },
    async close() {
      abort.abort();
      await gate.close();
      await accounts.settled();
      await records.close();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function call(options: RequestOptions, body: Uint8Array | string | undefined): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        const json = JSON.parse(text.startsWith("{") || text.startsWith("[") ? text : "{}") as ReplyBody;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

export const JSON_TYPE = "application/json";

/** A session for an agent, as the fleet's user. */
export async function tokenFor(gate: TestGate, agentId: string): Promise<string> {
  const reply = await gate.call({
    path: "/ingest/v1/session",
    headers: { "content-type": JSON_TYPE, authorization: basic("fleet", PASSWORD) },
    body: JSON.stringify({ agent_id: agentId }),
  });
  return reply.json.token;
}

export const itemOf = (seq: number) => ({
  seq,
  at: 1_795_000_000_000 + seq,
  type: "system_metrics",
  kind: "statistics",
  body: { cpu_load: seq },
});

export const dataOf = (agentId: string, count: number) => ({
  agent_id: agentId,
  boot_id: "boot-1",
  items: Array.from({ length: count }, (_, index) => itemOf(index + 1)),
});
