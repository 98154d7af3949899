/** TLS to upstream systems: what a connection goes by, and what went wrong with one in plain words. */

interface HiddenText {
  reveal(): string;
}

/** The certificate of the other side is always checked: there is no way to have it unchecked. Texts are PEM. */
export interface UpstreamTls {
  /** Authorities that are trusted, and no others; `null` = the well-known ones. */
  readonly ca: HiddenText | null;
  /** Ours, where the other side asks for one; with its key or not at all. */
  readonly certificate: HiddenText | null;
  readonly key: HiddenText | null;
  /** Name that the certificate has to be for; `null` = the host that is connected to. */
  readonly serverName: string | null;
}

/**
 * Faults by what Node and OpenSSL say, as code and as text: drivers replace the one or the other. None of these texts
 * comes from the other side.
 */
const FAULTS: readonly { readonly told: RegExp; readonly words: (reason: string) => string }[] = [
  {
    told: /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames|altnames/,
    words: (reason) =>
      `its certificate is for another name: ${reason.replace(/[.:\s]+$/, "")}. tls.serverName says which name is expected`,
  },
  { told: /CERT_HAS_EXPIRED|certificate has expired/, words: () => "its certificate has expired" },
  {
    told: /CERT_NOT_YET_VALID|certificate is not yet valid/,
    words: () => "its certificate is not valid yet, or the clock of this machine is wrong",
  },
  {
    told: /SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|self[- ]signed certificate|issuer certificate|unable to verify the first certificate|certificate signature failure/,
    words: () => "its certificate is signed by an unknown authority: tls.caFile names the one to trust",
  },
  {
    told: /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HANDSHAKE_NO_SSL_SUPPORT|wrong version number|packet length too long|does not support SSL connections|does not support secure connection/,
    words: () => "it does not speak TLS at this port",
  },
  {
    told: /CERTIFICATE_REQUIRED|ALERT_BAD_CERTIFICATE|ALERT_UNKNOWN_CA|ALERT_CERTIFICATE|alert certificate required|alert bad certificate|alert unknown ca/,
    words: () => "it asks for a certificate of ours, or refuses the one it got: tls.certificateFile and tls.keyFile",
  },
  {
    told: /before secure TLS connection was established/,
    words: () => "it ended the connection in the TLS handshake: perhaps it does not speak TLS at this port",
  },
];

/** A driver that has tried several hosts tells each one's error by its address; the first of TLS speaks for all. */
function ofInner(cause: Error): string | null {
  const inner = "innerErrors" in cause ? cause.innerErrors : null;
  if (typeof inner !== "object" || inner === null) return null;
  return (
    Object.values(inner)
      .map(tlsFault)
      .find((words) => words !== null) ?? null
  );
}

/** In plain words what is wrong between us, to be put behind the other side's name; `null` = it is no matter of TLS. */
export function tlsFault(cause: unknown): string | null {
  if (!(cause instanceof Error)) return null;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const fault = FAULTS.find(({ told }) => told.test(code)) ?? FAULTS.find(({ told }) => told.test(cause.message));
  if (fault === undefined) return ofInner(cause);
  const reason = "reason" in cause && typeof cause.reason === "string" ? cause.reason : cause.message;
  return fault.words(reason.replace(/\s+/g, " ").trim());
}
