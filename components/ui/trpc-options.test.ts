import { QueryClient } from "@tanstack/react-query";
import { createTRPCClient } from "@trpc/client";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { AppRouter } from "#server/trpc/app-router.ts";
import { createRpcClient } from "./rpc.ts";
import { createOptions } from "./trpc-options.ts";

const requests: { readonly url: string; readonly method: string; readonly body: unknown }[] = [];
const answer = async (url: unknown, init: { readonly method?: string; readonly body?: unknown } | undefined) => {
  requests.push({ url: String(url), method: init?.method ?? "GET", body: init?.body });
  return new Response(JSON.stringify({ result: { data: { said: "yes" } } }), {
    headers: { "content-type": "application/json" },
  });
};
const client = createRpcClient("http://console/api/trpc", answer);
const ours = createOptions(client);
const library = createTRPCOptionsProxy<AppRouter>({
  client: createTRPCClient<AppRouter>({ links: [] }),
  queryClient: new QueryClient(),
});
afterEach(() => requests.splice(0));

const input = { source: "eu-1", incarnation: "1:2" };

describe("options", () => {
  it("have the keys that the library gives", () => {
    expect(ours.dna.nodes.get.queryKey(input)).toEqual(library.dna.nodes.get.queryKey(input));
    expect(ours.jobs.list.queryKey()).toEqual(library.jobs.list.queryKey());
    expect(ours.dna.nodes.get.queryOptions(input).queryKey).toEqual(library.dna.nodes.get.queryOptions(input).queryKey);
    expect(ours.jobs.pathFilter().queryKey).toEqual(library.jobs.pathFilter().queryKey);
    expect(ours.dna.nodes.get.queryFilter(input).queryKey).toEqual(library.dna.nodes.get.queryFilter(input).queryKey);
    expect(ours.jobs.pause.mutationOptions().mutationKey).toEqual(library.jobs.pause.mutationOptions().mutationKey);
  });

  it("ask by GET with the input, and keep what they are given", async () => {
    const cache = new QueryClient();
    const options = ours.dna.nodes.get.queryOptions(input, { staleTime: 7 });
    expect(options.staleTime).toBe(7);
    expect(await cache.fetchQuery(options)).toEqual({ said: "yes" });
    expect(requests).toEqual([
      {
        url: `http://console/api/trpc/dna.nodes.get?input=${encodeURIComponent(JSON.stringify(input))}`,
        method: "GET",
        body: undefined,
      },
    ]);
  });

  it("act by POST", async () => {
    const onSuccess = vi.fn();
    const options = ours.demo.scenario.mutationOptions({ onSuccess });
    const act = options.mutationFn as (input: unknown) => Promise<unknown>;
    await act({ scenario: "failNextPlans" });
    expect(requests[0]).toMatchObject({ method: "POST", url: "http://console/api/trpc/demo.scenario" });
    expect(options.onSuccess).toBe(onSuccess);
  });

  it("stay the same for the same path, so that nothing is asked anew at each drawing", () => {
    expect(ours.dna.nodes).toBe(ours.dna.nodes);
  });

  it("refuse what is no maker of options", () => {
    const wrong = ours.dna.nodes.get as unknown as { readonly subscribe: () => unknown };
    expect(() => wrong.subscribe()).toThrow(TypeError);
  });
});
