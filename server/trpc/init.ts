import { initTRPC, TRPCError } from "@trpc/server";
import { can, type Permission, type Principal, refusalOf } from "#server/auth/permissions.ts";
import { withoutHidden } from "#server/contract/mask-errors.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { maskFreeText } from "#server/contract/mask-text.ts";
import { OpsError, type OpsErrorCode, unreachable } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { CallMeter } from "./call-meter.ts";
import type { Services } from "./services.ts";

/** Everything a procedure may know. Built per request by `server/http`. */
export interface Context {
  readonly principal: Principal | null;
  readonly address: string;
  readonly services: Services;
  readonly log: Logger;
  /** Counts what is called; left out = nobody wants to know. */
  readonly calls?: Pick<CallMeter, "begin">;
  /** Journals a refusal (`op.denied`) before it is answered. */
  denied(denial: { readonly path: string; readonly permission: Permission; readonly input: unknown }): Promise<void>;
  /** Seals or clears the session cookie of this response. */
  readonly cookie: {
    login(token: string): Promise<Principal>;
    logout(): Promise<void>;
  };
}

/** What a procedure declares about itself. `permission` is set by `permitted` alone. */
export interface Meta {
  readonly permission: Permission;
}

const t = initTRPC
  .context<Context>()
  .meta<Meta>()
  .create({
    isServer: true,
    errorFormatter({ shape, error }) {
      const cause = error.cause;
      const reasons = cause instanceof OpsError ? cause.reasons : [];
      const code = cause instanceof OpsError ? cause.code : null;
      const { stack: _, ...data } = shape.data as typeof shape.data & { stack?: string };
      return { ...shape, data: { ...data, reasons, opsCode: code } };
    },
  });

export const router = t.router;

/** The outermost of all: a refusal takes its time and is counted too. */
const measured = t.middleware(async ({ next, ctx, type }) => {
  const end = type === "subscription" ? undefined : ctx.calls?.begin(type);
  const result = await next();
  end?.(result.ok);
  return result;
});

/** In tRPC `next()` never rejects: it resolves to `{ ok: false, error }`. */
const mapErrors = t.middleware(async ({ next, ctx, path }) => {
  const result = await next();
  if (result.ok) return { ...result, data: withFaultsMasked(ctx.services.masks, result.data) };
  const { cause } = result.error;
  if (cause instanceof OpsError) {
    const { masks } = ctx.services;
    const shown = masks === undefined ? cause : withoutHidden(masks, cause);
    ctx.log.warn("procedure.refused", {
      path,
      code: cause.code,
      message: cause.message,
      details: cause.details,
      cause: cause.cause,
    });
    const { message } = shown instanceof OpsError ? shown : cause;
    throw new TRPCError({ code: toTrpcCode(cause.code), message, cause: shown });
  }
  if (result.error.code === "INTERNAL_SERVER_ERROR") {
    ctx.log.error("procedure.failed", { path, error: cause ?? result.error });
    throw new TRPCError({ code: "INTERNAL_SERVER_ERROR", message: "Worldline failed here; its log says why", cause });
  }
  return result;
});

/** What an answer says of sources that could not be read quotes their drivers. */
function withFaultsMasked(masks: MaskRules | undefined, data: unknown): unknown {
  if (masks === undefined || typeof data !== "object" || data === null || !("faults" in data)) return data;
  const { faults } = data;
  if (!Array.isArray(faults) || faults.length === 0) return data;
  const shown = faults.map((fault: unknown) =>
    typeof fault === "object" && fault !== null && "message" in fault && typeof fault.message === "string"
      ? { ...fault, message: maskFreeText(masks, fault.message) }
      : fault,
  );
  return { ...data, faults: shown };
}

function toTrpcCode(code: OpsErrorCode): TRPCError["code"] {
  switch (code) {
    case "invalid-input":
      return "BAD_REQUEST";
    case "not-authenticated":
      return "UNAUTHORIZED";
    case "not-permitted":
      return "FORBIDDEN";
    case "not-found":
      return "NOT_FOUND";
    case "conflict":
      return "CONFLICT";
    case "refused":
      return "PRECONDITION_FAILED";
    case "limit-exceeded":
      return "TOO_MANY_REQUESTS";
    case "upstream-unavailable":
      return "BAD_GATEWAY";
    case "upstream-malformed":
      return "UNPROCESSABLE_CONTENT";
    case "journal-unavailable":
      return "SERVICE_UNAVAILABLE";
    case "cancelled":
      return "CLIENT_CLOSED_REQUEST";
    default:
      return unreachable(code);
  }
}

/**
 * A procedure that needs one named permission; there is no other kind. What it calls gets a `caller` whose principal
 * is not null. A refusal is journalled and said aloud. Where another console writes the journal every mutation is refused.
 */
export const permitted = <TPermission extends Exclude<Permission, "session:open">>(permission: TPermission) =>
  t.procedure
    .meta({ permission })
    .use(measured)
    .use(mapErrors)
    .use(async ({ ctx, next, path, getRawInput, type }) => {
      const { principal } = ctx;
      if (principal === null) throw new TRPCError({ code: "UNAUTHORIZED", message: "Log in first" });
      if (!can(principal, permission)) {
        if (type === "mutation") await ctx.denied({ path, permission, input: await getRawInput() });
        throw new TRPCError({ code: "FORBIDDEN", message: refusalOf(permission) });
      }
      const refusal = type === "mutation" ? (ctx.services.refusal?.() ?? null) : null;
      if (refusal !== null) throw new OpsError("refused", refusal);
      return next({ ctx: { ...ctx, principal, caller: { principal, address: ctx.address } } });
    });

/** The procedures of the session itself: open to those who have not logged in. */
export const open = t.procedure.meta({ permission: "session:open" }).use(measured).use(mapErrors);
