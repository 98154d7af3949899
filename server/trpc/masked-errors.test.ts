import { expect, it } from "vitest";
import { DEFAULT_MASK_RULES } from "#server/contract/mask-rules.ts";
import { createFakeServices } from "#server/http/console.test-kit.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import type { Context } from "./init.ts";
import { appRouter } from "./root.ts";

const CANARY = "hunter2-canary";
const TEXT = `postgres://ops:${CANARY}@db refused password=${CANARY}`;

function callerWith(safetyGet: () => Promise<never>, plans: object) {
  const services = createFakeServices(() => undefined);
  const context: Context = {
    principal: { id: "ann", role: "admin", kind: "token", sources: null, tokenId: "t" },
    address: "direct",
    services: {
      ...services,
      masks: DEFAULT_MASK_RULES,
      safety: { ...services.safety, status: safetyGet },
      dynflow: { ...services.dynflow, sources: async () => plans as never },
    },
    log: silentLogger,
    denied: async () => undefined,
    cookie: { login: () => Promise.reject(new Error("no cookie here")), logout: async () => undefined },
  };
  return appRouter.createCaller(context);
}

it("no error that is answered quotes a secret of an upstream, in its message or its reasons", async () => {
  const failing = () => Promise.reject(new OpsError("upstream-unavailable", TEXT, { reasons: [TEXT] }));
  const cause: unknown = await callerWith(failing, {})
    .safety.get()
    .catch((error: unknown) => error);
  expect(cause).toMatchObject({ code: "BAD_GATEWAY", message: expect.stringContaining("refused") });
  const { message, cause: inner } = cause as Error & { readonly cause: OpsError };
  expect(`${message} ${inner.message} ${inner.reasons.join()}`).not.toContain(CANARY);
});

it("no fault of a source that is answered quotes one", async () => {
  const fault = { source: "foreman", message: TEXT, since: null };
  const answer = await callerWith(() => Promise.reject(new Error("not asked")), {
    ...{ asOf: null, faults: [fault], sources: [] },
  }).dynflow.sources.list();
  expect(JSON.stringify(answer)).not.toContain(CANARY);
  expect(answer.faults).toMatchObject([{ source: "foreman", message: expect.stringContaining("refused") }]);
});
