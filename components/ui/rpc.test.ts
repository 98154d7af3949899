import { initTRPC, TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { faultOf } from "./fault.ts";
import { createRpcClient, RefusedCall } from "./rpc.ts";

/** A real tRPC server, so that protocol and client cannot agree by themselves. */
const t = initTRPC.create({
  errorFormatter: ({ shape }) => ({ ...shape, data: { ...shape.data, reasons: ["Its state was gone and is alive"] } }),
});
const router = t.router({
  dna: t.router({
    echo: t.procedure.input(z.object({ name: z.string().max(20) })).query(({ input }) => input),
    none: t.procedure.query(() => null),
    move: t.procedure.input(z.object({ to: z.string() })).mutation(({ input }) => input.to),
    moved: t.procedure.mutation(() => {
      throw new TRPCError({ code: "CONFLICT", message: "The world has moved" });
    }),
  }),
});
const methods: string[] = [];
interface Untyped {
  readonly dna: Record<
    string,
    { query(input?: unknown, options?: object): Promise<unknown>; mutate(input?: unknown): Promise<unknown> }
  >;
}
const client = createRpcClient("http://console/api/trpc", (address, init) => {
  methods.push(init.method ?? "GET");
  return fetchRequestHandler({ endpoint: "/api/trpc", req: new Request(address, init), router });
}) as unknown as Untyped;
const procedure = (name: string) => {
  const found = client.dna[name];
  if (found === undefined) throw new Error(name);
  return found;
};
const failureOf = (call: Promise<unknown>) =>
  call.then(
    () => "nothing failed",
    (error: unknown) => error,
  );

describe("calls", () => {
  it("ask by GET and act by POST", async () => {
    expect(await procedure("echo").query({ name: 'é "&#' })).toEqual({ name: 'é "&#' });
    expect(await procedure("none").query()).toBeNull();
    expect(await procedure("move").mutate({ to: "b" })).toBe("b");
    expect(methods).toEqual(["GET", "GET", "POST"]);
  });

  it("tell a refusal with its code and its reasons", async () => {
    const error = await failureOf(procedure("moved").mutate());
    expect(error).toBeInstanceOf(RefusedCall);
    expect(faultOf(error)).toEqual({
      code: "CONFLICT",
      message: "The world has moved",
      reasons: ["Its state was gone and is alive"],
    });
  });

  it("tell a fault of the input in the sentences of the validator", async () => {
    const fault = faultOf(await failureOf(procedure("echo").query({ name: "x".repeat(21) })));
    expect(fault.code).toBe("BAD_REQUEST");
    expect(fault.message).toMatch(/^name: /);
  });

  it.each([
    ["no connection", () => Promise.reject(new TypeError("fetch failed")), "fetch failed"],
    ["a proxy's page", async () => new Response("<html>", { status: 502 }), "status 502"],
    ["JSON of somebody else", async () => Response.json({ ok: true }), "status 200"],
  ])("know %s from a refusal: nobody knows whether it was done", async (_, fetchWith, text) => {
    const broken = createRpcClient("http://console/api/trpc", fetchWith) as unknown as Untyped;
    const fault = faultOf(await failureOf(broken.dna.move?.mutate({ to: "b" }) ?? Promise.resolve()));
    expect(fault.code).toBe("NO_ANSWER");
    expect(fault.message).toContain(text);
  });

  it("end when nobody waits for them any more", async () => {
    const abort = new AbortController();
    const waiting = createRpcClient(
      "http://console/api/trpc",
      (_, { signal }) => new Promise((__, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
    ) as unknown as Untyped;
    const call = failureOf(waiting.dna.echo?.query({ name: "a" }, { signal: abort.signal }) ?? Promise.resolve());
    abort.abort(new Error("left the page"));
    expect(String(await call)).toContain("left the page");
  });
});
