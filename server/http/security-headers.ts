import type { Surface } from "./surfaces.ts";

export interface HeaderContext {
  readonly surface: Surface;
  /** Fresh for each request, base64. */
  readonly nonce: string;
  /** Whether browsers reach the console by https. */
  readonly https: boolean;
  /** Next's development server evaluates code and opens a web socket. */
  readonly dev: boolean;
}

const PERMISSIONS =
  "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), fullscreen=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=(), xr-spatial-tracking=(), clipboard-write=(self)";
const HSTS = "max-age=31536000";

/** The policy of an answer that is no document: nothing may come of it, wherever it is shown. */
const INERT_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox";

/** The policy of built files. A worker has the policy of its own script: ours reads the live feed and nothing else. */
const STATIC_POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";

/**
 * The policy of a page: scripts by nonce and what those load, styles from our files or by nonce, nothing from
 * elsewhere, no frame but our own, in nobody's frame.
 */
function pagePolicy({ nonce, dev, https }: HeaderContext): string {
  const directives = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${dev ? " 'unsafe-eval'" : ""}`,
    dev ? "style-src 'self' 'unsafe-inline'" : `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${dev ? " ws:" : ""}`,
    "worker-src 'self'",
    "frame-src 'self'",
    "manifest-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return [...directives, ...(https ? ["upgrade-insecure-requests"] : [])].join("; ");
}

/**
 * The policy of the frame in which mermaid draws. It writes styles of its own, so they are allowed there; its origin
 * is opaque, so that it has no cookie, no storage and no network.
 */
function diagramPolicy({ nonce, dev }: HeaderContext): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${dev ? " 'unsafe-eval'" : ""}`,
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self'",
    "img-src data:",
    ...(dev ? ["connect-src 'self' ws:"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    "sandbox allow-scripts",
  ].join("; ");
}

export function policyOf(context: HeaderContext): string {
  switch (context.surface) {
    case "page":
      return pagePolicy(context);
    case "diagram":
      return diagramPolicy(context);
    case "static":
      return STATIC_POLICY;
    default:
      return INERT_POLICY;
  }
}

/** Every answer carries these, also refusals. */
export function securityHeaders(context: HeaderContext): Readonly<Record<string, string>> {
  const { surface, https } = context;
  const common = {
    "content-security-policy": policyOf(context),
    "x-content-type-options": "nosniff",
    // Not `no-referrer`: with that, browsers hide the Origin of our own posts too.
    "referrer-policy": "same-origin",
    "permissions-policy": PERMISSIONS,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": surface === "static" ? "cross-origin" : "same-origin",
    // The origin of the diagram's frame is opaque: it has no cluster to ask for.
    ...(surface === "diagram" ? {} : { "origin-agent-cluster": "?1" }),
    "x-dns-prefetch-control": "off",
    "x-frame-options": surface === "diagram" ? "SAMEORIGIN" : "DENY",
    ...(https ? { "strict-transport-security": HSTS } : {}),
  };
  if (surface === "static") return { ...common, "access-control-allow-origin": "*" };
  // Pages bring their own, from Next.
  return surface === "page" || surface === "diagram" ? common : { ...common, "cache-control": "no-store" };
}
