import { beforeEach, describe, expect, it, vi } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSwitchedRole, followerOf, WRITER } from "#server/live/writer-role.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createTerms, type Term } from "./compose-terms.ts";

let told: string[];
let role: ReturnType<typeof createSwitchedRole>;
let clock: ReturnType<typeof createManualClock>;
let leading: () => Promise<void>;
/** Lets what is ending take its time. */
let leave: Promise<void>;

beforeEach(() => {
  told = [];
  role = createSwitchedRole(WRITER);
  clock = createManualClock();
  leading = async () => void told.push("lead");
  leave = Promise.resolve();
});

function openTerms() {
  let count = 0;
  const open = (): Term<string> => {
    count += 1;
    const name = `term ${count}`;
    return {
      services: name,
      run: (signal) =>
        new Promise((resolve) => {
          told.push(`${name} runs`);
          signal.addEventListener("abort", () => {
            told.push(`${name} is told to end`);
            leave.then(resolve);
          });
        }),
      end: async () => void told.push(`${name} ended`),
    };
  };
  return createTerms({ role, open, lead: () => leading(), clock, log: silentLogger });
}

const settled = () => clock.advance(0);

describe("the terms of a console", () => {
  it("are one, where nobody else can write: it acts from its start to its stop", async () => {
    const terms = openTerms();
    expect(told).toEqual([]);
    terms.start();
    await settled();
    expect(terms.services()).toBe("term 1");
    await terms.stop();
    expect(told).toEqual(["lead", "term 1 runs", "term 1 is told to end", "term 1 ended"]);
  });

  it("do nothing while the console follows, and begin to act when it takes over, once it has caught up", async () => {
    role.become(followerOf("alpha"));
    const terms = openTerms();
    terms.start();
    await settled();
    expect(told).toEqual([]);
    role.become(WRITER);
    await settled();
    expect(told).toEqual(["lead", "term 1 ended", "term 2 runs"]);
    expect(terms.services()).toBe("term 2");
    await terms.stop();
  });

  it("end at once, in the very turn, when the role is lost, and are built anew", async () => {
    const terms = openTerms();
    terms.start();
    await settled();
    const slow = Promise.withResolvers<void>();
    leave = slow.promise;
    role.become(followerOf("beta"));
    expect(told).toEqual(["lead", "term 1 runs", "term 1 is told to end"]);
    await settled();
    expect(terms.services()).toBe("term 2");
    slow.resolve();
    await settled();
    expect(told.at(-1)).toBe("term 1 ended");
    role.become(followerOf("gamma"));
    await settled();
    expect(terms.services()).toBe("term 2");
    await terms.stop();
    expect(told.filter((line) => line.endsWith("runs"))).toEqual(["term 1 runs"]);
  });

  it("never overlap: what comes back within a moment waits for what has not ended yet", async () => {
    const terms = openTerms();
    terms.start();
    await settled();
    const slow = Promise.withResolvers<void>();
    leave = slow.promise;
    role.become(followerOf("beta"));
    role.become(WRITER);
    await settled();
    expect(told.filter((line) => line.endsWith("runs"))).toEqual(["term 1 runs"]);
    slow.resolve();
    await settled();
    expect(told.slice(1)).toEqual(["term 1 runs", "term 1 is told to end", "lead", "term 1 ended", "term 2 runs"]);
    await terms.stop();
  });

  it("do not begin to act before the console has caught up: it is tried again every second", async () => {
    role.become(followerOf(null));
    const terms = openTerms();
    terms.start();
    leading = vi.fn().mockRejectedValueOnce(new OpsError("journal-unavailable", "away")).mockResolvedValue(undefined);
    role.become(WRITER);
    await settled();
    expect(told).toEqual([]);
    await clock.advance(1_000);
    expect(leading).toHaveBeenCalledTimes(2);
    expect(told).toEqual(["term 1 ended", "term 2 runs"]);
    await terms.stop();
  });

  it("do not begin to act either when the role was won while the console was being put together", async () => {
    role.become(followerOf(null));
    const terms = openTerms();
    role.become(WRITER);
    terms.start();
    await settled();
    expect(told).toEqual(["lead", "term 1 ended", "term 2 runs"]);
    await terms.stop();
  });

  it("stop also while they cannot catch up", async () => {
    role.become(followerOf(null));
    const terms = openTerms();
    terms.start();
    leading = () => Promise.reject(new OpsError("journal-unavailable", "away"));
    role.become(WRITER);
    await settled();
    await terms.stop();
    expect(told).toEqual(["term 1 ended"]);
  });
});
