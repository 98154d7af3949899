import { createPrivateKey, X509Certificate } from "node:crypto";
import { messageOf } from "#server/kernel/errors.ts";
import type { UpstreamTls } from "#server/kernel/tls.ts";
import type { ConfigurationPath } from "./fault.ts";
import type { TlsDocument } from "./schema-parts.ts";
import type { Secret } from "./secret.ts";
import type { SecretReader } from "./secret-reader.ts";

/** The well-known authorities, no certificate of ours. */
export const PLAIN_TLS: UpstreamTls = { ca: null, certificate: null, key: null, serverName: null };

/** Reads the files that a `tls` names; one that is of no use is a fault at its key. `null` = in the clear. */
export function toTls(
  document: TlsDocument | undefined,
  at: ConfigurationPath,
  secrets: SecretReader,
): UpstreamTls | null {
  if (document === undefined || document === false) return null;
  if (document === true) return PLAIN_TLS;
  const ca = secrets.read(document, "ca", at);
  const certificate = secrets.read(document, "certificate", at);
  const key = secrets.read(document, "key", at);
  if (ca !== null) judgeCertificate(ca, [...at, "caFile"], secrets);
  if (certificate !== null && key !== null) {
    const keyAt = [...at, document.keyEnv === undefined ? "keyFile" : "keyEnv"];
    judgePair(certificate, key, { certificate: [...at, "certificateFile"], key: keyAt }, secrets);
  }
  return { ca, certificate, key, serverName: document.serverName ?? null };
}

/** The first of them: the others of a bundle are OpenSSL's matter. */
function judgeCertificate(pem: Secret, at: ConfigurationPath, secrets: SecretReader): X509Certificate | null {
  try {
    return new X509Certificate(pem.reveal());
  } catch (cause) {
    secrets.reject(at, `holds a certificate that cannot be read: ${messageOf(cause)}`);
    return null;
  }
}

function judgePair(
  certificate: Secret,
  key: Secret,
  at: { readonly certificate: ConfigurationPath; readonly key: ConfigurationPath },
  secrets: SecretReader,
): void {
  const own = judgeCertificate(certificate, at.certificate, secrets);
  let fits: boolean;
  try {
    const opened = createPrivateKey(key.reveal());
    fits = own === null || own.checkPrivateKey(opened);
  } catch (cause) {
    // OpenSSL's words; none of them is of the key.
    secrets.reject(at.key, `holds no private key in PEM that can be read without a passphrase: ${messageOf(cause)}`);
    return;
  }
  if (!fits) secrets.reject(at.key, "holds a key that does not fit the certificate of certificateFile");
}
