/** The main thread's end of a thread that owns a file: calls with a time-out, and a new thread when one has died. */
import { Worker } from "node:worker_threads";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { ThreadReply } from "./thread-protocol.ts";

const CALL_TIMEOUT_MS = 10_000;
const START_TIMEOUT_MS = 30_000;
const RESTART_INTERVAL_MS = 1_000;
const START_ID = 0;

export interface ThreadOptions {
  /** The module that the thread runs. */
  readonly module: URL;
  readonly name: string;
  readonly data: unknown;
  readonly log: Logger;
}

export interface FileThread {
  /** @throws OpsError of the thread's code; `upstream-unavailable` when it does not answer in time or has ended */
  call(call: string, args: unknown): Promise<unknown>;
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: OpsError) => void;
  readonly timer: NodeJS.Timeout;
}

interface Running {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
  dead: boolean;
}

/** Starts the thread and waits until its file is open. */
export async function startThread(options: ThreadOptions): Promise<FileThread> {
  let running = await start(options);
  let restart: Promise<Running> | null = null;
  let restartedAt = Number.NEGATIVE_INFINITY;
  let closed = false;
  let nextId = START_ID + 1;

  async function alive(): Promise<Running> {
    if (closed) throw new OpsError("upstream-unavailable", `The thread of ${options.name} is closed`);
    if (!running.dead) return running;
    if (restart === null && performance.now() - restartedAt < RESTART_INTERVAL_MS) throw ended(options);
    restartedAt = performance.now();
    restart ??= start(options).finally(() => {
      restart = null;
    });
    running = await restart;
    return running;
  }

  return {
    async call(call, args) {
      const target = running.dead || closed ? await alive() : running;
      const id = nextId++;
      const answer = wait(options, target, id, CALL_TIMEOUT_MS);
      target.worker.postMessage({ id, call, args });
      return answer;
    },
    async close() {
      if (closed) return;
      closed = true;
      try {
        if (!running.dead) {
          const id = nextId++;
          const answer = wait(options, running, id, CALL_TIMEOUT_MS);
          running.worker.postMessage({ id, call: "close", args: null });
          await answer;
        }
      } finally {
        await running.worker.terminate();
      }
    },
  };
}

const ended = ({ name }: ThreadOptions) => new OpsError("upstream-unavailable", `The thread of ${name} has ended`);

function start(options: ThreadOptions): Promise<Running> {
  const { module, name, data, log } = options;
  const worker = new Worker(module, { workerData: data, name });
  const running: Running = { worker, waiting: new Map(), dead: false };
  worker.on("message", (message: ThreadReply) => receive(running, message));
  worker.on("error", (cause) => log.error("ingest.thread.failed", { thread: name, cause: messageOf(cause) }));
  worker.on("exit", () => {
    running.dead = true;
    for (const [id, { reject, timer }] of running.waiting) {
      running.waiting.delete(id);
      clearTimeout(timer);
      reject(ended(options));
    }
  });
  return wait(options, running, START_ID, START_TIMEOUT_MS).then(
    () => running,
    async (cause: unknown) => {
      await worker.terminate();
      throw cause;
    },
  );
}

function wait({ name }: ThreadOptions, running: Running, id: number, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      running.waiting.delete(id);
      reject(new OpsError("upstream-unavailable", `The thread of ${name} did not answer within ${timeoutMs} ms`));
    }, timeoutMs);
    running.waiting.set(id, { resolve, reject, timer });
  });
}

function receive(running: Running, message: ThreadReply): void {
  const waiting = running.waiting.get(message.id);
  if (waiting === undefined) return;
  running.waiting.delete(message.id);
  clearTimeout(waiting.timer);
  if (message.ok) waiting.resolve(message.answer);
  else waiting.reject(new OpsError(message.code, message.message));
}
