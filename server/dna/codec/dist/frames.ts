import { OpsError } from "#server/kernel/errors.ts";

const NOTHING = new Uint8Array();

/**
 * Cuts a stream of bytes into frames, however it arrives: each begins with its length in two bytes (a handshake over
 * TCP) or four (all else). Keeps no more than one frame of at most `capBytes` that is under way.
 *
 * Source: Erlang/OTP 25 erts/doc/src/erl_dist_protocol.xml, "Distribution Handshake" and "Protocol between Connected Nodes".
 */
export class FrameSplitter {
  private capBytes: number;
  private headerBytes: 2 | 4;
  private headerRead = 0;
  private length = 0;
  /** What has arrived of the frame under way. */
  private parts: Uint8Array[] = [];
  private held = 0;

  constructor(headerBytes: 2 | 4, capBytes: number) {
    this.headerBytes = headerBytes;
    this.capBytes = capBytes;
  }

  /**
   * Calls `take` with each frame that is complete now, without its length. It may be a view of `chunk`, which belongs to
   * this from now on. {@link switchTo} within `take` holds for the next frame.
   * @throws OpsError `limit-exceeded` as soon as a length over the cap is read; nothing can be read after that
   */
  push(chunk: Uint8Array, take: (frame: Uint8Array) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.headerRead < this.headerBytes) {
        this.header(chunk[at] ?? 0);
        at += 1;
        if (this.headerRead === this.headerBytes && this.length === 0) this.deliver(NOTHING, take);
        continue;
      }
      const missing = this.length - this.held;
      const piece = chunk.subarray(at, at + missing);
      at += piece.length;
      if (piece.length === missing) this.deliver(this.held === 0 ? piece : this.joined(piece), take);
      else this.hold(piece);
    }
  }

  /** From the next frame on the length has so many bytes, and the frame may be as long as this. */
  switchTo(headerBytes: 2 | 4, capBytes: number): void {
    this.headerBytes = headerBytes;
    this.capBytes = capBytes;
  }

  private header(byte: number): void {
    this.length = this.length * 256 + byte;
    this.headerRead += 1;
    if (this.headerRead < this.headerBytes || this.length <= this.capBytes) return;
    throw new OpsError("limit-exceeded", `a frame of ${this.length} bytes, over the ${this.capBytes} that are read`);
  }

  private deliver(frame: Uint8Array, take: (frame: Uint8Array) => void): void {
    this.parts = [];
    this.held = 0;
    this.headerRead = 0;
    this.length = 0;
    take(frame);
  }

  private hold(piece: Uint8Array): void {
    this.parts.push(piece);
    this.held += piece.length;
  }

  private joined(last: Uint8Array): Uint8Array {
    const whole = new Uint8Array(this.length);
    let at = 0;
    for (const part of [...this.parts, last]) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}

/** A frame with its length before it. */
export function framed(headerBytes: 2 | 4, frame: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerBytes + frame.length);
  const view = new DataView(bytes.buffer);
  if (headerBytes === 2) view.setUint16(0, frame.length);
  else view.setUint32(0, frame.length);
  bytes.set(frame, headerBytes);
  return bytes;
}

/** A frame of nothing: "I am here". */
export const TICK: Uint8Array = new Uint8Array(4);
