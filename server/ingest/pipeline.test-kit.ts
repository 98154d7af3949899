/** A pipeline with receivers of the test's own, on a spool of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSpool } from "#server/ingest/adapters/spool/spool.ts";
import { type Clock, epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { createPipeline, type Pipeline } from "./pipeline.ts";
import type { AgentChange, AgentCounts, Batch, Envelope, Item, Receiver, Spool } from "./ports.ts";
import type { PipelineSettings, ReceiverSettings } from "./settings.ts";

/** How a receiver of a test behaves, call by call. */
export interface FakeReceiver extends Receiver {
  readonly calls: (readonly Envelope[])[];
  readonly got: () => readonly number[];
  readonly changes: AgentChange[];
  closed: number;
  behave: (batch: readonly Envelope[], signal: AbortSignal) => Promise<void>;
}

export function createFakeReceiver(): FakeReceiver {
  const calls: (readonly Envelope[])[] = [];
  const changes: AgentChange[] = [];
  const taken: number[] = [];
  const fake: FakeReceiver = {
    calls,
    changes,
    closed: 0,
    got: () => taken,
    behave: async () => undefined,
    async receive(batch, signal) {
      calls.push(batch);
      await fake.behave(batch, signal);
      taken.push(...batch.map(({ seq }) => seq));
    },
    async agentChanged(change) {
      changes.push(change);
    },
    flush: async () => undefined,
    async close() {
      fake.closed += 1;
    },
  };
  return fake;
}

/** A receiver `log`-like in its queue; what it is in truth is the test's fake. */
export const receiver = (
  id: string,
  overflow: "block" | "keep-latest" | "drop-oldest" = "block",
  of: { readonly queue?: number; readonly batch?: number } = {},
): ReceiverSettings => ({
  ...{ id, overflow, use: "event-log", queue: of.queue ?? 1_000, batch: of.batch ?? 100, flushMs: 0 },
});

export const TYPES: PipelineSettings["types"] = [
  { type: "system_metrics", kinds: ["statistics"], schema: "system_metrics.v1" },
  { type: "free", kinds: [], schema: null },
];

export const everythingTo = (...to: readonly string[]): PipelineSettings["routes"] => [
  { types: ["*"], kinds: [], to: [...to] },
];

export interface PipelineKit {
  readonly pipeline: Pipeline;
  readonly spool: Spool;
  readonly fakes: Readonly<Record<string, FakeReceiver>>;
  readonly counts: AgentCounts[];
  /** Sends numbers of `free` items; answers what the intake answers. */
  send(
    numbers: readonly number[],
    of?: Partial<Batch & { readonly item: Partial<Item> }>,
  ): ReturnType<Pipeline["intake"]["take"]>;
  /** Starts delivery. */
  run(): void;
  /** Ends delivery and closes the spool; the file stays until `dispose`. */
  stop(): Promise<void>;
}

export interface KitOptions {
  readonly directory: string;
  readonly settings: PipelineSettings;
  readonly clock?: Clock;
  readonly fakes?: Readonly<Record<string, FakeReceiver>>;
  readonly fileBytesMax?: number;
  readonly timeoutMs?: number;
  readonly alone?: boolean;
}

export const temporaryFolder = () => {
  const directory = mkdtempSync(join(tmpdir(), "pipeline-"));
  return { directory, dispose: () => rmSync(directory, { recursive: true, force: true }) };
};

export async function openKit(options: KitOptions): Promise<PipelineKit> {
  const { directory, settings, fileBytesMax, timeoutMs } = options;
  const clock = options.clock ?? createSystemClock();
  const fakes: Record<string, FakeReceiver> = { ...options.fakes };
  const fakeOf = (id: string): FakeReceiver => {
    const fake = fakes[id] ?? createFakeReceiver();
    fakes[id] = fake;
    return fake;
  };
  for (const { id } of settings.receivers) fakeOf(id);
  const counts: AgentCounts[] = [];
  const spool = await openSpool({
    file: join(directory, "spool.sqlite"),
    maxBytes: 64 * 1024 * 1024,
    fileBytesMax: fileBytesMax ?? null,
    log: silentLogger,
  });
  const pipeline = await createPipeline({
    ...{ settings, spool, clock, inactiveAfterMs: 7_000, poa: false, alone: options.alone ?? true, log: silentLogger },
    open: async ({ id }) => fakeOf(id),
    watch: { counted: (one) => counts.push(one) },
    chance: () => 0,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const abort = new AbortController();
  let running: Promise<void> = Promise.resolve();
  return {
    ...{ pipeline, spool, fakes, counts },
    send(numbers, of = {}) {
      const { item, ...batch } = of;
      return pipeline.intake.take({
        agentId: "a",
        bootId: "b",
        door: "http",
        scope: { agents: ["*"], types: [] },
        receivedAt: clock.now(),
        items: numbers.map((seq) => ({ seq, at: epochMs(seq), type: "free", kind: "k", body: { seq }, ...item })),
        ...batch,
      });
    },
    run() {
      running = pipeline.run(abort.signal);
    },
    async stop() {
      abort.abort(new Error("the test ends"));
      await running;
      await spool.close();
    },
  };
}
