import { once } from "node:events";
import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestBeam } from "#scripts/testing/beam.ts";
import { startEpmd } from "#scripts/testing/epmd.ts";
import { DIST_FLAG, OWN_FLAGS } from "#server/dna/codec/dist/flags.ts";
import { atom } from "#server/dna/codec/etf/term.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import {
  another,
  ask,
  cleanUp,
  cleanUpWith,
  connect,
  failure,
  processes,
  recordingLogger,
  sleep,
  soon,
} from "./testing/real-nodes.test-kit.ts";

let beam: TestBeam;
/** Long enough for the node to be asked meanwhile, by `erl_call`, what runs on it. */
const SEEN_MEANWHILE_MS = 6_000;
/** A node from which not a byte comes for two seconds is given up. */
const FOUND_MS = 4_000;
const numbersIn = (text: string): number[] => text.match(/[0-9]+/g)?.map(Number) ?? [];
beforeAll(async () => {
  beam = await another();
});
afterAll(cleanUp);

describe("time-outs", () => {
  test("leave no process behind on the node", async () => {
    const nodes = connect(beam);
    await ask(nodes, beam, ["erlang", "node"]);
    await soon(() => nodes.link(beam.name)).toMatchObject({ otpRelease: "25" });
    const before = processes(beam);
    const calls = Array.from({ length: 40 }, () =>
      failure(ask(nodes, beam, ["timer", "sleep", 60_000], { timeoutMs: SEEN_MEANWHILE_MS })),
    );
    await soon(() => processes(beam)).toBeGreaterThanOrEqual(before + 40);
    for (const cause of await Promise.all(calls)) {
      expect(cause).toMatchObject({ code: "upstream-unavailable", details: { sent: true } });
    }
    await soon(() => processes(beam)).toBeLessThanOrEqual(before);
    expect(nodes.link(beam.name)).toMatchObject({ kind: "connected" });
  });

  test("nothing grows on the node: not by calls, by what fails, nor by connections made anew", async () => {
    const name = "worldline-again@127.0.0.1";
    const some = async (): Promise<void> => {
      const nodes = connect(beam, { name });
      await Promise.all(Array.from({ length: 100 }, (_, index) => ask(nodes, beam, ["erlang", "abs", -index])));
      await failure(ask(nodes, beam, ["timer", "sleep", 60_000], { timeoutMs: 20 }));
      await failure(ask(nodes, beam, ["lists", "nth", 5, atom("none")]));
      await nodes.close();
    };
    const counted = (): string => beam.erlCall("{erlang:system_info(atom_count), erlang:system_info(port_count)}");
    await some();
    const [before, running] = [counted(), processes(beam)];
    for (let round = 0; round < 15; round += 1) await some();
    const [atomsBefore = 0] = numbersIn(before);
    // Each erl_call is a node of a new name: one atom a question.
    await soon(() => numbersIn(counted())[0] ?? 0).toBeLessThan(atomsBefore + 20);
    await soon(() => numbersIn(counted())[1]).toBe(numbersIn(before)[1]);
    await soon(() => processes(beam)).toBeLessThanOrEqual(running);
  });

  test("a caller who does not wait any more leaves none either", async () => {
    const nodes = connect(beam);
    await ask(nodes, beam, ["erlang", "node"]);
    const before = processes(beam);
    const caller = new AbortController();
    const call = failure(ask(nodes, beam, ["timer", "sleep", 60_000], { timeoutMs: 60_000, signal: caller.signal }));
    await soon(() => processes(beam)).toBe(before + 1);
    caller.abort();
    expect(await call).toMatchObject({ code: "cancelled" });
    await soon(() => processes(beam)).toBeLessThanOrEqual(before);
  });

  test("a call that was given up before it was confirmed is ended as soon as it is", async () => {
    const nodes = connect(beam);
    await ask(nodes, beam, ["erlang", "node"]);
    const before = processes(beam);
    beam.pause();
    await sleep(50);
    const cause = await failure(ask(nodes, beam, ["timer", "sleep", 60_000], { timeoutMs: 200 }));
    beam.resume();
    expect(cause).toMatchObject({ code: "upstream-unavailable" });
    await sleep(100);
    await soon(() => processes(beam)).toBeLessThanOrEqual(before);
    expect(nodes.link(beam.name)).toMatchObject({ kind: "connected" });
  });

  test("a frozen node is found in two seconds, and tried again later", async () => {
    const node = await another();
    const nodes = connect(node, { random: () => 0 });
    await ask(nodes, node, ["erlang", "node"]);
    node.pause();
    await sleep(50);
    const startedAt = performance.now();
    const other = failure(ask(nodes, node, ["erlang", "node"], { timeoutMs: 60_000 }));
    await failure(ask(nodes, node, ["erlang", "node"], { timeoutMs: 2_000 }));
    expect(await other).toMatchObject({ code: "upstream-unavailable", details: { sent: true } });
    const [foundMs, link] = [performance.now() - startedAt, nodes.link(node.name)];
    const refused = await failure(ask(nodes, node, ["erlang", "node"]));
    expect(foundMs).toBeLessThan(FOUND_MS);
    expect(link).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("not a byte") });
    expect(refused).toMatchObject({ code: "refused", details: { sent: false } });
    node.resume();
    await soon(() => ask(nodes, node, ["erlang", "node"])).toEqual(atom(node.name));
  });

  test("a node killed in mid-call is known at once, and its name is gone from the mapper", async () => {
    const node = await another();
    const nodes = connect(node);
    await ask(nodes, node, ["erlang", "node"]);
    expect(await nodes.registration(node.name)).toEqual({
      kind: "registered",
      port: node.epmd?.names().get(node.name.split("@")[0] ?? ""),
    });
    const call = failure(ask(nodes, node, ["timer", "sleep", 30_000], { timeoutMs: 30_000 }));
    await sleep(50);
    await node.kill();
    const startedAt = performance.now();
    expect(await call).toMatchObject({ code: "upstream-unavailable", details: { sent: true } });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(nodes.link(node.name)).toMatchObject({ kind: "unreachable" });
    await soon(() => nodes.registration(node.name)).toEqual({ kind: "not-registered" });
    expect(node.epmd?.names().size).toBe(0);
    node.epmd?.pause();
    expect(await nodes.registration(node.name)).toMatchObject({ kind: "unknown" });
    node.epmd?.resume();
    await node.epmd?.kill();
    expect(await nodes.registration(node.name)).toMatchObject({ kind: "unknown" });
  });
});

describe("what turns us away", () => {
  test("another cookie: one line in the node's log, however often it is asked, and no secret in ours", async () => {
    const node = await another();
    const lines: string[] = [];
    const log = recordingLogger(lines);
    const nodes = connect(node, { cookie: { reveal: () => "canary-cookie" }, log });
    const first = await failure(ask(nodes, node, ["erlang", "node"]));
    expect(first).toMatchObject({ code: "upstream-unavailable", details: { sent: false } });
    for (let index = 0; index < 50; index += 1) {
      expect(await failure(ask(nodes, node, ["erlang", "node"]))).toMatchObject({ code: "refused" });
    }
    expect(nodes.link(node.name)).toMatchObject({ kind: "refused", reason: expect.stringContaining("cookie") });
    const link = nodes.link(node.name);
    expect(link.kind === "refused" && link.retryInMs).toBeGreaterThan(290_000);
    const refusals = () => node.log().split("Connection attempt from").length - 1;
    await soon(refusals).toBeGreaterThan(0);
    await sleep(200);
    expect(refusals()).toBe(1);
    expect(`${lines.join()}${String(first)}${JSON.stringify(first)}`).not.toContain("canary");
  });

  test("flags that it needs: one line in its log", async () => {
    const node = await another();
    const nodes = connect(node, { flags: OWN_FLAGS & ~DIST_FLAG.utf8Atoms });
    for (let index = 0; index < 5; index += 1) await failure(ask(nodes, node, ["erlang", "node"]));
    expect(nodes.link(node.name)).toMatchObject({
      kind: "refused",
      reason: expect.stringContaining("does not allow us"),
    });
    const lines = () => node.log().match(/worldline-[0-9]+@127.0.0.1/g)?.length ?? 0;
    await soon(lines).toBeGreaterThan(0);
    await sleep(200);
    expect(lines()).toBe(1);
  });

  test("five minutes later it is tried again, and only then", async () => {
    const node = await another();
    const clock = createManualClock();
    let cookie = "wrong";
    const nodes = connect(node, { cookie: { reveal: () => cookie }, clock });
    await failure(ask(nodes, node, ["erlang", "node"]));
    cookie = node.cookie;
    await clock.advance(299_000);
    expect(await failure(ask(nodes, node, ["erlang", "node"]))).toMatchObject({ code: "refused" });
    await clock.advance(1_500);
    expect(await ask(nodes, node, ["erlang", "node"])).toEqual(atom(node.name));
  });

  test("a name that is not there, and a port with nobody or with somebody else behind it", async () => {
    const nodes = connect(beam);
    const absent = `nobody@127.0.0.1`;
    const call = { module: "erlang", function: "node", args: [] };
    expect(await failure(nodes.call(absent, call, { timeoutMs: 20_000 }))).toMatchObject({ details: { sent: false } });
    expect(nodes.link(absent)).toMatchObject({
      kind: "unreachable",
      reason: expect.stringContaining("not registered"),
    });
    const http = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(0, "127.0.0.1");
    await once(http, "listening");
    cleanUpWith(async () => http.close());
    const address = http.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const astray = connect(beam, { reach: { kind: "fixed", port } });
    await failure(ask(astray, beam, ["erlang", "node"]));
    expect(astray.link(beam.name)).toMatchObject({ kind: "unreachable", reason: expect.any(String) });
    const nowhere = connect(beam, { reach: { kind: "fixed", port: 1 } });
    await failure(ask(nowhere, beam, ["erlang", "node"]));
    expect(nowhere.link(beam.name)).toMatchObject({
      kind: "unreachable",
      reason: expect.stringContaining("nobody listens"),
    });
  });

  test("a second console of our name ends the connection of the first, which says so", async () => {
    const name = "worldline-twin@127.0.0.1";
    const [first, second] = [connect(beam, { name }), connect(beam, { name })];
    await ask(first, beam, ["erlang", "node"]);
    expect(await ask(second, beam, ["erlang", "node"])).toEqual(atom(beam.name));
    await soon(() => first.link(beam.name)).toMatchObject({ kind: "unreachable", reason: expect.any(String) });
    expect(second.link(beam.name)).toMatchObject({ kind: "connected" });
    expect(await ask(second, beam, ["erlang", "abs", -1])).toBe(1);
  });
});

describe("places", () => {
  test("the connection idle longest makes place; who finds none waits, and tells that nothing was sent", async () => {
    const epmd = await startEpmd();
    cleanUpWith(() => epmd.remove());
    const [first, second] = [await another({ epmd, cookie: "shared" }), await another({ epmd, cookie: "shared" })];
    const nodes = connect(first, { openMax: 1 });
    await ask(nodes, first, ["erlang", "node"]);
    await soon(() => nodes.link(first.name)).toMatchObject({ otpRelease: "25" });
    expect(await ask(nodes, second, ["erlang", "node"])).toEqual(atom(second.name));
    expect(nodes.link(first.name)).toEqual({ kind: "idle" });
    const long = ask(nodes, second, ["timer", "sleep", 4_000]);
    await sleep(50);
    const late = await failure(ask(nodes, first, ["erlang", "node"], { timeoutMs: 200 }));
    expect(late).toMatchObject({ code: "upstream-unavailable", details: { sent: false } });
    expect(await ask(nodes, first, ["erlang", "node"])).toEqual(atom(first.name));
    expect(await long).toEqual(atom("ok"));
  });

  test("a connection that nobody uses is closed, and made again when it is needed", async () => {
    const clock = createManualClock();
    const nodes = connect(beam, { clock, idleMs: 40_000 });
    await ask(nodes, beam, ["erlang", "node"]);
    await soon(() => nodes.link(beam.name)).toMatchObject({ otpRelease: "25" });
    await clock.advance(39_000);
    expect(nodes.link(beam.name)).toMatchObject({ kind: "connected" });
    await clock.advance(11_000);
    expect(nodes.link(beam.name)).toEqual({ kind: "idle" });
    expect(await ask(nodes, beam, ["erlang", "node"])).toEqual(atom(beam.name));
  });

  test("ticks are answered: a node that counts on them every four seconds keeps us", async () => {
    const node = await another({ erlangArguments: ["-kernel", "net_ticktime", "4"] });
    const nodes = connect(node);
    await ask(nodes, node, ["erlang", "node"]);
    const closed = expect
      .poll(() => nodes.link(node.name).kind, { timeout: 9_000, interval: 250 })
      .not.toBe("connected");
    await expect(closed).rejects.toThrow();
    expect(await ask(nodes, node, ["erlang", "abs", -2])).toBe(2);
  });

  test("a silent node that nobody asks is left, not called unreachable", async () => {
    const clock = createManualClock();
    const nodes = connect(beam, { clock });
    await ask(nodes, beam, ["erlang", "node"]);
    await soon(() => nodes.link(beam.name)).toMatchObject({ otpRelease: "25" });
    await clock.advance(76_000);
    expect(nodes.link(beam.name)).toEqual({ kind: "idle" });
  });

  test("a closed pool answers nobody", async () => {
    const nodes = connect(beam);
    await ask(nodes, beam, ["erlang", "node"]);
    const waiting = failure(ask(nodes, beam, ["timer", "sleep", 9_000], { timeoutMs: 9_000 }));
    await sleep(50);
    await nodes.close();
    expect(await waiting).toMatchObject({ code: "upstream-unavailable" });
    expect(await failure(ask(nodes, beam, ["erlang", "node"]))).toMatchObject({ code: "cancelled" });
  });
});
