import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { BlockList } from "node:net";
import type { Authenticator, Visitor } from "#server/auth/authenticator.ts";
import { clientAddress, isLoopbackAddress } from "./address.ts";
import type { RequestFacts } from "./request-rules.ts";
import { type Surface, surfaceOf } from "./surfaces.ts";

const NONCE_BYTES = 16;
const REQUEST_ID_BYTES = 9;

/** One request on its way: what is known of it before anybody answers. */
export interface Visit {
  readonly id: string;
  readonly nonce: string;
  readonly surface: Surface;
  /** Path without query. */
  readonly pathname: string;
  readonly address: string;
  /** From this machine, and not handed on by a proxy. */
  readonly local: boolean;
  readonly facts: RequestFacts;
}

export function toVisit(request: IncomingMessage, trustedProxies: BlockList): Visit {
  const target = request.url ?? "";
  const pathname = target.split(/[?#]/, 1)[0] ?? "";
  const { headers } = request;
  const forwarded = joined(headers["x-forwarded-for"]);
  const address = clientAddress(request.socket.remoteAddress, forwarded, trustedProxies);
  const handedOn = forwarded !== undefined || headers.forwarded !== undefined || headers["x-real-ip"] !== undefined;
  const surface = surfaceOf(pathname);
  return {
    id: randomBytes(REQUEST_ID_BYTES).toString("base64url"),
    nonce: randomBytes(NONCE_BYTES).toString("base64"),
    surface,
    pathname,
    address,
    local: isLoopbackAddress(address) && !handedOn,
    facts: {
      method: request.method ?? "",
      target,
      hosts: request.headersDistinct.host ?? [],
      origin: joined(request.headersDistinct.origin),
      secFetchSite: joined(headers["sec-fetch-site"]),
      secFetchMode: joined(headers["sec-fetch-mode"]),
      secFetchDest: joined(headers["sec-fetch-dest"]),
      hasCookie: headers.cookie !== undefined,
      hasAuthorization: headers.authorization !== undefined,
      surface,
    },
  };
}

/** Header lines of one name as one value; several are never one that is allowed. */
function joined(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" || value === undefined ? value : value.join(", ");
}

export function visitorOf(request: IncomingMessage, authenticator: Authenticator): Promise<Visitor> {
  const { authorization, cookie } = request.headers;
  return authenticator.visitorOf({ authorization, cookie });
}
