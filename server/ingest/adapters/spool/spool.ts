/** The spool as the pipeline sees it: a file of this gateway, in a thread of its own. */
import { startThread } from "#server/ingest/adapters/thread.ts";
import type { DeadLetter, Envelope, Spool, SpoolBacklog } from "#server/ingest/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { BacklogRow, SpoolCall, SpoolCalls, SpoolThreadData } from "./protocol.ts";

export interface SpoolOptions {
  readonly file: string;
  /** Bytes that may wait, of all receivers together. */
  readonly maxBytes: number;
  /** Bound of the file itself, as a full disk sets one; `null` = none. */
  readonly fileBytesMax?: number | null;
  /** Of all dead letters, in characters; 64 Mi unless told. */
  readonly lettersCharsMax?: number;
  readonly log: Logger;
}

/**
 * Opens the file and knows what waits in it from before.
 *
 * @throws OpsError `refused` when another process has the file
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { file, maxBytes, fileBytesMax, lettersCharsMax, log } = options;
  const most = lettersCharsMax === undefined ? {} : { lettersCharsMax };
  const data: SpoolThreadData = { file, maxBytes, fileBytesMax: fileBytesMax ?? null, ...most };
  const thread = await startThread({ module: new URL("./worker.ts", import.meta.url), name: "spool", data, log });
  const known = new Map<string, SpoolBacklog>();

  async function call<C extends SpoolCall>(name: C, args: SpoolCalls[C]["args"]): Promise<SpoolCalls[C]["answer"]> {
    return (await thread.call(name, args)) as SpoolCalls[C]["answer"];
  }
  function note(rows: readonly BacklogRow[]): void {
    for (const { receiver, items, oldestAt } of rows) {
      known.set(receiver, { receiver, items, oldestAt: oldestAt === null ? null : epochMs(oldestAt) });
    }
  }
  note(await call("backlogs", null));

  return {
    async append(entries, seen, at) {
      const texts = entries.map(({ receivers, items }) => ({
        receivers,
        items: items.length,
        payload: JSON.stringify(items),
      }));
      note(await call("append", { entries: texts, seen, at }));
    },
    async next(receiver, after, items) {
      const chunks = await call("next", { receiver, after, items });
      return chunks.map(({ id, payload }) => ({ id, items: JSON.parse(payload) as readonly Envelope[] }));
    },
    async settle(receiver, upTo) {
      note(await call("settle", { receiver, upTo }));
    },
    async bury(receiver, reason, at, items) {
      await call("bury", { receiver, reason, at, payloads: items.map((item) => JSON.stringify(item)) });
    },
    async letters({ receiver, before, limit }) {
      const rows = await call("letters", { receiver, before: before === null ? null : Number(before), limit });
      return rows.map(
        ({ id, receiver: by, at, reason, payload }): DeadLetter => ({
          id: String(id),
          receiver: by,
          at: epochMs(at),
          reason,
          envelope: JSON.parse(payload) as Envelope,
        }),
      );
    },
    backlog: (receiver) => known.get(receiver) ?? { receiver, items: 0, oldestAt: null },
    backlogs: () => [...known.values()],
    seen: () => call("seen", null),
    async forget(agentId) {
      await call("forget", { agentId });
    },
    close: () => thread.close(),
  };
}
