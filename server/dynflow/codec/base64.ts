/** Base64 with padding (RFC 4648, section 4). */
export const toBase64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The inverse. @throws RangeError for text that is none */
export function fromBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !BASE64.test(text)) throw new RangeError("no base64");
  return new Uint8Array(Buffer.from(text, "base64"));
}
