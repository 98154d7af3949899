"use client";
import type { TRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { createContext, createElement, useContext, useMemo } from "react";
import type { AppRouter } from "#server/trpc/app-router.ts";
import type { RpcClient } from "./rpc.ts";
import { createOptions } from "./trpc-options.ts";

export type { Inputs, Outputs } from "#server/trpc/app-router.ts";

type Client = RpcClient;
type Options = TRPCOptionsProxy<AppRouter>;

const Context = createContext<{ readonly client: Client; readonly options: Options } | null>(null);

interface TRPCProviderProps {
  readonly trpcClient: Client;
  readonly children: React.ReactNode;
}

export function TRPCProvider({ trpcClient, children }: TRPCProviderProps) {
  const value = useMemo(() => ({ client: trpcClient, options: createOptions(trpcClient) }), [trpcClient]);
  return createElement(Context, { value }, children);
}

function useProvided(): { readonly client: Client; readonly options: Options } {
  const provided = useContext(Context);
  if (provided === null) throw new Error("useTRPC outside TRPCProvider");
  return provided;
}

/** Typed access to every procedure: `useQuery(useTRPC().jobs.list.queryOptions())`. */
export const useTRPC = (): Options => useProvided().options;

/** The client itself, for what is no query: `await useTRPCClient().jobs.pause.mutate(…)`. */
export const useTRPCClient = (): Client => useProvided().client;
