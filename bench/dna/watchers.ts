import { fork } from "node:child_process";
import { join } from "node:path";
import { ulid } from "ulid";
import { atMost, type Figure, round } from "#bench/figure.ts";
import type { CrowdAnswer, CrowdTask } from "#bench/journal/subscribers.ts";
import { until } from "#e2e/fixtures/until.ts";
import { openTokenRegister } from "#server/auth/token-file.ts";
import { createTokenCommands } from "#server/cli/tokens.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { startWatched, type WatchedConsole } from "./watched.ts";

const SOURCES = 10;
const NODES = 1_000;
const VIEWERS = 200;
const STREAMS_PER_TOKEN = 12;
const BEAT_MS = 5_000;
const SETTLE_MS = 15_000;
/** Each is given a snapshot of several megabytes. */
const JOIN_WITHIN_MS = 120_000;
const WATCHED_MS = 30_000;
const MB = 1_000_000;

interface Watched {
  readonly queriesPerSecond: number;
  readonly memoryMb: number;
  readonly cpuPercent: number;
}

/** Memory and CPU of a console that watches 10 clusters of 1,000 nodes, with one viewer and with 200. */
export async function* watcherFigures(): AsyncIterable<Figure> {
  const console = await startWatched({ sources: SOURCES, nodes: NODES, beatMs: BEAT_MS, auth: "tokens" });
  const crowd = fork(join(import.meta.dirname, "..", "journal", "subscriber-crowd.ts"), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const tell = () =>
    new Promise<CrowdAnswer>((resolve) => {
      crowd.once("message", (answer: CrowdAnswer) => resolve(answer));
      crowd.send({ kind: "tell" } satisfies CrowdTask);
    });
  const joined = async (tokens: readonly string[], open: number) => {
    crowd.send({ kind: "join", url: console.url, tokens } satisfies CrowdTask);
    await until("all viewers are connected", async () => (await tell()).open === open, {
      withinMs: JOIN_WITHIN_MS,
    });
    await pause(SETTLE_MS);
  };
  try {
    const tokens = tokensFor(console.directory, VIEWERS);
    const headers = { authorization: `Bearer ${tokens.at(-1)}` };
    await until("every node is alive", async () => {
      const answer = await fetch(`${console.url}/api/trpc/dna.clusters.list?input=${encodeURIComponent("{}")}`, {
        headers,
      });
      if (!answer.ok) return false;
      const { result } = await answer.json();
      const { clusters } = result.data;
      return (
        clusters.length === SOURCES &&
        clusters.every((one: { byState: Record<string, number> }) => one.byState.alive === NODES)
      );
    });
    await joined(tokens.slice(0, 1), 1);
    const one = await watch(console);
    await joined(tokens.slice(1), VIEWERS);
    const many = await watch(console);
    const beside = (key: keyof Watched) => ({
      clusters: SOURCES,
      nodesEach: NODES,
      viewers: VIEWERS,
      oneViewer: round(one[key]),
    });
    yield {
      figure: "dna.watch.memory",
      ...atMost(640, "MB").judge(Math.max(one.memoryMb, many.memoryMb)),
      beside: beside("memoryMb"),
    };
    yield {
      figure: "dna.watch.upstream-queries",
      ...atMost(1.05, "x those of one viewer").judge(many.queriesPerSecond / one.queriesPerSecond),
      beside: { ...beside("queriesPerSecond"), perSecond: round(many.queriesPerSecond) },
    };
    yield {
      figure: "dna.watch.cpu",
      ...atMost(100, "% of a core").judge(many.cpuPercent),
      beside: beside("cpuPercent"),
    };
  } finally {
    crowd.kill();
    await console.close();
  }
}

async function watch(console: WatchedConsole): Promise<Watched> {
  const before = { queries: await console.queries(), cpu: console.cpuSec(), at: performance.now() };
  const memory: number[] = [];
  while (performance.now() - before.at < WATCHED_MS) {
    await pause(1_000);
    memory.push(console.residentBytes());
  }
  const seconds = (performance.now() - before.at) / 1_000;
  const after = { queries: await console.queries(), cpu: console.cpuSec() };
  return {
    queriesPerSecond: (after.queries - before.queries) / seconds,
    memoryMb: Math.max(...memory) / MB,
    cpuPercent: ((after.cpu - before.cpu) / seconds) * 100,
  };
}

/** As many tokens as streams, each handed out twelve times: that is how many one login may hold. */
function tokensFor(directory: string, streams: number): readonly string[] {
  const register = openTokenRegister(join(directory, "data"));
  const commands = createTokenCommands({
    register,
    clock: createSystemClock(),
    knownSources: null,
    createId: () => ulid(),
  });
  const made = Array.from({ length: Math.ceil(streams / STREAMS_PER_TOKEN) }, (_, n) =>
    commands.create({ name: `viewer-${n}`, role: n % 2 === 0 ? "viewer" : "operator", sources: null, expires: "1d" }),
  );
  register.close();
  return made.flatMap(({ token }) => Array.from({ length: STREAMS_PER_TOKEN }, () => token)).slice(0, streams);
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
