import { createHash } from "node:crypto";

/** SHA-256 in lower-case hex: what is shown of bytes that are never decoded. */
export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
