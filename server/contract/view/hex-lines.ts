/** Bytes as a hex dump: offset, sixteen bytes, the characters that can be shown. Pure. */

const PER_LINE = 16;

export interface HexLine {
  /** Of its first byte, eight hex digits. */
  readonly offset: string;
  readonly hex: string;
  readonly text: string;
}

export function hexLines(bytes: Uint8Array, from = 0): readonly HexLine[] {
  const lines: HexLine[] = [];
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const part = [...bytes.subarray(at, at + PER_LINE)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, "0"));
    lines.push({
      offset: (from + at).toString(16).padStart(8, "0"),
      hex: `${hex.slice(0, 8).join(" ")}  ${hex.slice(8).join(" ")}`.trimEnd(),
      text: part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join(""),
    });
  }
  return lines;
}
