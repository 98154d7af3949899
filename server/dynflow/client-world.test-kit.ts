/** Coordinator records and envelopes in memory, for tests of whoever sends through a mailbox. */
import { OpsError } from "#server/kernel/errors.ts";
import { type Envelope, type Message, type Reply, replyTo } from "./codec/envelope.ts";
import { decodeEnvelope } from "./codec/envelope-decode.ts";
import { encodeEnvelope } from "./codec/envelope-encode.ts";
import type {
  DynflowMailbox,
  InvalidationWrites,
  ScheduledCancelWrite,
  SendGuard,
  SkipWrite,
  WriteOutcome,
} from "./ports.ts";

export interface MemoryMail {
  readonly mailbox: DynflowMailbox;
  /** World ids that have a record. */
  readonly registered: Set<string>;
  readonly rows: { readonly id: number; readonly receiverId: string; readonly data: Uint8Array }[];
  /** Every call of the mailbox, in order. */
  readonly calls: string[];
  /** Calls fail while set. */
  down: boolean;
  /** A `send` that fails after its row was stored. */
  loseNextAnswer: boolean;
  listening: boolean;
  /** What a write to a plan does; by default it is made. */
  onSkip: (write: SkipWrite) => WriteOutcome;
  onFreeze: (planId: string, frozen: boolean) => boolean;
  onCancelScheduled: (write: ScheduledCancelWrite) => WriteOutcome;
  /** What the guard of a message finds; by default that all is as expected. */
  onGuard: (guard: SendGuard) => WriteOutcome;
  onRelease: (planId: string) => boolean;
  /** Puts an envelope into the table and notifies its receiver. */
  post(envelope: Envelope): void;
  /** Takes everything waiting for a world, decoded. */
  take(worldId: string): readonly Envelope[];
  /** Answers requests to this world at once as they are sent; `null` = silence, and the row stays. */
  serve(worldId: string, answer: (envelope: Envelope) => readonly Reply[] | null): void;
  loseListener(): void;
}

export function createMemoryMail(): MemoryMail {
  let nextId = 1;
  let onNotify: (() => void) | null = null;
  let onLost: ((cause: unknown) => void) | null = null;
  const servers = new Map<string, (envelope: Envelope) => readonly Reply[] | null>();

  async function call<T>(name: string, act: () => T): Promise<T> {
    mail.calls.push(name);
    if (mail.down) throw new OpsError("upstream-unavailable", "Dynflow's database did not answer");
    return act();
  }

  function decoded(data: Uint8Array): Envelope<Message> {
    const envelope = decodeEnvelope(data);
    if (!envelope.ok) throw new Error(envelope.reason);
    if (envelope.deviations.length > 0) throw new Error(`Ruby could not decode it: ${envelope.deviations.join()}`);
    return envelope.envelope;
  }

  function store(receiverId: string, data: Uint8Array): number {
    const id = nextId++;
    mail.rows.push({ id, receiverId, data });
    return id;
  }

  /** As the database does it: stored, perhaps unanswered, delivered in its own time. */
  function insert(receiverId: string, data: Uint8Array): { readonly rowId: number } {
    const rowId = store(receiverId, data);
    queueMicrotask(() => deliver(rowId, data));
    return { rowId };
  }

  function maybeLost<T>(answer: T): T {
    if (!mail.loseNextAnswer) return answer;
    mail.loseNextAnswer = false;
    throw new OpsError("upstream-unavailable", "Dynflow's database did not answer");
  }

  function deliver(rowId: number, data: Uint8Array): void {
    const envelope = decoded(data);
    const replies = servers.get(envelope.receiverId)?.(envelope) ?? null;
    if (replies === null) return;
    mail.rows.splice(
      mail.rows.findIndex((row) => row.id === rowId),
      1,
    );
    for (const reply of replies) mail.post(replyTo(envelope, reply));
  }

  const mail: MemoryMail = {
    registered: new Set(),
    rows: [],
    calls: [],
    down: false,
    loseNextAnswer: false,
    listening: false,
    onSkip: () => ({ applied: true }),
    onFreeze: () => true,
    onCancelScheduled: () => ({ applied: true }),
    onGuard: () => ({ applied: true }),
    onRelease: () => true,
    post(envelope) {
      const bytes = encodeEnvelope(envelope);
      if (!bytes.ok) throw new Error(bytes.reason);
      store(envelope.receiverId, bytes.value);
      onNotify?.();
    },
    take(worldId) {
      const taken = mail.rows.filter((row) => row.receiverId === worldId);
      for (const row of taken) mail.rows.splice(mail.rows.indexOf(row), 1);
      return taken.map((row) => decoded(row.data));
    },
    serve: (worldId, answer) => void servers.set(worldId, answer),
    loseListener() {
      mail.listening = false;
      onNotify = null;
      onLost?.(new Error("connection lost"));
    },
    mailbox: {
      register: ({ id }) => call("register", () => void mail.registered.add(id)),
      registered: (worldId) => call("registered", () => mail.registered.has(worldId)),
      send: (receiverId, data) =>
        call("send", () => {
          const rowId = store(receiverId, data);
          if (mail.loseNextAnswer) {
            mail.loseNextAnswer = false;
            throw new OpsError("upstream-unavailable", "Dynflow's database did not answer");
          }
          queueMicrotask(() => deliver(rowId, data));
          return { rowId };
        }),
      skip: (write) => call("skip", () => maybeLost(mail.onSkip(write))),
      freeze: (planId, frozen) => call(`freeze ${frozen}`, () => mail.onFreeze(planId, frozen)),
      cancelScheduled: (write) =>
        call("cancelScheduled", () => {
          const outcome = mail.onCancelScheduled(write);
          if (!outcome.applied) return outcome;
          return maybeLost({ applied: true, handle: insert(write.executorId, write.halt) });
        }),
      sendGuarded: (guard, receiverId, envelopes) =>
        call("sendGuarded", () => {
          const outcome = mail.onGuard(guard);
          if (!outcome.applied) return outcome;
          return maybeLost({ applied: true, handles: envelopes.map((data) => insert(receiverId, data)) });
        }),
      withdrawHalt: ({ rowId, releases }) =>
        call(releases ? "withdrawHalt with its lock" : "withdrawHalt", () => {
          const index = mail.rows.findIndex((row) => row.id === rowId);
          if (index >= 0) mail.rows.splice(index, 1);
          return index >= 0;
        }),
      releaseInhibition: (planId) => call("releaseInhibition", () => mail.onRelease(planId)),
      withdraw: ({ rowId }) =>
        call("withdraw", () => {
          const index = mail.rows.findIndex((row) => row.id === rowId);
          if (index >= 0) mail.rows.splice(index, 1);
          return index >= 0;
        }),
      pull: (worldId, beforeGone) =>
        call("pull", () => mail.rows.filter((row) => row.receiverId === worldId)).then(async (taken) => {
          if (taken.length > 0) await beforeGone?.(taken.map((row) => row.data));
          for (const row of taken) mail.rows.splice(mail.rows.indexOf(row), 1);
          return taken.map((row) => row.data);
        }),
      listen: (_worldId, notify, lost) =>
        call("listen", () => {
          mail.listening = true;
          onNotify = notify;
          onLost = lost;
          return async () => {
            mail.listening = false;
            onNotify = null;
          };
        }),
      invalidation: noInvalidation(),
      leave: (worldId) => call("leave", () => void mail.registered.delete(worldId)),
      close: async () => undefined,
    },
  };
  return mail;
}

/** Nothing is invalidated through the mail of a test that does not say how. */
function noInvalidation(): InvalidationWrites {
  const refuse = async (): Promise<never> => {
    throw new Error("not used here");
  };
  return {
    begin: refuse,
    heldLocks: refuse,
    abandon: refuse,
    deactivate: refuse,
    pruneInhibitions: refuse,
    finish: refuse,
    giveUp: refuse,
  };
}
