import { expect, it } from "vitest";
import { createFakeServices } from "#server/http/console.test-kit.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import type { Context } from "./init.ts";
import { appRouter } from "./root.ts";

const WHY = "This console follows: alpha writes the journal. Act there.";
const reached: string[] = [];
const context: Context = {
  principal: { id: "ann", role: "admin", kind: "token", sources: null, tokenId: "t" },
  address: "direct",
  services: { ...createFakeServices((method) => reached.push(method)), refusal: () => WHY },
  log: silentLogger,
  denied: async () => undefined,
  cookie: { login: () => Promise.reject(new Error("no cookie here")), logout: async () => undefined },
};
const procedures = Object.entries(appRouter._def.procedures as Readonly<Record<string, unknown>>);
const typeOf = (procedure: unknown) => (procedure as { _def: { type: string } })._def.type;
const mutations = procedures
  .filter(([path, procedure]) => typeOf(procedure) === "mutation" && !path.startsWith("session."))
  .map(([path]) => path);

async function call(path: string): Promise<unknown> {
  const caller = appRouter.createCaller(context);
  const procedure = path.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], caller);
  return (procedure as (input: unknown) => Promise<unknown>)({}).catch((cause: unknown) => cause);
}

it.each(mutations)(
  "%s is refused while another console writes the journal, before anything is looked at",
  async (path) => {
    reached.length = 0;
    expect(await call(path)).toMatchObject({ code: "PRECONDITION_FAILED", message: WHY });
    expect(reached).toEqual([]);
  },
);

it("whoever only looks is answered, and may log out", async () => {
  expect(mutations.length).toBeGreaterThan(5);
  reached.length = 0;
  await call("overview.get");
  expect(reached).toEqual(["estate.overview"]);
  expect(await call("session.logout")).not.toBeInstanceOf(Error);
});
