/**
 * A console's Dynflow source in a process of its own, with a real journal, that kills itself (SIGKILL) when it is about
 * to journal what became of its command. Told what to do by its one argument.
 */
import { createPostgresMailbox } from "#server/dynflow/adapters/postgres/postgres-mailbox.ts";
import { createPostgresStore } from "#server/dynflow/adapters/postgres/postgres-store.ts";
import { openSqliteJournal } from "#server/journal/adapters/sqlite/journal.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createRecorder } from "#server/live/recorder.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import type { ResumeRequest } from "./commands.ts";
import { createLiveSource } from "./service-live-source.ts";

export interface ChildTask {
  readonly url: string;
  readonly directory: string;
  readonly request: ResumeRequest;
}

/** One life of the console over this database and this directory of the journal. */
export async function openLife({ url, directory }: Pick<ChildTask, "url" | "directory">) {
  const clock = createSystemClock();
  const log = silentLogger;
  const journal = await openSqliteJournal({ directory, key: { from: "generated" }, clock, log });
  const recorder = await createRecorder({ journal, clock, log });
  const store = createPostgresStore({ url });
  const source = createLiveSource({
    id: "foreman",
    title: "Foreman",
    act: true,
    release: null,
    cancellable: [],
    demo: false,
    store,
    openMailbox: async () => createPostgresMailbox({ url }),
    recorder,
    view: recorder,
    state: journal.state,
    operations: createOperations({ recorder, view: recorder, clock }),
    clock,
    log,
    hostname: "ops",
    pid: process.pid,
    newWorldId: () => crypto.randomUUID(),
  });
  const abort = new AbortController();
  const ended = source.run(abort.signal);
  return {
    source,
    recorder,
    async stop(): Promise<void> {
      abort.abort();
      await ended;
      await store.close();
      await recorder.stop();
      await journal.close();
    },
  };
}

async function actAndDie(task: ChildTask): Promise<void> {
  const { source, recorder } = await openLife(task);
  const record = recorder.record.bind(recorder);
  recorder.record = async (stream, drafts) => {
    const outcome = drafts.some((draft) => draft.kind.startsWith("op.") && draft.kind !== "op.requested");
    if (outcome) process.kill(process.pid, "SIGKILL");
    return record(stream, drafts);
  };
  while (source.commands?.refusal() !== null) await new Promise((resolve) => setTimeout(resolve, 50));
  await source.commands?.resume(task.request);
}

const task = process.argv[2];
if (task !== undefined) await actAndDie(JSON.parse(task) as ChildTask);
