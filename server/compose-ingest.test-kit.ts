/** Gateways as processes, and logical agents that send to them as a real one does: again until it is acknowledged. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const START_TIMEOUT_MS = 120_000;
const POLL_MS = 20;

export interface ToldReceiver {
  readonly id: string;
  readonly queued: number;
  readonly delivered: number;
  readonly lagMs: number;
  readonly dropped: number;
  readonly state: string;
}

export interface GatewayProcess {
  readonly port: number;
  readonly pid: number;
  /** As it told last. */
  told(id: string): ToldReceiver | null;
  /** When it told that; both processes go by the clock of this machine. */
  toldAt(): number;
  kill(): Promise<void>;
  /** In order: SIGTERM. */
  end(): Promise<void>;
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export async function until(isSo: () => boolean, what: string, limitMs = START_TIMEOUT_MS): Promise<void> {
  const end = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await pause(POLL_MS);
  }
}

/** Until a receiver has got everything that waits for it now. */
export async function drained(gateway: GatewayProcess, id: string): Promise<void> {
  const now = Date.now();
  await until(() => gateway.toldAt() > now && gateway.told(id)?.queued === 0, `${id} has got everything`);
}

/** @param overrides of the settings, JSON-safe */
export async function startGateway(folder: string, overrides: object): Promise<GatewayProcess> {
  const script = fileURLToPath(new URL("./compose-ingest.fixture.ts", import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [script, folder, JSON.stringify(overrides)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(child, "exit");
  let port = 0;
  let receivers: readonly ToldReceiver[] = [];
  let toldAt = 0;
  let rest = "";
  let complaint = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const told = JSON.parse(line) as { port?: number; at?: number; receivers?: readonly ToldReceiver[] };
      port = told.port ?? port;
      receivers = told.receivers ?? receivers;
      toldAt = told.at ?? toldAt;
    }
  });
  await until(() => port !== 0 || child.exitCode !== null, "the gateway starts");
  if (child.exitCode !== null) throw new Error(`the gateway ended: ${complaint}`);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  return {
    ...{ port, pid: child.pid ?? 0 },
    told: (id) => receivers.find((one) => one.id === id) ?? null,
    toldAt: () => toldAt,
    kill: () => end("SIGKILL"),
    end: () => end("SIGTERM"),
  };
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const connections = new Agent({ keepAlive: true, maxSockets: 256 });

export function post(port: number, path: string, token: string | null, content: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({
      ...{ host: "127.0.0.1", port, path, method: "POST", agent: connections },
      headers: {
        "content-type": "application/json",
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    asked.once("error", reject);
    asked.once("response", (response) => {
      text(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, body: body === "" ? {} : JSON.parse(body) }),
        reject,
      );
    });
    asked.end(JSON.stringify(content));
  });
}

/** One agent: numbers its items, keeps what was not acknowledged, and sends that first. */
export interface LogicalAgent {
  readonly id: string;
  readonly acknowledged: Set<number>;
  readonly sent: () => number;
  refused(): number;
  /** Sends one batch. Answers whether it was acknowledged; false too when nobody answers. */
  send(port: number, items: number): Promise<boolean>;
}

export function createLogicalAgent(id: string): LogicalAgent {
  const acknowledged = new Set<number>();
  let waiting: readonly { readonly seq: number; readonly at: number }[] = [];
  let last = 0;
  let refused = 0;
  let token: { readonly port: number; readonly text: string } | null = null;

  async function tokenFor(port: number): Promise<string> {
    if (token?.port !== port) {
      const { status, body } = await post(port, "/ingest/v1/session", null, { agent_id: id });
      if (status !== 200) throw new Error(`no session for ${id}: ${status} ${JSON.stringify(body)}`);
      token = { port, text: String(body.token) };
    }
    return token.text;
  }

  return {
    id,
    acknowledged,
    sent: () => last,
    refused: () => refused,
    async send(port, items) {
      while (waiting.length < items) {
        last += 1;
        waiting = [...waiting, { seq: last, at: Date.now() }];
      }
      try {
        const body = { cpu_load: 12.5, memory_usage: 40.25, disk_usage: 71 };
        const batch = waiting.map((one) => ({ ...one, type: "system_metrics", kind: "statistics", body }));
        const token = await tokenFor(port);
        const { status } = await post(port, "/ingest/v1/data", token, { agent_id: id, boot_id: "boot", items: batch });
        if (status !== 202) {
          refused += 1;
          return false;
        }
        for (const { seq } of waiting) acknowledged.add(seq);
        waiting = [];
        return true;
      } catch (cause) {
        // Killed under way: what was sent may have been taken or not, so it is sent again.
        if (cause instanceof Error && "code" in cause) return false;
        throw cause;
      }
    },
  };
}
