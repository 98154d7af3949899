import { describe, expect, it } from "vitest";
import { type BeamSubject, CITY, cityKey, type OpenBeam, SHOP } from "./dna-beam.harness.ts";
import type { ActorType } from "./domain/identity.ts";

/** What is looked at meanwhile is looked at by several calls of a real node. */
const HOLD_MS = 6_000;
const SLOW_WRITE_MS = 15_000;

/** Names of the running instances of all partitions of the node, in order. */
async function namesOf(
  { beam, node }: BeamSubject,
  query: { readonly type?: ActorType; readonly prefix?: string; readonly from?: string; readonly below?: string },
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { index } of await beam.partitions(node)) {
    const page = await beam.instances(node, {
      partition: index,
      type: null,
      prefix: "",
      ...query,
      limit: 1_000,
    });
    expect(page.more).toBe(false);
    expect(page.instances.every(({ partition }) => partition === index)).toBe(true);
    names.push(...page.instances.map(({ key }) => key.name));
  }
  return names.sort();
}

export function describeInstances(open: OpenBeam): void {
  describe("instances", () => {
    it("are found by their key, with the partition that lists them", async () => {
      const subject = await open();
      const { beam, node } = subject;
      expect(await beam.instance(node, cityKey("c"))).toBeNull();
      const instance = await subject.started("c");
      expect(instance.key).toEqual(cityKey("c"));
      const query = { partition: instance.partition, type: null, prefix: "", limit: 10 };
      expect((await beam.instances(node, query)).instances).toEqual([instance]);
      expect(await beam.instance(node, { ...cityKey("c"), namespace: "us" })).toBeNull();
      expect(await beam.instance(node, { ...cityKey("c"), moduleId: 1 })).toBeNull();
    });

    it("are listed by type and by the beginning of the name", async () => {
      const subject = await open();
      await subject.seed.start(CITY, "a-", 20);
      await subject.seed.start(CITY, "b-", 20);
      await subject.seed.start(SHOP, "a-", 10);
      expect(await namesOf(subject, {})).toHaveLength(50);
      expect(await namesOf(subject, { type: CITY })).toHaveLength(40);
      expect(await namesOf(subject, { type: SHOP })).toHaveLength(10);
      expect(await namesOf(subject, { type: CITY, prefix: "a-" })).toHaveLength(20);
      expect(await namesOf(subject, { prefix: "a-" })).toHaveLength(30);
      expect(await namesOf(subject, { prefix: "a-0000000" })).toHaveLength(20);
      expect(await namesOf(subject, { type: CITY, prefix: "a-00000007" })).toEqual(["a-00000007"]);
      expect(await namesOf(subject, { type: CITY, prefix: "c" })).toEqual([]);
      expect(await namesOf(subject, { type: { namespace: "e", moduleId: 0 } })).toEqual([]);
    });

    it("are listed by a range of names", async () => {
      const subject = await open();
      await subject.seed.start(CITY, "a-", 20);
      expect(await namesOf(subject, { type: CITY, from: "a-00000018" })).toEqual(["a-00000018", "a-00000019"]);
      expect(await namesOf(subject, { type: CITY, below: "a-00000002" })).toEqual(["a-00000000", "a-00000001"]);
      expect(await namesOf(subject, { from: "a-00000005", below: "a-00000006" })).toEqual(["a-00000005"]);
      expect(await namesOf(subject, { prefix: "a-0000001", from: "a-00000017" })).toHaveLength(3);
    });

    it("are told apart by name whatever it is made of", async () => {
      const subject = await open();
      const names = ["", " ", "é", "zé", "z\u{10ffff}", "z\u{1f600}x", "Zürich/1?&#", "$1", "_", "null"];
      for (const name of names) await subject.started(name);
      expect(await namesOf(subject, { type: CITY })).toEqual([...names].sort());
      expect(await namesOf(subject, { prefix: "z" })).toEqual(["zé", "z\u{10ffff}", "z\u{1f600}x"].sort());
      expect(await namesOf(subject, { prefix: "z\u{10ffff}" })).toEqual(["z\u{10ffff}"]);
      expect(await namesOf(subject, { prefix: "$" })).toEqual(["$1"]);
    });

    it("are no more than the limit, and it says that there are more", async () => {
      const { beam, node, seed } = await open();
      await seed.start(CITY, "c-", 60);
      const [first] = await beam.partitions(node);
      const running = first?.running ?? 0;
      expect(running).toBeGreaterThan(2);
      const query = { partition: 0, type: CITY, prefix: "" };
      const some = await beam.instances(node, { ...query, limit: 2 });
      expect(some).toMatchObject({ more: true });
      expect(some.instances).toHaveLength(2);
      const all = await beam.instances(node, { ...query, limit: running });
      expect(all).toMatchObject({ more: false });
      expect(new Set(all.instances.map(({ ref }) => ref)).size).toBe(running);
    });

    it("are looked at in the order asked for, an ended one as null", async () => {
      const subject = await open();
      const { beam, node, seed } = subject;
      const [a, b, c] = [await subject.started("a"), await subject.started("b"), await subject.started("c")];
      await seed.kill(cityKey("b"));
      const [first, second, third] = await beam.inspect(node, [c, b, a]);
      expect(second).toBeNull();
      for (const process of [first, third]) {
        expect(process).toMatchObject({ mailbox: 0, status: "waiting" });
        expect(process?.memoryBytes).toBeGreaterThan(0);
        expect(process?.reductions).toBeGreaterThanOrEqual(0);
      }
      expect(await beam.inspect(node, [])).toEqual([]);
    });
  });

  describe("backlog", () => {
    it("of an idle one is empty", async () => {
      const subject = await open();
      const instance = await subject.started("c");
      await subject.until(async () => (await subject.beam.backlog(subject.node, instance)).kind === "known");
      const backlog = await subject.beam.backlog(subject.node, instance);
      expect(backlog).toMatchObject({ kind: "known", phase: "idle", buffered: 0, mailbox: 0 });
    });

    it("of a slowly writing one is in its buffer, not in its mailbox", async () => {
      const subject = await open();
      const instance = await subject.started("c");
      await subject.seed.writesTake(SLOW_WRITE_MS);
      await subject.seed.send(cityKey("c"), 21);
      const backlog = await subject.beam.backlog(subject.node, instance);
      expect(backlog).toMatchObject({ kind: "known", phase: "pending_storage", buffered: 20, mailbox: 0 });
    });

    it("of one inside a callback is not known but for its mailbox", async () => {
      const subject = await open();
      const instance = await subject.started("c");
      await subject.seed.hold(cityKey("c"), HOLD_MS);
      await subject.seed.send(cityKey("c"), 5);
      const backlog = await subject.whilePassing(subject.beam.backlog(subject.node, instance));
      expect(backlog).toMatchObject({ kind: "busy" });
      expect(backlog.kind === "busy" ? backlog.mailbox : 0).toBeGreaterThanOrEqual(5);
    });

    it("of one that has ended is none, also when another runs under its key", async () => {
      const subject = await open();
      const instance = await subject.started("c");
      await subject.seed.kill(cityKey("c"));
      expect(await subject.beam.backlog(subject.node, instance)).toEqual({ kind: "ended" });
      expect((await subject.found("c")).ref).not.toBe(instance.ref);
    });

    for (const evaluate of [true, false]) {
      const outcome = evaluate ? "is read on the node" : "is not read";
      it(`of one with a very large state ${outcome} when evaluate is ${evaluate}`, async () => {
        const subject = await open({ evaluate });
        const instance = await subject.started("c");
        await subject.seed.grow(cityKey("c"), 4_000_000);
        const backlog = await subject.beam.backlog(subject.node, instance);
        expect(backlog).toMatchObject({ kind: evaluate ? "known" : "too-large", mailbox: 0 });
        expect(backlog.kind === "ended" ? 0 : backlog.memoryBytes).toBeGreaterThan(2_000_000);
      });
    }
  });

  describe("the top", () => {
    it("begins with the largest backlog, of a partition or of the node", async () => {
      const subject = await open();
      const { beam, node, seed } = subject;
      await seed.start(CITY, "c-", 30);
      const [hot, warm] = [await subject.found("c-00000004"), await subject.found("c-00000009")];
      await seed.hold(hot.key, HOLD_MS);
      await seed.send(hot.key, 30);
      await seed.hold(warm.key, HOLD_MS);
      await seed.send(warm.key, 10);
      const top = await subject.whilePassing(beam.top(node, null, 3));
      expect(top).toHaveLength(3);
      expect(top.slice(0, 2).map(({ instance }) => instance)).toEqual([hot, warm]);
      expect(top[0]?.mailbox).toBeGreaterThanOrEqual(30);
      const ofOne = await subject.whilePassing(beam.top(node, hot.partition, 50));
      expect(ofOne[0]?.instance).toEqual(hot);
      expect(ofOne.every(({ instance }) => instance.partition === hot.partition)).toBe(true);
    });

    it("tells what is buffered where it can be read", async () => {
      const subject = await open();
      const { beam, node, seed } = subject;
      const slow = await subject.started("slow");
      await seed.writesTake(SLOW_WRITE_MS);
      await seed.send(slow.key, 21);
      const [first] = await subject.whilePassing(beam.top(node, slow.partition, 1));
      expect(first).toMatchObject({ instance: slow, mailbox: 0, buffered: 20 });
    });
  });
}
