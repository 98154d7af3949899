/**
 * The parts of the site, each with rules of its own. Decided on the raw path: what is written in another way (percent
 * signs, dots) is a page, the part with the strictest answer, and Next finds nothing there.
 */
export type Surface =
  /** `/healthz`: open to everyone who names an allowed host. */
  | "health"
  /** `/readyz`, `/ping/…`, `/metrics`: open on loopback, else for who is logged in. */
  | "operations"
  | "rpc"
  | "live"
  /** `/api/journal/export`: the journal as a file. */
  | "export"
  /** `/api/plans/export`: a list of plans as a file. */
  | "plans-export"
  /** Built files: the same bytes for everyone, also for the sandboxed frame, whose origin is opaque. */
  | "static"
  /** The frame in which mermaid draws. */
  | "diagram"
  /** Nothing is here, and Next is not asked. */
  | "nothing"
  | "page";

export const RPC_PATH = "/api/trpc/";
export const PING_PATH = "/ping/";

export function surfaceOf(pathname: string): Surface {
  if (pathname === "/healthz") return "health";
  if (pathname === "/readyz" || pathname === "/metrics" || pathname.startsWith(PING_PATH)) return "operations";
  if (pathname.startsWith(RPC_PATH)) return "rpc";
  if (pathname === "/api/live") return "live";
  if (pathname === "/api/journal/export") return "export";
  if (pathname === "/api/plans/export") return "plans-export";
  if (pathname.startsWith("/_next/static/")) return "static";
  if (pathname === "/diagram" || pathname.startsWith("/diagram/")) return "diagram";
  // Nothing of Next's own machinery is used: no image optimiser, no data routes, no API routes.
  if (pathname.startsWith("/_next/") || pathname.startsWith("/api/")) return "nothing";
  return "page";
}
