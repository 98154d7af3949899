/** Draws a part of the console as it stands in the page: with a session, a live state and procedures that answer. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, render } from "@testing-library/react";
import { afterEach } from "vitest";
import { LIVE_KEY, LIVE_STATUS_KEY, tickerOf } from "#components/live/live-cache.ts";
import { type PastState, publishPast } from "#components/live/past.ts";
import { AttentionProvider } from "#components/shell/attention-context.tsx";
import type { Folds } from "#server/contract/fold/fold.ts";
import type { LiveState, Samples } from "#server/contract/live.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { InstantsContext, LIVE_INSTANTS } from "./instants.ts";
import { KeysProvider } from "./keys.tsx";
import { type Go, GoContext } from "./navigation.tsx";
import type { Href } from "./routes.ts";
import { createRpcClient } from "./rpc.ts";
import { TRPCProvider } from "./trpc.ts";
import { createOptions } from "./trpc-options.ts";

/** Parts that are fetched on demand are compiled first: no second is enough for that on a busy machine. */
const SHOWN_WITHIN_MS = 10_000;
configure({ asyncUtilTimeout: SHOWN_WITHIN_MS });
afterEach(cleanup);

export const TEST_PAST = Date.UTC(2026, 10, 22, 3, 12, 7);
export const TEST_NOW = Date.UTC(2026, 10, 22, 6, 52, 14);

/** What a procedure answers to its input; an `Error` is a refusal with its message, and with its cause as code. */
export type Procedures = Readonly<Record<string, (input: unknown) => unknown>>;

interface Scene {
  readonly role?: "viewer" | "operator" | "admin" | null;
  readonly permissions?: readonly string[];
  readonly folds?: Folds;
  readonly samples?: Samples;
  readonly journal?: LiveState["journal"];
  readonly procedures?: Procedures;
  readonly demo?: boolean;
  /** A whole-node action takes a second person. */
  readonly secondPerson?: boolean;
  /** Shows this instant of the past instead; `null` = it is not loaded yet. */
  readonly past?: Partial<PastState> | null;
}

const ALL_PERMISSIONS = [
  "attention:acknowledge",
  "plans:bulk",
  "dna:read",
  "dna:census",
  "dna:failover",
  "dna:values",
  "dna:stop",
  "dna:stop-many",
  "plans:resume",
  "worlds:ping",
  "jobs:control",
  "demo:scenario",
  "dna:nodes",
  "safety:read-only",
  "safety:allow-acting",
  "safety:approve",
];

/** Renders; tells where somebody went, and what was asked for. */
export function renderInConsole(ui: React.ReactNode, scene: Scene = {}) {
  const went: Href[] = [];
  const asked: { readonly path: string; readonly input: unknown }[] = [];
  const go: Go = (href) => void went.push(href);
  const cache = new QueryClient({ defaultOptions: { queries: { retry: false }, mutations: { retry: false } } });
  const client = createRpcClient("http://console/api/trpc", (address, init) =>
    answer(scene.procedures ?? {}, asked, address, init),
  );
  cache.setQueryData(createOptions(client).session.get.queryKey(), sessionOf(scene));
  if (scene.folds !== undefined) cache.setQueryData<LiveState>(LIVE_KEY, liveOf(scene));
  const offsetMs = TEST_NOW - Date.now();
  tickerOf(cache).setOffset(offsetMs);
  cache.setQueryData(LIVE_STATUS_KEY, { phase: "live", since: epochMs(TEST_NOW), reason: null, offsetMs });
  if (scene.past != null) publishPast(cache, { ...liveOf(scene), ...pastOf(scene.past) });
  const view = render(
    <InstantsContext value={scene.past === undefined ? LIVE_INSTANTS : { at: epochMs(TEST_PAST), with: null }}>
      <QueryClientProvider client={cache}>
        <TRPCProvider trpcClient={client}>
          <GoContext value={go}>
            <KeysProvider>
              <AttentionProvider>{ui}</AttentionProvider>
            </KeysProvider>
          </GoContext>
        </TRPCProvider>
      </QueryClientProvider>
    </InstantsContext>,
  );
  return { ...view, went, asked, cache };
}

const pastOf = (past: Partial<PastState>): Omit<PastState, "folds" | "cursor" | "journal"> & Partial<PastState> => ({
  samples: {},
  serverNow: epochMs(TEST_PAST),
  notKnown: [],
  horizon: null,
  recent: { events: [], knownFrom: TEST_PAST },
  ...past,
});

function liveOf({ folds = {}, samples = {}, journal }: Scene): LiveState {
  return {
    cursor: "c",
    folds,
    samples,
    journal: journal ?? { ok: true, since: epochMs(TEST_NOW), reason: null },
    serverNow: epochMs(TEST_NOW),
  };
}

function sessionOf({ role = "admin", permissions = ALL_PERMISSIONS, demo = false, secondPerson = false }: Scene) {
  return {
    principal: role === null ? null : { id: "mira", role, kind: "token" as const },
    authMode: "tokens" as const,
    permissions: [...permissions],
    sending: permissions.filter((permission) => /^(dna:failover|dna:nodes|plans:|worlds:)/.test(permission)),
    readOnly: false,
    secondPerson,
    suspendedMinutes: {},
    demo: demo ? { speed: 1 } : null,
    version: "0.0.0",
    build: "test",
    serverNow: new Date(TEST_NOW).toISOString(),
    actionsRefused: null,
  };
}

async function answer(
  procedures: Procedures,
  asked: { path: string; input: unknown }[],
  url: unknown,
  init: { readonly body?: unknown } | undefined,
): Promise<Response> {
  const address = new URL(String(url));
  const path = address.pathname.split("/").at(-1) ?? "";
  const text = typeof init?.body === "string" ? init.body : address.searchParams.get("input");
  const input: unknown = text === null ? undefined : JSON.parse(text);
  const one = async (of: string, given: unknown) => {
    asked.push({ path: of, input: given });
    const procedure = procedures[of];
    const result = procedure === undefined ? new Error(`${of} is not answered in this test`) : await procedure(given);
    if (!(result instanceof Error)) return { result: { data: result } };
    const code = typeof result.cause === "string" ? result.cause : "CONFLICT";
    const data = { code, httpStatus: 409, path: of, reasons: [], opsCode: "conflict" };
    return { error: { message: result.message, code: -32_009, data } };
  };
  if (!address.searchParams.has("batch")) return Response.json(await one(path, input));
  const inputs = new Map(Object.entries(Object(input)));
  return Response.json(await Promise.all(path.split(",").map((of, at) => one(of, inputs.get(String(at))))));
}
