import { afterEach, describe, expect, it } from "vitest";
import type { Logger } from "#server/kernel/logger.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createAgent, SILENT } from "./agent.ts";
import { createBackOff } from "./back-off.ts";
import type { DataAnswer, GatewayLink, LinkFault, PingAnswer, SessionAnswer } from "./gateway-link.ts";
import { createItemRing, type NumberedItem } from "./ring.ts";

const OPEN: SessionAnswer = { kind: "open", welcome: { token: "t1", pingEveryMs: 3_000, maxBatch: 10 } };
const UNREACHABLE: LinkFault = { kind: "unreachable", reason: "connect ECONNREFUSED" };

/** A gateway that answers as it is told, and remembers what it was sent. */
function createFakeGateway() {
  const calls: string[] = [];
  const taken: NumberedItem[] = [];
  let tokens = 0;
  const answers = {
    open: (): SessionAnswer => {
      tokens += 1;
      return OPEN.kind === "open" ? { ...OPEN, welcome: { ...OPEN.welcome, token: `t${tokens}` } } : OPEN;
    },
    data: (_token: string, _items: readonly NumberedItem[]): DataAnswer => ({
      kind: "taken",
      rejected: 0,
      credit: 100,
    }),
    ping: (_token: string): PingAnswer => ({ kind: "pong", roundTripMs: 4, credit: 100 }),
  };
  const link: GatewayLink = {
    async open() {
      calls.push("open");
      return answers.open();
    },
    async data(token, items) {
      calls.push("data");
      const answer = answers.data(token, items);
      if (answer.kind === "taken") taken.push(...items);
      return answer;
    },
    async ping(token) {
      calls.push("ping");
      return answers.ping(token);
    },
    async bye() {
      calls.push("bye");
    },
    close() {
      calls.push("close");
    },
  };
  return { link, calls, taken, answers, count: (name: string) => calls.filter((call) => call === name).length };
}

const aborts: AbortController[] = [];
afterEach(() => {
  for (const abort of aborts.splice(0)) abort.abort(SILENT);
});

function start(
  gateway: ReturnType<typeof createFakeGateway>,
  value: () => number = () => 1,
  more: { readonly ringSize?: number; readonly log?: Logger } = {},
) {
  const clock = createManualClock();
  const agent = createAgent({
    link: gateway.link,
    collectors: [
      {
        everyMs: 1_000,
        measure: async () => [{ type: "system_metrics", kind: "statistics", body: { cpu_load: value() } }],
      },
    ],
    ringSize: more.ringSize ?? 100,
    clock,
    random: () => 0.5,
    log: more.log ?? silentLogger,
  });
  const abort = new AbortController();
  aborts.push(abort);
  const ended = agent.run(abort.signal);
  return { agent, clock, abort, ended };
}

const figuresOf = (items: readonly NumberedItem[]) =>
  items.filter(({ type }) => type === "system_metrics").map(({ body }) => body.cpu_load);

describe("the reference agent", () => {
  it("case 25: what has not changed is not sent, what has changed is", async () => {
    const gateway = createFakeGateway();
    let value = 7;
    const { clock } = start(gateway, () => value);
    await clock.advance(5_500);
    expect(figuresOf(gateway.taken)).toEqual([7]);
    value = 8;
    await clock.advance(5_000);
    expect(figuresOf(gateway.taken)).toEqual([7, 8]);
  });

  it("pings as often as the gateway asks, and measures the way", async () => {
    const gateway = createFakeGateway();
    const { clock } = start(gateway);
    await clock.advance(30_500);
    expect(gateway.count("ping")).toBeGreaterThanOrEqual(10);
    expect(gateway.count("ping")).toBeLessThanOrEqual(12);
    expect(gateway.taken.filter(({ kind }) => kind === "latency").map(({ body }) => body)).toEqual([{ latency: 4 }]);
  });

  it("case 23: a token that has ended is replaced, and what was not taken is sent again with its number", async () => {
    const gateway = createFakeGateway();
    const seen: [string, readonly number[]][] = [];
    gateway.answers.data = (token, items) => {
      seen.push([token, items.map(({ seq }) => seq)]);
      return token === "t1" ? { kind: "unauthorised" } : { kind: "taken", rejected: 0, credit: 100 };
    };
    const { clock } = start(gateway);
    await clock.advance(2_500);
    expect(gateway.count("open")).toBe(2);
    expect(seen[0]?.[0]).toBe("t1");
    expect(seen[1]).toEqual(["t2", seen[0]?.[1]]);
    expect(figuresOf(gateway.taken)).toEqual([1]);
  });

  it("case 23: 415 and a refused connection are borne, waited for longer each time, and sent after", async () => {
    const gateway = createFakeGateway();
    const faults: LinkFault[] = [UNREACHABLE, { kind: "refused", status: 415, reason: "415" }, UNREACHABLE];
    gateway.answers.data = () => faults.shift() ?? { kind: "taken", rejected: 0, credit: 100 };
    let value = 0;
    const { clock } = start(gateway, () => ++value);
    await clock.advance(20_000);
    expect(faults).toEqual([]);
    expect(figuresOf(gateway.taken).slice(0, 3)).toEqual([1, 2, 3]);
    expect(gateway.taken.map(({ seq }) => seq)).toEqual(gateway.taken.map((_, index) => index + 1));
  });

  it("a gateway that is not there is asked at most every half minute, and found when it is back", async () => {
    const gateway = createFakeGateway();
    const open = gateway.answers.open;
    gateway.answers.open = () => UNREACHABLE;
    const { clock } = start(gateway);
    await clock.advance(300_000);
    const tries = gateway.count("open");
    expect(tries).toBeGreaterThan(8);
    expect(tries).toBeLessThan(25);
    gateway.answers.open = open;
    await clock.advance(40_000);
    expect(figuresOf(gateway.taken)).toEqual([1]);
  });

  it("429 is waited for as long as it says, pings go on meanwhile, nothing is lost", async () => {
    const gateway = createFakeGateway();
    let busy = true;
    gateway.answers.data = () =>
      busy ? { kind: "wait", afterMs: 10_000, reason: "429" } : { kind: "taken", rejected: 0, credit: 100 };
    gateway.answers.ping = () => ({ kind: "pong", roundTripMs: 4, credit: busy ? 0 : 100 });
    const { clock, agent } = start(gateway);
    await clock.advance(9_500);
    expect(gateway.count("data")).toBe(1);
    expect(gateway.count("ping")).toBeGreaterThanOrEqual(3);
    expect(agent.figures().waiting).toBeGreaterThan(0);
    busy = false;
    await clock.advance(15_000);
    expect(agent.figures()).toMatchObject({ waiting: 0, lost: 0 });
  });

  it("no credit is minded: no more is sent than the gateway takes, until it says that it takes again", async () => {
    const gateway = createFakeGateway();
    let credit = 0;
    const sizes: number[] = [];
    gateway.answers.data = (_token, items) => {
      sizes.push(items.length);
      return { kind: "taken", rejected: 0, credit };
    };
    gateway.answers.ping = () => ({ kind: "pong", roundTripMs: 4, credit });
    let value = 0;
    const { clock } = start(gateway, () => ++value);
    await clock.advance(10_000);
    expect(Math.max(...sizes.slice(1))).toBe(1);
    credit = 2;
    await clock.advance(20_000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(2);
  });

  it("a batch that is too large is halved until it fits", async () => {
    const gateway = createFakeGateway();
    gateway.answers.data = (_token, items) =>
      items.length > 2
        ? { kind: "refused", status: 413, reason: "413 too-large" }
        : { kind: "taken", rejected: 0, credit: 100 };
    gateway.answers.open = () => UNREACHABLE;
    let value = 0;
    const { clock, agent } = start(gateway, () => ++value);
    await clock.advance(20_000);
    gateway.answers.open = () => OPEN;
    await clock.advance(60_000);
    expect(agent.figures().waiting).toBeLessThan(3);
    expect(figuresOf(gateway.taken).slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
  });

  it("an item that is too large alone is left out and counted, and holds up nothing behind it", async () => {
    const gateway = createFakeGateway();
    gateway.answers.data = (_token, items) =>
      items.some(({ body }) => body.cpu_load === 2)
        ? { kind: "refused", status: 413, reason: "413 too-large" }
        : { kind: "taken", rejected: 0, credit: 100 };
    let value = 0;
    const { clock, agent } = start(gateway, () => ++value);
    await clock.advance(20_000);
    expect(agent.figures()).toMatchObject({ rejected: 1, waiting: 0 });
    expect(figuresOf(gateway.taken).slice(0, 3)).toEqual([1, 3, 4]);
  });

  it("case 24: while nothing can be sent the newest of each kind stays, and the rest goes first", async () => {
    const gateway = createFakeGateway();
    const open = gateway.answers.open;
    gateway.answers.open = () => UNREACHABLE;
    let value = 0;
    const { clock, agent } = start(gateway, () => ++value, { ringSize: 5 });
    await clock.advance(100_000);
    const last = value;
    expect(agent.figures()).toMatchObject({ waiting: 5, lost: last - 5 });
    gateway.answers.open = open;
    await clock.advance(40_000);
    expect(figuresOf(gateway.taken)).toContain(value);
    expect(gateway.taken[0]?.seq).toBeGreaterThan(last - 5);
  });

  it("told to stop it says bye; killed it says nothing", async () => {
    const [polite, killed] = [createFakeGateway(), createFakeGateway()];
    const one = start(polite);
    const other = start(killed);
    await one.clock.advance(2_000);
    await other.clock.advance(2_000);
    one.abort.abort(new Error("told to stop"));
    other.abort.abort(SILENT);
    await Promise.all([one.ended, other.ended]);
    expect(polite.calls.slice(-2)).toEqual(["bye", "close"]);
    expect(killed.count("bye")).toBe(0);
  });

  it("a measurement that fails costs only itself", async () => {
    const gateway = createFakeGateway();
    let tries = 0;
    const { clock } = start(gateway, () => {
      tries += 1;
      if (tries < 3) throw new Error("no such file");
      return tries;
    });
    await clock.advance(4_500);
    expect(figuresOf(gateway.taken)[0]).toBe(3);
  });
});

describe("the ring", () => {
  it("lets go of what a newer one of its kind stands for, before anything else", () => {
    const ring = createItemRing(3);
    const item = (kind: string, n: number) => ({ type: "t", kind, body: { n } });
    ring.add(item("information", 1), 1);
    for (let n = 2; n < 8; n += 1) ring.add(item("statistics", n), n);
    expect(ring.oldest(9).map(({ seq, kind }) => [seq, kind])).toEqual([
      [1, "information"],
      [6, "statistics"],
      [7, "statistics"],
    ]);
    expect(ring.lost()).toBe(4);
    ring.settle(new Set([1, 7]));
    expect(ring.oldest(9).map(({ seq }) => seq)).toEqual([6]);
  });

  it("lets the oldest go where each is the only one of its kind", () => {
    const ring = createItemRing(2);
    for (const kind of ["a", "b", "c"]) ring.add({ type: "t", kind, body: {} }, 1);
    expect(ring.oldest(9).map(({ kind }) => kind)).toEqual(["b", "c"]);
  });
});

describe("the waits between tries", () => {
  it("double from 1 s to 32 s, half of each left to chance, and begin anew after a success", () => {
    const [least, most] = [createBackOff(() => 0), createBackOff(() => 0.999_999)];
    const waits = (one: typeof least) => Array.from({ length: 8 }, () => one.failedMs());
    expect(waits(least)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000]);
    expect(waits(most)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000]);
    least.succeeded();
    expect(least.failedMs()).toBe(500);
  });
});
