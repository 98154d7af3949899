/**
 * React Query's options from a tRPC client: the part of `@trpc/tanstack-react-query` that the pages use, with its types
 * and its keys. Its own code brings tRPC's server side into the browser with it, 5 kB that nobody runs here.
 */
import type { TRPCOptionsProxy } from "@trpc/tanstack-react-query";
import type { AppRouter } from "#server/trpc/app-router.ts";

type Call = (input: unknown, options?: { readonly signal?: AbortSignal }) => Promise<unknown>;
type Path = readonly string[];
type Options = Readonly<Record<string, unknown>>;

/** The procedure at a path of the client: `client.dna.nodes.get.query`. */
function callOf(client: object, path: Path, kind: "query" | "mutate"): Call {
  const procedure = path.reduce<unknown>((at, name) => Reflect.get(Object(at), name), client);
  const call: unknown = Reflect.get(Object(procedure), kind);
  if (typeof call !== "function") throw new TypeError(`${path.join(".")} is no procedure`);
  return (input, options) => Reflect.apply(call, procedure, [input, options]);
}

/** As the library makes them: the path, then what tells one question from another. */
function queryKey(path: Path, input: unknown): readonly unknown[] {
  return [path, { ...(input === undefined ? {} : { input }), type: "query" }];
}

/** What stands at the end of a path: one maker of options each. */
const MAKERS: Readonly<Record<string, (client: object, path: Path, first: unknown, second: unknown) => unknown>> = {
  queryOptions: (client, path, input, options) => ({
    ...Object(options),
    queryKey: queryKey(path, input),
    queryFn: ({ signal }: { readonly signal: AbortSignal }) => callOf(client, path, "query")(input, { signal }),
  }),
  mutationOptions: (client, path, options) => ({
    ...Object(options),
    mutationKey: [path],
    mutationFn: (input: unknown) => callOf(client, path, "mutate")(input),
  }),
  queryKey: (_, path, input) => queryKey(path, input),
  queryFilter: (_, path, input, filters) => ({ ...Object(filters), queryKey: queryKey(path, input) }),
  pathKey: (_, path) => [path],
  pathFilter: (_, path, filters) => ({ ...(Object(filters) as Options), queryKey: [path] }),
};

/** Options for every procedure, by its path; typed by the router alone. */
export function createOptions(client: object): TRPCOptionsProxy<AppRouter> {
  return pathProxy(client, []) as TRPCOptionsProxy<AppRouter>;
}

function pathProxy(client: object, path: Path): unknown {
  const known = new Map<string, unknown>();
  return new Proxy(() => undefined, {
    get(_, name) {
      if (typeof name !== "string" || name === "then") return undefined;
      const at = known.get(name) ?? pathProxy(client, [...path, name]);
      known.set(name, at);
      return at;
    },
    apply(_, __, [first, second]: readonly unknown[]) {
      const maker = MAKERS[path.at(-1) ?? ""];
      if (maker === undefined) throw new TypeError(`${path.join(".")} makes no options`);
      return maker(client, path.slice(0, -1), first, second);
    },
  });
}
