import { type Clock, type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { OperationRequest, Operations } from "#server/operations/ports.ts";
import type { LoginLimit } from "./login-limit.ts";
import type { Principal } from "./permissions.ts";
import type { EndedSessions } from "./ports.ts";
import { SESSION_LIFETIME_MS, type SessionCookies } from "./session-cookie.ts";
import type { TokenBook } from "./token-book.ts";

/** Who came, by which door. */
export interface Visitor {
  readonly principal: Principal | null;
  readonly door: "local" | "bearer" | "cookie" | "none";
  /** Of a cookie: what logout ends. */
  readonly sessionId: string | null;
  /** When token or cookie end by themselves; `null` = never. */
  readonly expiresAt: EpochMs | null;
}

export interface Credentials {
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
}

/** The live streams of whoever is logged out: ended within 1 s. */
export interface StreamOwner {
  readonly tokenId: string | null;
  readonly sessionId: string | null;
}

export interface Authenticator {
  visitorOf(credentials: Credentials): Promise<Visitor>;
  /** Exchanges a token for a cookie; answers its `Set-Cookie` header. Throws `not-authenticated` or `limit-exceeded`. */
  login(token: string, address: string): Promise<{ readonly principal: Principal; readonly setCookie: string }>;
  /** Ends the session for good, its cookie and its streams. */
  logout(visitor: Visitor, address: string): Promise<{ readonly setCookie: string }>;
}

const NOBODY: Visitor = { principal: null, door: "none", sessionId: null, expiresAt: null };
const LOCAL: Visitor = {
  principal: { id: "local", role: "admin", kind: "local", sources: null, tokenId: null },
  door: "local",
  sessionId: null,
  expiresAt: null,
};
const BEARER = /^Bearer +([^\s]+)$/i;

/** Without `auth`: whoever reaches the loopback interface is the administrator. */
export function createLocalAuthenticator(): Authenticator {
  const refuse = () => Promise.reject(new OpsError("refused", "Nobody logs in here: auth.mode is none"));
  return { visitorOf: () => Promise.resolve(LOCAL), login: refuse, logout: refuse };
}

export interface TokenAuthenticatorDeps {
  readonly book: TokenBook;
  readonly cookies: SessionCookies;
  readonly ended: EndedSessions;
  readonly limit: LoginLimit;
  readonly operations: Pick<Operations, "request" | "settle">;
  readonly endStreams: (match: (owner: StreamOwner) => boolean, reason: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** Unique and unguessable: session ids and operation ids. */
  readonly createId: () => string;
}

/** With `auth.mode: tokens`: a bearer token with each request, or a cookie that a token was exchanged for. */
export function createTokenAuthenticator(deps: TokenAuthenticatorDeps): Authenticator {
  const { book, cookies, ended, limit, endStreams, clock, log, createId } = deps;
  const record = createRecorder(deps);

  return {
    async visitorOf({ authorization, cookie }) {
      if (authorization !== undefined) {
        const token = BEARER.exec(authorization)?.[1];
        const holder = token === undefined ? null : book.byToken(token);
        // A bad token is not mended by a cookie beside it.
        return holder === null ? NOBODY : { ...holder, door: "bearer", sessionId: null };
      }
      const session = await cookies.open(cookie);
      if (session === null || ended.has(session.id)) return NOBODY;
      const holder = book.byId(session.tokenId);
      if (holder === null) return NOBODY;
      const cookieEndsAt = epochMs(session.issuedAt + SESSION_LIFETIME_MS);
      const expiresAt = epochMs(Math.min(cookieEndsAt, holder.expiresAt ?? cookieEndsAt));
      return { principal: holder.principal, door: "cookie", sessionId: session.id, expiresAt };
    },

    async login(token, address) {
      const holder = await limit.attempt(address, () => book.byToken(token));
      const principal = holder?.principal;
      if (principal === undefined || principal.tokenId === null) {
        log.warn("auth.login_refused", { address });
        throw new OpsError("not-authenticated", "This token is not known, has expired or was revoked");
      }
      await record("session.login", principal, address);
      const session = { id: createId(), tokenId: principal.tokenId, issuedAt: clock.now() };
      return { principal, setCookie: await cookies.seal(session) };
    },

    async logout(visitor, address) {
      const { principal, sessionId } = visitor;
      if (principal !== null && sessionId !== null) {
        const durable = ended.end(sessionId, epochMs(clock.now() + SESSION_LIFETIME_MS));
        endStreams((owner) => owner.sessionId === sessionId, "logged out");
        await durable.catch((cause: unknown) => {
          log.error("auth.logout_not_kept", { user: principal.id, error: messageOf(cause) });
        });
        await record("session.logout", principal, address);
      }
      return { setCookie: cookies.clear() };
    },
  };
}

/**
 * Journals who came and went. Coming in to look is possible also while the journal cannot be written, as that is
 * when people have to look; whatever touches a system is refused then.
 */
function createRecorder({ operations, log, createId }: TokenAuthenticatorDeps) {
  return async (action: "session.login" | "session.logout", principal: Principal, address: string): Promise<void> => {
    const operation: OperationRequest = {
      requestId: createId(),
      facts: { action, stream: null, target: principal.id, expected: null },
      actor: { user: principal.id, role: principal.role, address, reason: "" },
    };
    try {
      await operations.request(operation);
      await operations.settle(operation, "executed", null);
    } catch (cause) {
      log.error("auth.not_journalled", { action, user: principal.id, error: messageOf(cause) });
    }
  };
}
