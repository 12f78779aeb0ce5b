/**
 * The one block of memory that sockets read into, scanners work on and sockets write from. It never
 * grows (growing a WebAssembly.Memory detaches every view), so the views are made once.
 */
export class Arena {
  readonly buffer: ArrayBuffer;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly node: Buffer;

  /** @param buffer the memory of a WebAssembly instance, or a plain ArrayBuffer for the JS codec */
  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.node = Buffer.from(buffer);
  }
}
