import { randomBytes } from "node:crypto";
import { ulid } from "ulid";
import type { StateStore } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { Operations } from "#server/operations/ports.ts";
import {
  type Authenticator,
  createLocalAuthenticator,
  createTokenAuthenticator,
  type StreamOwner,
} from "./authenticator.ts";
import { createEndedSessions } from "./ended-sessions.ts";
import { createLoginLimit } from "./login-limit.ts";
import { createSessionCookies } from "./session-cookie.ts";
import { readSessionKey } from "./session-key.ts";
import { createTokenBook } from "./token-book.ts";
import { openTokenStore } from "./token-file.ts";

export interface AuthenticationDeps {
  readonly mode: "none" | "tokens";
  /** Folder of tokens and session key: that of the journal. */
  readonly folder: string;
  /** Whether browsers reach the console by https. */
  readonly https: boolean;
  readonly state: Pick<StateStore, "list" | "putAll">;
  readonly operations: Pick<Operations, "request" | "settle">;
  readonly endStreams: (match: (owner: StreamOwner) => boolean, reason: string) => void;
  /** Real time, whatever the demo runs at. */
  readonly clock: Clock;
  readonly log: Logger;
}

/** The door as configured, watching its tokens until the signal is aborted. Rejects when they cannot be read. */
export async function openAuthentication(deps: AuthenticationDeps, signal: AbortSignal): Promise<Authenticator> {
  const { mode, folder, https, state, endStreams, clock, log } = deps;
  if (mode === "none") return createLocalAuthenticator();
  const book = createTokenBook({
    store: openTokenStore(folder),
    clock,
    log,
    onEnded(tokenIds) {
      log.info("auth.tokens_ended", { tokenIds });
      endStreams(
        ({ tokenId }) => tokenId !== null && tokenIds.includes(tokenId),
        "the token has expired or was revoked",
      );
    },
  });
  await book.start(signal);
  return createTokenAuthenticator({
    ...deps,
    book,
    cookies: createSessionCookies({ password: readSessionKey(folder, randomBytes), secure: https, clock }),
    ended: await createEndedSessions({ state, clock }),
    limit: createLoginLimit(),
    createId: () => ulid(clock.now()),
  });
}
