import { initTRPC, TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { faultOf } from "./fault.ts";
import { createRpcClient } from "./rpc.ts";

/** A real tRPC server, so that protocol and client cannot agree by themselves. */
const t = initTRPC.create();
const read = t.procedure.input(z.object({ planId: z.string() }));
const router = t.router({
  dynflow: t.router({
    plans: t.router({
      get: read.query(({ input }) => `plan ${input.planId}`),
      steps: read.query(({ input }) => {
        if (input.planId === "gone") throw new TRPCError({ code: "NOT_FOUND", message: "No such plan" });
        return [input.planId];
      }),
    }),
  }),
});

interface Untyped {
  readonly dynflow: { readonly plans: Record<"get" | "steps", { query(input: unknown): Promise<unknown> }> };
}
let asked: string[];
beforeEach(() => {
  asked = [];
});

function plansBy(fetchWith: (address: string, init: RequestInit) => Promise<Response>) {
  return (createRpcClient("http://console/api/trpc", fetchWith) as unknown as Untyped).dynflow.plans;
}
const plans = plansBy((address, init) => {
  asked.push(new URL(address).pathname);
  return fetchRequestHandler({ endpoint: "/api/trpc", req: new Request(address, init), router });
});
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => "answered",
    (error: unknown) => faultOf(error).code,
  );

describe("questions of one read", () => {
  it("asked in one task are one request, each with its own answer", async () => {
    const answers = await Promise.all([plans.get.query({ planId: "a" }), plans.steps.query({ planId: "a" })]);
    expect(answers).toEqual(["plan a", ["a"]]);
    expect(asked).toEqual(["/api/trpc/dynflow.plans.get,dynflow.plans.steps"]);
  });

  it("about other things, or asked later, are requests of their own", async () => {
    await Promise.all([plans.get.query({ planId: "a" }), plans.get.query({ planId: "b" })]);
    await plans.steps.query({ planId: "a" });
    expect(asked).toHaveLength(3);
  });

  it("are refused each by itself", async () => {
    const codes = [plans.get.query({ planId: "gone" }), plans.steps.query({ planId: "gone" })].map(codeOf);
    expect(await Promise.all(codes)).toEqual(["answered", "NOT_FOUND"]);
  });

  it.each([
    ["no connection", () => Promise.reject(new TypeError("fetch failed"))],
    ["a proxy's page", async () => new Response("<html>", { status: 502 })],
  ])("know %s from a refusal, all of them", async (_, fetchWith) => {
    const broken = plansBy(fetchWith);
    const codes = [broken.get.query({ planId: "a" }), broken.steps.query({ planId: "a" })].map(codeOf);
    expect(await Promise.all(codes)).toEqual(["NO_ANSWER", "NO_ANSWER"]);
  });
});
