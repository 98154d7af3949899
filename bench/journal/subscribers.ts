import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ulid } from "ulid";
import { atMost, type Figure, median, percentile, round } from "#bench/figure.ts";
import { type RunningConsole, startConsole, withoutPassword } from "#e2e/fixtures/console.ts";
import { createDynflowDatabase, type DynflowDatabase, failedPlan } from "#e2e/fixtures/dynflow-database.test-kit.ts";
import { until } from "#e2e/fixtures/until.ts";
import { startPostgres } from "#scripts/testing/postgres.ts";
import { openTokenRegister } from "#server/auth/token-file.ts";
import { createTokenCommands } from "#server/cli/tokens.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

const SUBSCRIBERS = 1_000;
const STREAMS_PER_TOKEN = 12;
/** Each is found changed by each look, one every 2 s: 100 changes a second. */
const PLANS = 200;
const CHANGE_EVERY_MS = 500;
const SETTLE_MS = 5_000;
const WATCHED_MS = 30_000;
const TICKS_PER_SECOND = 100;
const MB = 1_000_000;

export type CrowdTask =
  | { readonly kind: "join"; readonly url: string; readonly tokens: readonly string[] }
  | { readonly kind: "tell" };
export interface CrowdAnswer {
  readonly open: number;
  /** Over all clients. */
  readonly events: number;
  /** From an event's time of observation to its arrival, of all clients, in ms. */
  readonly delays: readonly number[];
}

interface Watched {
  readonly queriesPerSecond: number;
  readonly changesPerSecond: number;
  readonly p95Ms: number;
  readonly medianMs: number;
  readonly memoryMb: number;
  readonly cpuPercent: number;
}

/** 1,000 clients of the live feed while 100 things change a second, each figure beside that of one client. */
export async function* subscriberFigures(): AsyncIterable<Figure> {
  const postgres = await startPostgres();
  const database = await createDynflowDatabase(postgres, "bench_live");
  const load = await startLoad(database);
  const access = withoutPassword(database.url, "BENCH_DB_PASSWORD");
  const console = await startConsole({
    environment: access.environment,
    configuration: `
auth: { mode: tokens }
regions: [ { id: lab, title: Lab } ]
dynflow:
  - { id: bench, region: lab, title: Bench, url: ${JSON.stringify(access.url)}, passwordEnv: BENCH_DB_PASSWORD }
`,
  });
  const crowd = openCrowd();
  try {
    const tokens = tokensFor(console, SUBSCRIBERS);
    const headers = { authorization: `Bearer ${tokens.at(-1)}` };
    await until("the console knows the tokens", async () => {
      const answer = await fetch(`${console.url}/api/trpc/overview.get`, { headers });
      return answer.ok;
    });
    const measure = () => watch(console, database, load, crowd);
    const one = await withSubscribers(crowd, console.url, tokens.slice(0, 1), 1, measure);
    const many = await withSubscribers(crowd, console.url, tokens.slice(1), SUBSCRIBERS, measure);
    yield* figuresOf(one, many);
  } finally {
    crowd.process.kill();
    await load.stop();
    await console.close();
    await database.close();
    await postgres.remove();
  }
}

function* figuresOf(one: Watched, many: Watched): Iterable<Figure> {
  const beside = (key: keyof Watched) => ({
    subscribers: SUBSCRIBERS,
    one: round(one[key]),
    changesPerSecond: round(many.changesPerSecond),
  });
  yield {
    figure: "live.upstream-queries",
    ...atMost(1.05, "x those of one subscriber").judge(many.queriesPerSecond / one.queriesPerSecond),
    beside: { ...beside("queriesPerSecond"), perSecond: round(many.queriesPerSecond) },
  };
  yield {
    figure: "live.append-to-client.p95",
    ...atMost(500, "ms").judge(many.p95Ms),
    beside: { ...beside("p95Ms"), medianMs: round(many.medianMs) },
  };
  yield { figure: "live.memory", ...atMost(640, "MB").judge(many.memoryMb), beside: beside("memoryMb") };
  yield { figure: "live.cpu", ...atMost(100, "% of a core").judge(many.cpuPercent), beside: beside("cpuPercent") };
}

interface Crowd {
  readonly process: ChildProcess;
  tell(): Promise<CrowdAnswer>;
}

function openCrowd(): Crowd {
  const child = fork(join(import.meta.dirname, "subscriber-crowd.ts"), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return {
    process: child,
    tell: () =>
      new Promise((resolve) => {
        child.once("message", (answer: CrowdAnswer) => resolve(answer));
        child.send({ kind: "tell" } satisfies CrowdTask);
      }),
  };
}

async function withSubscribers<T>(
  crowd: Crowd,
  url: string,
  tokens: readonly string[],
  count: number,
  act: () => Promise<T>,
): Promise<T> {
  crowd.process.send({ kind: "join", url, tokens } satisfies CrowdTask);
  await until("all clients are connected", async () => (await crowd.tell()).open === count);
  await pause(SETTLE_MS);
  return act();
}

/** As many tokens as streams, each handed out twelve times: that is how many one login may hold. */
function tokensFor(console: RunningConsole, streams: number): readonly string[] {
  const register = openTokenRegister(join(console.directory, "data"));
  const clock = createSystemClock();
  const commands = createTokenCommands({ register, clock, knownSources: null, createId: () => ulid() });
  const made = Array.from({ length: Math.ceil(streams / STREAMS_PER_TOKEN) }, (_, n) =>
    commands.create({ name: `client-${n}`, role: n % 2 === 0 ? "viewer" : "operator", sources: null, expires: "1d" }),
  );
  register.close();
  return made.flatMap(({ token }) => Array.from({ length: STREAMS_PER_TOKEN }, () => token)).slice(0, streams);
}

interface Load {
  /** Statements of the load itself so far. */
  statements(): number;
  stop(): Promise<void>;
}

async function startLoad(database: DynflowDatabase): Promise<Load> {
  const plans = Array.from({ length: PLANS }, () => failedPlan());
  await database.add(plans);
  const ids = plans.map((plan) => plan.id);
  let statements = 0;
  let stopped = false;
  const work = (async () => {
    while (!stopped) {
      statements += 1;
      await database.run("update dynflow_execution_plans set label = $1 where uuid = any($2)", [
        `Actions::Load::Turn${statements}`,
        ids,
      ]);
      await pause(CHANGE_EVERY_MS);
    }
  })();
  return {
    statements: () => statements,
    async stop() {
      stopped = true;
      await work;
    },
  };
}

async function watch(console: RunningConsole, database: DynflowDatabase, load: Load, crowd: Crowd): Promise<Watched> {
  const commits = async () => {
    await database.run("select pg_stat_force_next_flush()");
    const [row] = await database.run(
      "select xact_commit::float8 as commits from pg_stat_database where datname = current_database()",
    );
    return Number(row?.commits) - load.statements();
  };
  await crowd.tell();
  const before = { commits: await commits(), cpu: cpuSec(console.pid()), at: performance.now() };
  const memory: number[] = [];
  while (performance.now() - before.at < WATCHED_MS) {
    await pause(1_000);
    memory.push(residentBytes(console.pid()));
  }
  const seconds = (performance.now() - before.at) / 1_000;
  const after = { commits: await commits(), cpu: cpuSec(console.pid()) };
  const { open, events, delays } = await crowd.tell();
  return {
    queriesPerSecond: (after.commits - before.commits) / seconds,
    changesPerSecond: events / open / seconds,
    p95Ms: percentile(delays, 95),
    medianMs: median(delays),
    memoryMb: Math.max(...memory) / MB,
    cpuPercent: ((after.cpu - before.cpu) / seconds) * 100,
  };
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** User and system time of a process with all its threads. */
function cpuSec(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1_024;
}
