import bytes from "bytes";

/**
 * Bytes of a size such as `10GB` or `512 MiB` (powers of 1024, as disks of databases are measured); `null` when the
 * text is none. A bare number is bytes.
 */
export function parseSize(text: string): number | null {
  const trimmed = text.trim().replace(/(\d\s*[kmgt])ib$/i, "$1b");
  if (!/^\d+(\.\d+)?\s*([kmgt]?b)?$/i.test(trimmed)) return null;
  const value = bytes.parse(trimmed);
  return value === null || !Number.isSafeInteger(value) ? null : value;
}
