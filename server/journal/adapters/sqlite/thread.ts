/** The main thread's end of the journal's thread: calls with a time-out, and a new thread when one has died. */
import { Worker } from "node:worker_threads";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { JournalCall, JournalCalls, JournalReply, JournalRequest, JournalThreadData } from "./protocol.ts";

const CALL_TIMEOUT_MS = 10_000;
/** Opening may finish a sealing or migrate. */
const START_TIMEOUT_MS = 60_000;
const RESTART_INTERVAL_MS = 1_000;

export interface JournalThread {
  /** @throws OpsError of the thread's code, `journal-unavailable` when it does not answer in time or has ended */
  call<C extends JournalCall>(call: C, args: JournalCalls[C]["args"]): Promise<JournalCalls[C]["answer"]>;
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

/** Starts the thread and waits until the journal is open. */
export async function startJournalThread(data: JournalThreadData, log: Logger): Promise<JournalThread> {
  let running = await start(data, log);
  let restart: Promise<Running> | null = null;
  let restartedAt = Number.NEGATIVE_INFINITY;
  let closed = false;
  let nextId = 1;

  async function alive(): Promise<Running> {
    if (closed) throw new OpsError("journal-unavailable", "The journal is closed");
    if (!running.dead) return running;
    if (restart === null && performance.now() - restartedAt < RESTART_INTERVAL_MS) {
      throw new OpsError("journal-unavailable", "The journal's thread has ended");
    }
    restartedAt = performance.now();
    restart ??= start(data, log).finally(() => {
      restart = null;
    });
    running = await restart;
    return running;
  }

  return {
    async call(call, args) {
      const target = running.dead || closed ? await alive() : running;
      return (await ask(target, { id: nextId++, call, args } as JournalRequest, CALL_TIMEOUT_MS)) as never;
    },
    async close() {
      closed = true;
      try {
        if (!running.dead) await ask(running, { id: nextId++, call: "close", args: null }, CALL_TIMEOUT_MS);
      } finally {
        await running.worker.terminate();
      }
    },
  };
}

function start(data: JournalThreadData, log: Logger): Promise<Running> {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: data, name: "journal" });
  const running: Running = { worker, waiting: new Map(), dead: false };
  worker.on("message", (message: JournalReply) => receive(running, message, log));
  worker.on("error", (cause) => log.error("journal.thread.failed", { cause: messageOf(cause) }));
  worker.on("exit", () => {
    running.dead = true;
    for (const [id, { reject, timer }] of running.waiting) {
      running.waiting.delete(id);
      clearTimeout(timer);
      reject(new OpsError("journal-unavailable", "The journal's thread has ended"));
    }
  });
  return wait(running, 0, START_TIMEOUT_MS).then(
    () => running,
    async (cause: unknown) => {
      await worker.terminate();
      throw cause;
    },
  );
}

function ask(running: Running, request: JournalRequest, timeoutMs: number): Promise<unknown> {
  const answer = wait(running, request.id, timeoutMs);
  running.worker.postMessage(request);
  return answer;
}

function wait(running: Running, id: number, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      running.waiting.delete(id);
      running.worker.postMessage({ id, call: "abandon", args: null } satisfies JournalRequest);
      reject(new OpsError("journal-unavailable", `The journal did not answer within ${timeoutMs} ms`));
    }, timeoutMs);
    running.waiting.set(id, { resolve, reject, timer });
  });
}

function receive(running: Running, message: JournalReply, log: Logger): void {
  if ("notice" in message) {
    log[message.level](message.event, message.fields);
    return;
  }
  const waiting = running.waiting.get(message.id);
  if (waiting === undefined) return;
  running.waiting.delete(message.id);
  clearTimeout(waiting.timer);
  if (message.ok) waiting.resolve(message.answer);
  else waiting.reject(new OpsError(message.code, message.message));
}
