/** A part that keeps throwing, in a whole console: parked, told of, restarted by its procedure, and nobody else disturbed. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ulid } from "ulid";
import { expect, it, vi } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { loadConfiguration } from "#server/config/load.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { compose, type Estates } from "./compose.ts";
import type { HafAssembly } from "./compose-haf.ts";

const ADMIN: Caller = {
  principal: { id: "mira", role: "admin", kind: "token", sources: null, tokenId: "t" },
  address: "::1",
};
const PARKED_WITHIN = { timeout: 60_000, interval: 100 };

it("parks what keeps throwing, shows it, restarts it when asked, and leaves all others alone", {
  timeout: 180_000,
}, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "worldline-supervision-"));
  const text = `journal: { path: ${JSON.stringify(folder)} }`;
  const configuration = loadConfiguration({ file: "/w.yaml", cwd: "/", environment: {}, readText: () => text });
  let mended = false;
  const runs = { bad: 0, good: 0 };
  const until = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  const assembly = (id: "bad" | "good"): HafAssembly => ({
    source: { id, title: id, apps: [] },
    region: "eu",
    async run(signal) {
      runs[id] += 1;
      if (id === "bad" && !mended) throw new Error("this should not have happened");
      await until(signal);
    },
    close: async () => undefined,
  });
  const estates: Estates = {
    places: { regions: [], loadBalancer: { title: "", regions: [] } },
    open: () => ({ dna: [], dynflow: [], haf: [assembly("bad"), assembly("good")] }),
    demo: null,
    run: async () => undefined,
    close: async () => undefined,
  };
  const app = await compose(configuration, silentLogger, estates);
  try {
    await app.start();
    const list = async () => (await app.services.readers.readers(ADMIN)).readers;
    const stateOf = async (name: string) => (await list()).find((reader) => reader.name === name)?.state;
    await vi.waitFor(async () => expect(await stateOf("haf:bad/stack")).toBe("parked"), PARKED_WITHIN);
    const others = (await list()).filter(({ name }) => name !== "haf:bad/stack");
    for (const { state, restarts } of others) {
      // One that has nothing to do on this console has ended by itself.
      expect(["running", "stopped"]).toContain(state);
      expect(restarts).toBe(0);
    }
    expect(runs.good).toBe(1);

    mended = true;
    const restart = { name: "haf:bad/stack", expectedState: "parked", reason: "mended", requestId: ulid() } as const;
    expect(await app.services.readers.restartReader(ADMIN, restart)).toMatchObject({ phase: "executed" });
    await vi.waitFor(() => expect(app.operations.known(restart.requestId)?.phase).toBe("verified"), PARKED_WITHIN);
    expect(await stateOf("haf:bad/stack")).toBe("running");
    expect(runs.good).toBe(1);
  } finally {
    await app.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
