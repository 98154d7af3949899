const FIRST_BYTES = 256;

/** Bytes that grow, written in network order. */
export class ByteWriter {
  private out = new Uint8Array(FIRST_BYTES);
  private view = new DataView(this.out.buffer);
  private length = 0;

  /** What was written; a copy. */
  bytes(): Uint8Array {
    return this.out.slice(0, this.length);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    const at = this.grow(bytes.length);
    this.out.set(bytes, at);
  }

  u8(value: number): void {
    const at = this.grow(1);
    this.view.setUint8(at, value);
  }

  u16(value: number): void {
    const at = this.grow(2);
    this.view.setUint16(at, value);
  }

  u32(value: number): void {
    const at = this.grow(4);
    this.view.setUint32(at, value);
  }

  u64(value: bigint): void {
    const at = this.grow(8);
    this.view.setBigUint64(at, value);
  }

  f64(value: number): void {
    const at = this.grow(8);
    this.view.setFloat64(at, value);
  }

  private grow(more: number): number {
    const at = this.length;
    this.length += more;
    if (this.length > this.out.length) {
      const larger = new Uint8Array(Math.max(this.length, 2 * this.out.length));
      larger.set(this.out.subarray(0, at));
      this.out = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }
}
