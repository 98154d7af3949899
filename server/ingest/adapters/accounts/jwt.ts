import { errors, jwtVerify, SignJWT } from "jose";
import type { CheckedToken, SessionClaims, TokenMint } from "#server/ingest/ports.ts";
import { type Clock, epochMs } from "#server/kernel/clock.ts";

const ISSUER = "worldline-ingest";
const ALGORITHM = "HS256";

/**
 * Session tokens as JSON Web Tokens (RFC 7519) signed by HMAC SHA-256. Signatures are compared in constant time.
 *
 * @param key at least 32 bytes, the same on every gateway
 */
export function createTokenMint(key: Uint8Array, clock: Clock): TokenMint {
  return {
    sign: ({ pass, audience }: SessionClaims) =>
      new SignJWT({ agents: pass.scope.agents, types: pass.scope.types })
        .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
        .setIssuer(ISSUER)
        .setAudience(audience)
        .setSubject(pass.user)
        .setJti(pass.tokenId)
        .setIssuedAt(Math.floor(clock.now() / 1_000))
        .setExpirationTime(Math.floor(pass.expiresAt / 1_000))
        .sign(key),
    async read(token, audience): Promise<CheckedToken> {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          issuer: ISSUER,
          audience,
          currentDate: new Date(clock.now()),
          requiredClaims: ["exp", "jti", "sub"],
        });
        const { jti, sub, exp, agents, types } = payload;
        if (jti === undefined || sub === undefined || exp === undefined) return { kind: "none" };
        if (!isTexts(agents) || !isTexts(types)) return { kind: "none" };
        const pass = { tokenId: jti, user: sub, scope: { agents, types }, expiresAt: epochMs(exp * 1_000) };
        return { kind: "sound", pass };
      } catch (cause) {
        if (cause instanceof errors.JWTExpired) return { kind: "expired" };
        if (cause instanceof errors.JOSEError) return { kind: "none" };
        throw cause;
      }
    },
  };
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");
