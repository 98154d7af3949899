import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { nodeFlags } from "#scripts/process/node-version.mjs";
import type { TestBeam } from "#scripts/testing/beam.ts";
import type { BeamInstance, DnaBeam } from "#server/dna/beam-ports.ts";
import { atom, list, text, tuple } from "#server/dna/codec/etf/term.ts";
import { type BeamSeeding, cityKey } from "#server/dna/dna-beam.harness.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { CLOSED_LIST } from "./closed-list.ts";
import type { RemoteNodes } from "./dist/remote-nodes.ts";
import { createDnaBeam } from "./dna-beam.ts";
import { keyTerm, partitionName } from "./node-questions.ts";
import { parseProcessRef } from "./process-ref.ts";
import { createFixtureSeeding, fixture, startFixtureNode } from "./testing/fixture-node.test-kit.ts";
import { connectTo } from "./testing/harness.test-kit.ts";
import { STOP_SAFE_TEXT } from "./texts.ts";

const ROOT = path.resolve(import.meta.dirname, "../../../..");
const KEY = cityKey("c");
/** Long after the stop has been sent, and long before what it is to be seen to do is over. */
const DEADLINE_MS = 4_000;
const UNDER_WAY_MS = 800;
const HOT_MS = 90_000;
/** Longer than it takes to be found by `erl_call`, and no longer than the deadline. */
const HELD_MS = 3_000;
const POLL = { timeout: 30_000, interval: 20 };

let node: TestBeam;
let seed: BeamSeeding;
let remote: RemoteNodes;
let beam: DnaBeam;
const started: ChildProcess[] = [];

beforeAll(async () => {
  node = await startFixtureNode();
  seed = createFixtureSeeding(node);
});
beforeEach(() => {
  fixture(node, "reset");
  remote = connectTo(node);
  beam = createDnaBeam(remote, { evaluate: true, clock: createSystemClock() });
});
afterEach(async () => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  await beam.close();
});
afterAll(() => node.remove());

async function runningActor(): Promise<BeamInstance> {
  await seed.startOne(KEY);
  const instance = await beam.instance(node.name, KEY);
  if (instance === null) throw new Error("it does not run");
  return instance;
}

/** One that is never idle: events come faster than they are written. */
async function hotActor(): Promise<BeamInstance> {
  const instance = await runningActor();
  await seed.writesTake(50);
  await seed.heat(KEY, HOT_MS);
  await expect.poll(() => seed.written(KEY), POLL).toBeGreaterThan(0);
  return instance;
}

/** It still handles what it is sent, and is the same process. */
async function expectUnharmed(seen: BeamInstance): Promise<void> {
  const other = connectTo(node);
  const look = createDnaBeam(other, { evaluate: false, clock: createSystemClock() });
  try {
    expect(await look.instance(node.name, KEY)).toEqual(seen);
    expect(await seed.suspended(KEY)).toBe(false);
    const before = await seed.written(KEY);
    await seed.send(KEY, 1);
    await expect.poll(() => seed.written(KEY), POLL).toBeGreaterThan(before);
  } finally {
    await look.close();
  }
}

/** Processes on the node that run nothing of its own: those of our calls. */
const processCount = (): number => Number(node.erlCall("erlang:system_info(process_count)"));

describe("a safe stop of a busy actor leaves it running", () => {
  it("when the console is killed while it goes on", async () => {
    const seen = await hotActor();
    const script = path.join(import.meta.dirname, "testing/stop-safe.test-kit.ts");
    const child = spawn(
      process.execPath,
      [...nodeFlags(), script, String(node.epmd?.port), node.name, KEY.name, String(DEADLINE_MS)],
      { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] },
    );
    started.push(child);
    child.stdin.end(node.cookie);
    await once(child.stdout, "data");
    await sleep(UNDER_WAY_MS);
    child.kill("SIGKILL");
    await once(child, "exit");
    await sleep(DEADLINE_MS);
    await expectUnharmed(seen);
  });

  it("when the connection is cut while it goes on, and is told as unknown", async () => {
    const seen = await hotActor();
    const stop = beam.stopSafe(node.name, seen, DEADLINE_MS);
    await sleep(UNDER_WAY_MS);
    await beam.close();
    expect(await stop).toMatchObject({ kind: "unknown" });
    await sleep(DEADLINE_MS);
    await expectUnharmed(seen);
  });

  it("when the call is given up, which ends its process on the node", async () => {
    const seen = await hotActor();
    const before = processCount();
    const { partition } = seen;
    const values = {
      registry: partitionName("registry", partition),
      supervisor: partitionName("instanceSupervisor", partition),
      key: keyTerm(KEY),
      pid: parseProcessRef(node.name, seen.ref),
      deadline_ms: DEADLINE_MS,
    };
    const binding = list(Object.entries(values).map(([name, value]) => tuple(atom(name), value)));
    const { module, function: name } = CLOSED_LIST.evaluate;
    const call = { module, function: name, args: [text(STOP_SAFE_TEXT), binding] };
    await expect(remote.call(node.name, call, { timeoutMs: 300 })).rejects.toMatchObject({
      code: "upstream-unavailable",
    });
    await sleep(DEADLINE_MS);
    await expectUnharmed(seen);
    await expect.poll(processCount, POLL).toBeLessThanOrEqual(before + 1);
  });

  it("when what suspends it on the node is killed", async () => {
    const seen = await hotActor();
    // Inside a callback the suspension waits in its mailbox, and so does whoever sent it.
    await seed.hold(KEY, HELD_MS);
    node.erlCall("persistent_term:put(before, processes())");
    const stop = beam.stopSafe(node.name, seen, DEADLINE_MS);
    const watched =
      "[P || Q <- processes() -- persistent_term:get(before), {monitors, Ms} <- [process_info(Q, monitors)], {process, P} <- Ms, lists:member(P, processes() -- persistent_term:get(before))]";
    await expect.poll(() => node.erlCall(`length(${watched})`), POLL).toBe("1");
    const killed = node.erlCall(`[begin exit(P, kill), 1 end || P <- ${watched}]`);
    expect(killed).toBe("[1]");
    expect(await stop).toMatchObject({ kind: "unknown" });
    await sleep(HELD_MS);
    await expectUnharmed(seen);
  });
});

describe("a stop that is not answered", () => {
  it("by a VM that freezes as it is sent is unknown, and is not sent again when the VM goes on", async () => {
    const seen = await runningActor();
    let sent = 0;
    const freezing = createDnaBeam(
      {
        ...bound(remote),
        call(name, call, options) {
          if (call.function === CLOSED_LIST.terminate.function) {
            sent += 1;
            node.pause();
          }
          return remote.call(name, call, options);
        },
      },
      { evaluate: false, clock: createSystemClock() },
    );
    try {
      expect(await freezing.stopForced(node.name, seen)).toMatchObject({ kind: "unknown" });
      await expect(freezing.identity(node.name)).rejects.toMatchObject({ name: "OpsError" });
    } finally {
      node.resume();
    }
    // What was under way may come about, once: a new start of the actor stays.
    await sleep(2_000);
    await seed.startOne(KEY);
    const after = await fixtureLook();
    expect(after).not.toBe("[]");
    await sleep(1_500);
    expect(await fixtureLook()).toBe(after);
    expect(sent).toBe(1);
  });

  it("by a VM that was frozen before is not sent at all", async () => {
    const seen = await runningActor();
    node.pause();
    try {
      await expect(beam.stopForced(node.name, seen)).rejects.toMatchObject({ code: "upstream-unavailable" });
    } finally {
      node.resume();
    }
    await expect.poll(fixtureLook, POLL).not.toBe("[]");
    await expectUnharmed(seen);
  });

  it("by a VM that is killed in mid-stop is unknown", async () => {
    const own = await startFixtureNode();
    const theirs = createDnaBeam(connectTo(own), { evaluate: true, clock: createSystemClock() });
    try {
      const ownSeed = createFixtureSeeding(own);
      await ownSeed.startOne(KEY);
      await ownSeed.hold(KEY, 3 * DEADLINE_MS);
      const seen = await theirs.instance(own.name, KEY);
      if (seen === null) throw new Error("it does not run");
      const stop = theirs.stopSafe(own.name, seen, 2 * DEADLINE_MS);
      await sleep(UNDER_WAY_MS);
      await own.kill();
      expect(await stop).toMatchObject({ kind: "unknown" });
      expect(theirs.link(own.name)).toMatchObject({ kind: "unreachable" });
    } finally {
      await theirs.close();
      await own.remove();
    }
  });
});

/** Its methods as a plain object. */
const bound = (nodes: RemoteNodes): RemoteNodes => ({
  call: (...args) => nodes.call(...args),
  link: (name) => nodes.link(name),
  registration: (name) => nodes.registration(name),
  close: () => nodes.close(),
});

/** The process under the key, by erl_call. */
const fixtureLook = async (): Promise<string> =>
  node.erlCall(`'Elixir.Dna.Server.Partition':lookup({<<"eu">>, 0, <<"c">>})`);

describe("a thousand questions", () => {
  it("leave no atom and no process on the node, and send nobody a message by way of DNA", async () => {
    await seed.start({ namespace: "eu", moduleId: 0 }, "c-", 20);
    const instance = await beam.instance(node.name, cityKey("c-00000003"));
    if (instance === null) throw new Error("it does not run");
    const asks: readonly ((n: number) => Promise<unknown>)[] = [
      () => beam.identity(node.name),
      () => beam.vitals(node.name),
      () => beam.partitions(node.name),
      () => beam.peers(node.name),
      () => beam.lastRefresh(node.name),
      () => beam.abilities(node.name),
      (n) => beam.cachedOwner(node.name, cityKey(`outside-${n}`)),
      (n) => beam.instance(node.name, { namespace: `space-${n}`, moduleId: n, name: `outside-${n}` }),
      (n) => beam.instances(node.name, { partition: n % 2, type: null, prefix: `outside-${n}`, limit: 5 }),
      (n) => beam.instances(node.name, { partition: 1_000 + n, type: null, prefix: "", limit: 5 }).catch(() => null),
      () => beam.inspect(node.name, [instance]),
      () => beam.backlog(node.name, instance),
      (n) => beam.top(node.name, n % 2, 3),
      (n) => beam.stopForced(node.name, { ...instance, key: cityKey(`outside-${n}`) }),
    ];
    // The first of each loads what it takes on the node, and makes the words of the constant texts.
    for (const ask of asks) await ask(0);
    const [before, processes] = [await beam.vitals(node.name), processCount()];
    for (let n = 1; n <= 80; n += 1) await Promise.all(asks.map((ask) => ask(n)));
    const after = await beam.vitals(node.name);
    // One for each erl_call, which has a name of its own each time.
    expect(after.atoms - before.atoms).toBeLessThanOrEqual(3);
    await expect.poll(processCount, POLL).toBeLessThanOrEqual(processes + 1);
    expect(fixture(node, "executed")).toBe(0);
  });
});
