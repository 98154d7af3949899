import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "#e2e/fixtures/console.ts";
import { SERVER_FLAGS } from "#scripts/process/node-version.mjs";
import type { BesidePlan } from "./beside.ts";
import type { WatchedCount, WatchedReady } from "./watched-console.ts";

const TICKS_PER_SECOND = 100;
const STOP_TIMEOUT_MS = 10_000;
const READY_TIMEOUT_MS = 90_000;

export interface WatchedPlan {
  readonly sources: number;
  /** Of each source. */
  readonly nodes: number;
  readonly beatMs: number;
  readonly auth?: "none" | "tokens";
  /** Left out: nothing. */
  readonly beside?: BesidePlan;
}

const NOTHING_BESIDE: BesidePlan = { agents: 0, stacks: 0, worlds: 0 };

/** A console over bare tables of nodes, in a process of its own. */
export interface WatchedConsole {
  readonly url: string;
  readonly directory: string;
  /** Statements that its sources were asked so far. */
  queries(): Promise<number>;
  residentBytes(): number;
  /** User and system time of the process with all its threads. */
  cpuSec(): number;
  close(): Promise<void>;
}

export async function startWatched({
  sources,
  nodes,
  beatMs,
  auth = "none",
  beside = NOTHING_BESIDE,
}: WatchedPlan): Promise<WatchedConsole> {
  const directory = mkdtempSync(join(tmpdir(), "worldline-bench-dna-"));
  const file = join(directory, "worldline.yaml");
  writeFileSync(
    file,
    `listen: { host: 127.0.0.1, port: ${await freePort()} }
journal: { path: ${join(directory, "data")} }
auth: { mode: ${auth} }
regions: [ { id: eu, title: Europe }, { id: us, title: US East }, { id: ap, title: Asia Pacific } ]
dna:
${["eu", "us", "ap"].map((region) => `  - { id: seat-${region}, region: ${region}, scylla: { contactPoints: ["127.0.0.1:1"], localDataCenter: dc1, keyspace: dna } }`).join("\n")}
`,
  );
  const child = fork(
    join(import.meta.dirname, "watched-console.ts"),
    [
      ...["--config", file, "--sources", `${sources}`, "--nodes", `${nodes}`, "--beat-ms", `${beatMs}`],
      ...["--agents", `${beside.agents}`, "--stacks", `${beside.stacks}`, "--worlds", `${beside.worlds}`],
    ],
    {
      execArgv: SERVER_FLAGS,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" },
    },
  );
  const pid = child.pid ?? 0;
  const { url } = await ready(child);
  return {
    url,
    directory,
    queries: () =>
      new Promise((resolve) => {
        child.once("message", (answer: WatchedCount) => resolve(answer.queries));
        child.send("count");
      }),
    residentBytes() {
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      return Number(kilobytes) * 1_024;
    },
    cpuSec() {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    async close() {
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<WatchedReady> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the watched console was not ready in time")), READY_TIMEOUT_MS);
    child.once("message", (message: WatchedReady) => {
      clearTimeout(timer);
      resolve(message);
    });
    child.once("exit", (code) => reject(new Error(`the watched console ended with ${code}`)));
  });
}
