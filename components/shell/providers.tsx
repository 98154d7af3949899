"use client";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { faultOf, isUnauthenticated } from "#components/ui/fault.ts";
import type { Zone } from "#components/ui/format.ts";
import { KeysProvider } from "#components/ui/keys.tsx";
import { NavigationProvider } from "#components/ui/navigation.tsx";
import { PreferencesProvider, type Theme } from "#components/ui/preferences.tsx";
import { createRpcClient } from "#components/ui/rpc.ts";
import { TRPCProvider } from "#components/ui/trpc.ts";

const TRPC_ADDRESS = "/api/trpc";
const STALE_AFTER_MS = 1_000;
const READ_TRIES_MAX = 2;
const RETRY_AFTER_MS = 1_000;

/** A read without an answer is tried again; an answer is an answer. Mutations are never repeated by themselves. */
function createQueryClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError(error) {
        if (isUnauthenticated(error)) void client.invalidateQueries({ queryKey: [["session", "get"]] });
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: STALE_AFTER_MS,
        networkMode: "always",
        retryDelay: RETRY_AFTER_MS,
        retry: (failures, error) => failures < READ_TRIES_MAX && faultOf(error).code === "NO_ANSWER",
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
  return client;
}

interface ProvidersProps {
  readonly theme: Theme;
  readonly zone: Zone;
  readonly children: React.ReactNode;
}

/** What every page stands on: cache, procedures, preferences, keys. */
export function Providers({ theme, zone, children }: ProvidersProps) {
  const [queryClient] = useState(createQueryClient);
  // One request a question, not a batch: a source that hangs must not hold up the answers of the others.
  const [trpcClient] = useState(() => createRpcClient(TRPC_ADDRESS));
  return (
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={trpcClient}>
        <PreferencesProvider theme={theme} zone={zone}>
          <NavigationProvider>
            <KeysProvider>{children}</KeysProvider>
          </NavigationProvider>
        </PreferencesProvider>
      </TRPCProvider>
    </QueryClientProvider>
  );
}
