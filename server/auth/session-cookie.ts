import { sealData, unsealData } from "iron-session";
import { type Clock, type EpochMs, epochMs } from "#server/kernel/clock.ts";

/** A working day and a bit: then one logs in again. */
export const SESSION_LIFETIME_MS = 12 * 3_600_000;
const MAX_COOKIE_CHARACTERS = 4_096;

/** What a cookie holds. It says which token let it in, not what one may do: that is looked up each time. */
export interface Session {
  readonly id: string;
  readonly tokenId: string;
  readonly issuedAt: EpochMs;
}

export interface SessionCookies {
  readonly name: string;
  /** The `Set-Cookie` header of a new session. */
  seal(session: Session): Promise<string>;
  /** The `Set-Cookie` header that removes it. */
  clear(): string;
  /** The session of a `Cookie` header; `null` when there is none, or it is forged, damaged or too old. */
  open(header: string | undefined): Promise<Session | null>;
}

/** @param deps.secure whether browsers reach the console by https */
export function createSessionCookies(deps: {
  readonly password: string;
  readonly secure: boolean;
  readonly clock: Clock;
}): SessionCookies {
  const { password, secure, clock } = deps;
  // The prefix makes the browser itself refuse the name without Secure, from another host or for a part of the site.
  const name = secure ? "__Host-worldline" : "worldline";
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`;
  const lifetimeSeconds = SESSION_LIFETIME_MS / 1_000;

  return {
    name,
    async seal(session) {
      // ttl 0: the age is judged by our clock, from what is sealed inside.
      const sealed = await sealData({ ...session }, { password, ttl: 0 });
      return `${name}=${sealed}; Max-Age=${lifetimeSeconds}; ${attributes}`;
    },
    clear: () => `${name}=; Max-Age=0; ${attributes}`,
    async open(header) {
      const sealed = cookieValue(header, name);
      if (sealed === null || sealed.length > MAX_COOKIE_CHARACTERS) return null;
      const session = toSession(await unsealData<unknown>(sealed, { password, ttl: 0 }));
      if (session === null) return null;
      const ageMs = clock.now() - session.issuedAt;
      return ageMs >= 0 && ageMs < SESSION_LIFETIME_MS ? session : null;
    },
  };
}

/** The value of one cookie; `null` when it is absent, or there twice (somebody else has set one of them). */
export function cookieValue(header: string | undefined, name: string): string | null {
  const values = (header ?? "").split(";").flatMap((pair) => {
    const at = pair.indexOf("=");
    return at > 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : [];
  });
  return values.length === 1 ? (values[0] ?? null) : null;
}

function toSession(value: unknown): Session | null {
  if (typeof value !== "object" || value === null) return null;
  const { id, tokenId, issuedAt } = value as Readonly<Record<string, unknown>>;
  if (typeof id !== "string" || typeof tokenId !== "string" || typeof issuedAt !== "number") return null;
  return { id, tokenId, issuedAt: epochMs(issuedAt) };
}
