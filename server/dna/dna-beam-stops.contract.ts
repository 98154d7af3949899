import { describe, expect, it } from "vitest";
import type { OpenBeam } from "./dna-beam.harness.ts";

const WRITE_MS = 200;
/** Not over before the next call of a real node, on a machine that others use too. */
const SLOW_WRITE_MS = 2_500;
const HOT_MS = 20_000;
const HOLD_MS = 3_000;
const DEADLINE_MS = 5_000;
const SHORT_DEADLINE_MS = 500;

export function describeStops(open: OpenBeam): void {
  describe("a forced stop", () => {
    it("ends the instance, which stays away, and loses what was buffered", async () => {
      const subject = await open();
      const { beam, node, seed } = subject;
      const instance = await subject.started("c");
      await seed.writesTake(SLOW_WRITE_MS);
      await seed.send(instance.key, 21);
      expect(await beam.stopForced(node, instance)).toEqual({ kind: "stopped" });
      expect(await beam.instance(node, instance.key)).toBeNull();
      await seed.pass(2 * SLOW_WRITE_MS);
      expect(await beam.instance(node, instance.key)).toBeNull();
      expect(await seed.written(instance.key)).toBeLessThanOrEqual(1);
    });

    it("ends one that is inside a callback", async () => {
      const subject = await open();
      const instance = await subject.started("c");
      await subject.seed.hold(instance.key, HOLD_MS);
      expect(await subject.beam.stopForced(subject.node, instance)).toEqual({ kind: "stopped" });
      expect(await subject.beam.instance(subject.node, instance.key)).toBeNull();
    });

    it("does not touch another process under the same key", async () => {
      const subject = await open();
      const { beam, node, seed } = subject;
      const seen = await subject.started("c");
      await seed.kill(seen.key);
      expect(await beam.stopForced(node, seen)).toMatchObject({ kind: "moved" });
      const after = await subject.found("c");
      expect(await beam.stopForced(node, after)).toEqual({ kind: "stopped" });
      expect(await beam.stopForced(node, after)).toMatchObject({ kind: "moved" });
    });
  });

  describe("a safe stop", () => {
    it("ends the instance once all it accepted is written", async () => {
      const subject = await open();
      const { beam, node, seed } = subject;
      const instance = await subject.started("c");
      await seed.writesTake(WRITE_MS);
      await seed.send(instance.key, 20);
      const outcome = await subject.whilePassing(beam.stopSafe(node, instance, DEADLINE_MS));
      expect(outcome).toEqual({ kind: "stopped" });
      expect(await beam.instance(node, instance.key)).toBeNull();
      expect(await seed.written(instance.key)).toBe(20);
    });

    it("tells a hot one as busy, which runs on", async () => {
      const subject = await open();
      const { beam, node, seed } = subject;
      const instance = await subject.started("c");
      await seed.writesTake(WRITE_MS);
      await seed.heat(instance.key, HOT_MS);
      await seed.pass(100);
      const outcome = await subject.whilePassing(beam.stopSafe(node, instance, SHORT_DEADLINE_MS));
      expect(outcome).toMatchObject({ kind: "busy" });
      expect(await seed.suspended(instance.key)).toBe(false);
      expect(await subject.found("c")).toEqual(instance);
      const before = await seed.written(instance.key);
      await subject.until(async () => (await seed.written(instance.key)) > before);
    });

    it("tells one inside a callback as busy, which goes on when that ends", async () => {
      const subject = await open();
      const { beam, node, seed } = subject;
      const instance = await subject.started("c");
      await seed.hold(instance.key, HOLD_MS);
      await seed.send(instance.key, 3);
      const outcome = await subject.whilePassing(beam.stopSafe(node, instance, SHORT_DEADLINE_MS));
      expect(outcome).toMatchObject({ kind: "busy" });
      await subject.until(async () => (await seed.written(instance.key)) === 3);
      expect(await seed.suspended(instance.key)).toBe(false);
      expect(await subject.found("c")).toEqual(instance);
    });

    it("does not touch another process under the same key", async () => {
      const subject = await open();
      const seen = await subject.started("c");
      await subject.seed.kill(seen.key);
      const outcome = await subject.whilePassing(subject.beam.stopSafe(subject.node, seen, DEADLINE_MS));
      expect(outcome).toMatchObject({ kind: "moved" });
      expect((await subject.found("c")).ref).not.toBe(seen.ref);
      expect(await subject.seed.suspended(seen.key)).toBe(false);
    });

    it("is refused where nothing may be evaluated, and nothing is touched", async () => {
      const subject = await open({ evaluate: false });
      const instance = await subject.started("c");
      const asked = subject.beam.stopSafe(subject.node, instance, DEADLINE_MS);
      await expect(asked).rejects.toMatchObject({ code: "refused" });
      expect(await subject.found("c")).toEqual(instance);
    });
  });

  describe("the end of a VM", () => {
    for (const how of ["stop", "halt"] as const) {
      it(`by ${how} is seen: it is neither registered nor answers`, async () => {
        const subject = await open({ mayEnd: true });
        const { beam, node } = subject;
        await subject.started("c");
        expect(await subject.whilePassing(beam.stopVm(node, how))).toEqual({ kind: "stopped" });
        expect(await beam.registration(node)).toEqual({ kind: "not-registered" });
        await expect(beam.identity(node)).rejects.toMatchObject({ name: "OpsError" });
      });
    }
  });
}
