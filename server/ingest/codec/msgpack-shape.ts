import { Malformed } from "./malformed.ts";

/**
 * Walks one MessagePack value without making anything of it, so that lengths that are only claimed reserve no memory:
 * it has to be there whole, alone and not too deep (MessagePack specification, "Formats").
 *
 * @throws Malformed `truncated`, `trailing-bytes`, `too-deep` or `not-msgpack`
 */
export function checkMsgpackShape(bytes: Uint8Array, maxDepth: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** Values that each open list or map still needs. */
  const open: number[] = [];
  let offset = 0;

  const skip = (count: number) => {
    offset += count;
    if (offset > bytes.length) throw new Malformed("truncated", "");
  };
  const read = (width: 1 | 2 | 4): number => {
    const at = offset;
    skip(width);
    if (width === 1) return view.getUint8(at);
    return width === 2 ? view.getUint16(at) : view.getUint32(at);
  };
  const enter = (values: number) => {
    // Each value takes a byte at least: more of them cannot be there.
    if (values > bytes.length - offset) throw new Malformed("truncated", "");
    if (open.length >= maxDepth) throw new Malformed("too-deep", "");
    open.push(values);
  };
  const one = () => {
    const part = partOf(read(1));
    switch (part.kind) {
      case "plain":
        return skip(part.bytes);
      case "sized":
        return skip(read(part.width) + part.extra);
      case "list":
        return enter(part.width === 0 ? part.count : read(part.width));
      case "map":
        return enter(2 * (part.width === 0 ? part.count : read(part.width)));
    }
  };

  one();
  while (open.length > 0) {
    const left = open[open.length - 1] ?? 0;
    if (left === 0) {
      open.pop();
    } else {
      open[open.length - 1] = left - 1;
      one();
    }
  }
  if (offset < bytes.length) throw new Malformed("trailing-bytes", "");
}

type Part =
  /** So many bytes follow. */
  | { readonly kind: "plain"; readonly bytes: number }
  /** A length follows, then as many bytes and some more. */
  | { readonly kind: "sized"; readonly width: 1 | 2 | 4; readonly extra: number }
  | { readonly kind: "list" | "map"; readonly width: 0 | 2 | 4; readonly count: number };

const plain = (bytes: number): Part => ({ kind: "plain", bytes });
const sized = (width: 1 | 2 | 4, extra = 0): Part => ({ kind: "sized", width, extra });

/** 0xc0 to 0xdf; 0xc1 is never used. */
const PARTS: Readonly<Record<number, Part>> = {
  192: plain(0),
  194: plain(0),
  195: plain(0),
  // bin 8, 16, 32
  196: sized(1),
  197: sized(2),
  198: sized(4),
  // ext 8, 16, 32: the type is one byte more
  199: sized(1, 1),
  200: sized(2, 1),
  201: sized(4, 1),
  // float 32, 64
  202: plain(4),
  203: plain(8),
  // uint 8 to 64, int 8 to 64
  204: plain(1),
  205: plain(2),
  206: plain(4),
  207: plain(8),
  208: plain(1),
  209: plain(2),
  210: plain(4),
  211: plain(8),
  // fixext 1 to 16
  212: plain(2),
  213: plain(3),
  214: plain(5),
  215: plain(9),
  216: plain(17),
  // str 8, 16, 32
  217: sized(1),
  218: sized(2),
  219: sized(4),
  220: { kind: "list", width: 2, count: 0 },
  221: { kind: "list", width: 4, count: 0 },
  222: { kind: "map", width: 2, count: 0 },
  223: { kind: "map", width: 4, count: 0 },
};

function partOf(head: number): Part {
  if (head <= 127 || head >= 224) return plain(0);
  if (head <= 143) return { kind: "map", width: 0, count: head & 15 };
  if (head <= 159) return { kind: "list", width: 0, count: head & 15 };
  if (head <= 191) return plain(head & 31);
  const part = PARTS[head];
  if (part === undefined) throw new Malformed("not-msgpack", "");
  return part;
}
