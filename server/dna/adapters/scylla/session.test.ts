import { type policies, types } from "cassandra-driver";
import { describe, expect, it } from "vitest";
import { createManualClock } from "#server/runtime/clock.ts";
import { createSession, type SessionClient } from "./session.ts";

type Sent = { readonly statement: string; readonly options: Record<string, unknown> };

/** A driver that answers as told; what a real database does is shown in the services tests. */
function fakeClient(answers: {
  readonly connect?: () => Promise<void>;
  readonly execute?: (pageState: unknown) => Promise<unknown>;
}) {
  const sent: Sent[] = [];
  let shutdowns = 0;
  const client = {
    hosts: { get: () => undefined, values: () => [] },
    connect: answers.connect ?? (async () => undefined),
    execute: (statement: string, _params: unknown, options: Record<string, unknown>) => {
      sent.push({ statement, options });
      return answers.execute?.(options.pageState) ?? new Promise(() => undefined);
    },
    batch: (queries: readonly { query: string }[], options: Record<string, unknown>) => {
      sent.push({ statement: queries.map(({ query }) => query).join("; "), options });
      return new Promise(() => undefined);
    },
    shutdown: async () => {
      shutdowns += 1;
    },
  };
  return { client: client as unknown as SessionClient, sent, shutdowns: () => shutdowns };
}

const never = () => new Promise<never>(() => undefined);
const read = { statement: "SELECT", params: [], rowsMax: 3 };
const page = (rows: number, pageState: string | null) => ({
  rows: Array.from({ length: rows }, () => ({})),
  info: { queriedHost: "10.0.0.1:9042" },
  pageState,
});

describe("a read", () => {
  it("ends after 4.5 s as unavailable when nothing answers", async () => {
    const clock = createManualClock();
    const result = createSession(fakeClient({}).client, clock).read(read);
    const settled = expect(result).rejects.toMatchObject({ code: "upstream-unavailable" });
    await clock.advance(4_499);
    await clock.advance(1);
    await settled;
  });

  it("counts the time of connecting", async () => {
    const clock = createManualClock();
    const result = createSession(fakeClient({ connect: never }).client, clock).read(read);
    const settled = expect(result).rejects.toMatchObject({ code: "upstream-unavailable" });
    await clock.advance(4_500);
    await settled;
  });

  it("follows the paging state over empty pages to the end", async () => {
    const pages = new Map<unknown, unknown>([
      [undefined, page(1, "a")],
      ["a", page(0, "b")],
      ["b", page(0, "c")],
      ["c", page(2, null)],
    ]);
    const { client, sent } = fakeClient({ execute: async (state) => pages.get(state) });
    expect(await createSession(client, createManualClock()).read(read)).toHaveLength(3);
    expect(sent).toHaveLength(4);
  });

  it("with more rows than it may have is an error, not a cut list", async () => {
    const { client } = fakeClient({ execute: async () => page(2, "more") });
    const result = createSession(client, createManualClock()).read(read);
    await expect(result).rejects.toMatchObject({ code: "limit-exceeded" });
  });

  it("connects once for all calls, and again after a failure", async () => {
    let attempts = 0;
    const connect = async () => {
      attempts += 1;
      if (attempts === 1) throw Object.assign(new Error("refused"), { isSocketError: true });
    };
    const session = createSession(
      fakeClient({ connect, execute: async () => page(0, null) }).client,
      createManualClock(),
    );
    const first = await Promise.allSettled([session.read(read), session.read(read)]);
    expect(first.map((result) => result.status)).toEqual(["rejected", "rejected"]);
    expect(attempts).toBe(1);
    await Promise.all([session.read(read), session.read(read)]);
    expect(attempts).toBe(2);
  });

  it.each([
    ["quorum", types.consistencies.localQuorum],
    ["serial", types.consistencies.localSerial],
  ] as const)("at %s is prepared, idempotent and bounded to 2 s a host", async (consistency, level) => {
    const { client, sent } = fakeClient({ execute: async () => page(0, null) });
    await createSession(client, createManualClock()).read({ ...read, consistency });
    expect(sent[0]?.options).toMatchObject({
      prepare: true,
      isIdempotent: true,
      consistency: level,
      readTimeout: 2_000,
    });
  });
});

describe("a conditional round", () => {
  const statement = { statement: "DELETE", params: [] };

  it.each([
    ["one statement", [statement]],
    ["a batch", [statement, statement]],
  ])("of %s is unknown after 6 s, and is never marked as repeatable", async (_case, statements) => {
    const clock = createManualClock();
    const { client, sent } = fakeClient({});
    const outcome = createSession(client, clock).conditional(statements);
    await clock.advance(5_999);
    await clock.advance(1);
    expect(await outcome).toMatchObject({ kind: "unknown" });
    expect(sent).toHaveLength(1);
    expect(sent[0]?.options).toMatchObject({ prepare: true, isIdempotent: false });
    // Not even what found too few replicas: that may be said while a decided write is committed.
    const retry = sent[0]?.options.retry as policies.retry.RetryPolicy;
    const info = { nbRetry: 0 } as policies.retry.OperationInfo;
    expect(retry.onUnavailable(info, types.consistencies.serial, 2, true)).toEqual(retry.rethrowResult());
  });

  it("that found no connection is thrown as unavailable: nothing was sent", async () => {
    const clock = createManualClock();
    const { client, sent } = fakeClient({ connect: never });
    const outcome = createSession(client, clock).conditional([statement]);
    const settled = expect(outcome).rejects.toMatchObject({ code: "upstream-unavailable" });
    await clock.advance(4_500);
    await settled;
    expect(sent).toHaveLength(0);
  });
});

describe("a write without a condition", () => {
  it("is sent once, leaves its time to the database, and is unknown after 6 s", async () => {
    const clock = createManualClock();
    const { client, sent } = fakeClient({});
    const outcome = createSession(client, clock).write({ statement: "DELETE", params: [] });
    await clock.advance(5_999);
    await clock.advance(1);
    expect(await outcome).toMatchObject({ kind: "unknown" });
    expect(sent).toHaveLength(1);
    expect(sent[0]?.options).toMatchObject({ prepare: true, isIdempotent: false });
    expect(sent[0]?.options).not.toHaveProperty("timestamp");
  });
});

describe("closing", () => {
  it("refuses later calls, and closes once", async () => {
    const { client, shutdowns } = fakeClient({ execute: async () => page(0, null) });
    const session = createSession(client, createManualClock());
    await session.read(read);
    await Promise.all([session.close(), session.close()]);
    expect(shutdowns()).toBe(1);
    await expect(session.read(read)).rejects.toMatchObject({ code: "upstream-unavailable" });
  });

  it("while connecting closes what the attempt opened, and does not wait for it longer than 2 s", async () => {
    const clock = createManualClock();
    const { promise: connected, resolve: finish } = Promise.withResolvers<void>();
    const { client, shutdowns } = fakeClient({ connect: () => connected });
    const session = createSession(client, clock);
    const result = session.read(read).catch((cause: unknown) => cause);
    const closed = session.close();
    await clock.advance(2_000);
    await closed;
    expect(shutdowns()).toBe(0);
    finish();
    await clock.advance(4_500);
    await result;
    expect(shutdowns()).toBe(1);
  });
});
