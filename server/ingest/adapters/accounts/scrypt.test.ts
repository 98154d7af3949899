import { expect, it } from "vitest";
import { openSession } from "#server/ingest/adapters/doors/credentials.ts";
import type { SessionDesk } from "#server/ingest/ports.ts";
import { createPasswordHasher } from "./scrypt.ts";

const NOBODY = `scrypt$${"A".repeat(22)}$${"A".repeat(43)}`;

it("says that it is crowded, and never that a password is wrong which it has not looked at", async () => {
  const hasher = createPasswordHasher({ atOnce: 1, waiting: 2 });
  const crowd = Array.from({ length: 1 + 2 }, () => hasher.matches("some password", NOBODY));
  await expect(hasher.matches("the right one", NOBODY)).rejects.toMatchObject({ code: "limit-exceeded" });
  const desk: SessionDesk = {
    open: async () =>
      (await hasher.matches("the right one", NOBODY)) ? { kind: "stranger" } : { kind: "not-allowed" },
    check: async () => ({ kind: "none" }),
    inForce: () => false,
    end: () => undefined,
  };
  await expect(openSession(desk, { kind: "none" }, "a")).rejects.toMatchObject({ status: 429, retryAfterMs: 2_000 });
  expect(new Set(await Promise.all(crowd))).toEqual(new Set([false]));
  await expect(hasher.matches("the right one", NOBODY)).resolves.toBe(false);
});
