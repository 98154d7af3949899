/** What tests of the distribution against real nodes have in common. */
import { expect } from "vitest";
import { startBeam, type TestBeam, type TestBeamOptions } from "#scripts/testing/beam.ts";
import { createRemoteNodes } from "#server/dna/adapters/beam/dist/node-pool.ts";
import type { RemoteNodesOptions } from "#server/dna/adapters/beam/dist/options.ts";
import type { RemoteCallOptions, RemoteNodes } from "#server/dna/adapters/beam/dist/remote-nodes.ts";
import type { Term } from "#server/dna/codec/etf/term.ts";
import { type Logger, silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

/** For what is answered at once, on a machine that others use too. */
const ANSWER_MS = 20_000;
const cleanUps: (() => Promise<unknown>)[] = [];
let consoles = 0;

/** For `afterAll`: ends what was started here, the last first. */
export async function cleanUp(): Promise<void> {
  for (const act of cleanUps.splice(0).reverse()) await act();
}

export const cleanUpWith = (act: () => Promise<unknown>): void => void cleanUps.push(act);

/** A console with a name of its own, that knows a node's cookie and how it is reached. */
export function connect(node: TestBeam, more: Partial<RemoteNodesOptions> = {}): RemoteNodes {
  consoles += 1;
  const { cookie, epmd, fixedPort } = node;
  const nodes = createRemoteNodes({
    name: `worldline-${consoles}@127.0.0.1`,
    cookie: { reveal: () => cookie },
    reach: fixedPort === null ? { kind: "epmd", port: epmd?.port ?? 0 } : { kind: "fixed", port: fixedPort },
    tls: null,
    clock: createSystemClock(),
    log: silentLogger,
    ...more,
  });
  cleanUpWith(() => nodes.close());
  return nodes;
}

/** A real node, ended by {@link cleanUp}. */
export async function another(options: TestBeamOptions = {}): Promise<TestBeam> {
  const node = await startBeam(options);
  cleanUpWith(() => node.remove());
  return node;
}

export const ask = (
  nodes: RemoteNodes,
  node: TestBeam,
  [module, name, ...args]: readonly [string, string, ...Term[]],
  options: Partial<RemoteCallOptions> = {},
): Promise<Term> => nodes.call(node.name, { module, function: name, args }, { timeoutMs: ANSWER_MS, ...options });

export const processes = (node: TestBeam): number => Number(node.erlCall("erlang:system_info(process_count)"));

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const SOON_MS = 30_000;

/** What becomes true of a real system after a while, on a machine that others use too. */
export const soon = <T>(read: () => T) => expect.poll(read, { timeout: SOON_MS, interval: 20 });

/** What a promise rejects with, or a text that says it did not. */
export const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "no failure",
    (cause: unknown) => cause,
  );

/** Keeps every line, as it would be written. */
export function recordingLogger(lines: string[]): Logger {
  const note = (event: string, fields?: Readonly<Record<string, unknown>>): void =>
    void lines.push(`${event} ${JSON.stringify(fields)}`);
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger };
  return logger;
}
