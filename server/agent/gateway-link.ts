/** The way of an agent to the gateway, whatever carries it. No call rejects: what went wrong is an answer. */
import type { NumberedItem } from "./ring.ts";

export interface Welcome {
  readonly token: string;
  readonly pingEveryMs: number;
  readonly maxBatch: number;
}

/** `unauthorised`: the token is no good (any more). `wait`: come again. `refused`: as it is it will never be taken. */
export type LinkFault =
  | { readonly kind: "unauthorised" }
  | { readonly kind: "wait"; readonly afterMs: number; readonly reason: string }
  | { readonly kind: "refused"; readonly status: number; readonly reason: string }
  | { readonly kind: "unreachable"; readonly reason: string };

export type SessionAnswer = { readonly kind: "open"; readonly welcome: Welcome } | LinkFault;

/** Everything that was sent is answered for; `credit` = how much more would be taken at once. */
export type DataAnswer = { readonly kind: "taken"; readonly rejected: number; readonly credit: number } | LinkFault;

export type PingAnswer = { readonly kind: "pong"; readonly roundTripMs: number; readonly credit: number } | LinkFault;

export interface GatewayLink {
  open(signal: AbortSignal): Promise<SessionAnswer>;
  data(token: string, items: readonly NumberedItem[], signal: AbortSignal): Promise<DataAnswer>;
  ping(token: string, lastRoundTripMs: number | null, signal: AbortSignal): Promise<PingAnswer>;
  bye(token: string, reason: string, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface LinkIdentity {
  readonly url: string;
  readonly agentId: string;
  readonly bootId: string;
  readonly about: { readonly hostname: string; readonly addresses: readonly string[]; readonly program: string };
  readonly login:
    | { readonly by: "password"; readonly user: string; readonly password: string }
    | { readonly by: "token"; readonly token: string }
    /** On the gateway's own machine, where nobody is named in its configuration. */
    | { readonly by: "nobody" };
}
