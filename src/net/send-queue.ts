import type { Socket } from 'node:net';
import { ASSERTS, assert } from '../assert.ts';
import { IntList } from './queue/int-list.ts';
import { copyOf, SendPieces } from './queue/send-pieces.ts';
import type { SlabPool } from './slab-pool.ts';
import { UNWRITTEN, WRITTEN, type Writer } from './writer.ts';

const EMPTY = Buffer.alloc(0);
/** To copy less than this costs less than to write it by itself. */
const LEAST_OFFER = 32 * 1024;
/** Of more than this, encrypted, Node offers only the first part to the kernel at once. */
const ENCRYPTED_AT_ONCE = 128 * 1024;

/** Who a send queue works for. */
export interface SendOwner {
  /** A socket that was full takes bytes again. */
  onDrained(): void;
  /** Something in that, or a flush that nobody waits for, went wrong. */
  onException(error: unknown): void;
}

/** Who keeps what is written, until it is known that it need not be written again. */
export interface WriteKeeper {
  /** Whether it may have slabs; otherwise what they hold is copied for it. */
  readonly takesSlabs: boolean;
  /**
   * [start, end) of the arena is written, and stays as it is.
   * @param slab is released by the keeper when it forgets that; 0 = none
   */
  keepSlice(start: number, end: number, slab: number): void;
  /** A buffer that does not change any more is written. */
  keepBuffer(buffer: Buffer): void;
}

/**
 * Bytes on their way to one socket: slices of leased slabs, and buffers that are queued as they
 * are. Bytes are reserved during a turn and written once at its end.
 *
 * Node keeps a reference to what the kernel did not take at once, so after a write a slab is free
 * only if nothing waits in the socket; otherwise it stays parked until the socket has drained. A
 * socket that encrypts does so before its write() returns, if nothing waits in it: then the slab is
 * free, whatever the kernel took.
 */
export class SendQueue {
  readonly #pool: SlabPool;
  readonly #writer: Writer;
  readonly #owner: SendOwner;
  readonly #drained: () => void;
  readonly #encrypted: () => void;
  #socket: Socket | null = null;
  /** Null when nothing that is written is kept. */
  keeper: WriteKeeper | null = null;
  /** The socket encrypts at once what it is given, if nothing waits in it. */
  #encrypts = false;
  #slab = 0;
  #sliceStart = 0;
  #cursor = 0;
  #limit = 0;
  /** What is complete; the current slice follows. */
  readonly #pieces: SendPieces;
  /** Slabs whose slices are all in #pieces, then slabs the socket still reads from. */
  #filled: IntList = new IntList();
  #parked: IntList = new IntList();
  /** Bytes of the largest write, forgotten slowly: what fits one slab is one write. */
  #usual = 0;
  /** Bytes ever handed to the socket, modulo 2^32. */
  #written = 0;
  /** Of those, bytes that went past the socket. */
  #offered = 0;
  /** The kernel did not take everything: nothing is written until the socket has drained. */
  blocked = false;

  constructor(pool: SlabPool, writer: Writer, owner: SendOwner) {
    this.#pool = pool;
    this.#pieces = new SendPieces(pool.memory);
    this.#writer = writer;
    this.#owner = owner;
    this.#drained = () => this.#onDrained();
    this.#encrypted = () => {
      if (this.blocked && this.#socket?.writableLength === 0) this.#onDrained();
    };
  }

  /** Opens the queue: bytes queued before are written with the next flush. */
  open(socket: Socket): void {
    this.#socket = socket;
    this.#encrypts = this.#writer.encrypts(socket);
  }

  /** Bytes not yet taken by the kernel. */
  get pendingBytes(): number {
    const unsent = this.#pieces.bytes + this.#cursor - this.#sliceStart;
    return this.blocked && this.#socket !== null
      ? unsent + this.#writer.waitingBytes(this.#socket)
      : unsent;
  }

  /** Bytes reserved or queued and not yet handed to the socket. */
  get unsentBytes(): number {
    return this.#pieces.bytes + this.#cursor - this.#sliceStart;
  }

  /** Bytes that the kernel has taken since the socket was opened. */
  get takenBytes(): number {
    return this.#socket === null ? 0 : this.#offered + this.#writer.takenBytes(this.#socket);
  }

  /** Bytes ever queued, modulo 2^32 and signed. */
  get totalBytes(): number {
    return (this.#written + this.unsentBytes) | 0;
  }

  /**
   * Reserves `length` contiguous bytes at the end of the queue.
   * @returns their address, to be filled before the next flush; 0 when no slab can hold them
   */
  reserve(length: number): number {
    if (ASSERTS) assert(length >= 0, 'no less than nothing is reserved');
    const at = this.#cursor;
    const end = at + length;
    if (end <= this.#limit) {
      this.#cursor = end;
      return at;
    }
    return this.#reserveInNewSlab(length);
  }

  /**
   * Whether `length` more bytes can be reserved right behind `end`, where something ends that was
   * reserved since the last flush: nothing else may follow it, and its slab must have room.
   */
  canExtend(end: number, length: number): boolean {
    // A slice that is cut at `end` has a buffer behind it.
    if (end !== this.#cursor || end === this.#sliceStart) return false;
    return end + length <= this.#limit;
  }

  /** Reserves the bytes that canExtend() was asked for. */
  extend(length: number): void {
    if (ASSERTS) {
      const end = this.#cursor + length;
      assert(length >= 0 && end <= this.#limit, 'a queue is extended within its slab');
    }
    this.#cursor += length;
  }

  #reserveInNewSlab(length: number): number {
    const pool = this.#pool;
    let slab = 0;
    const small = this.#slab === 0 && this.#usual <= pool.smallBytes && length <= pool.smallBytes;
    if (small) slab = pool.leaseSmall();
    if (slab === 0 && length <= pool.largeBytes) slab = pool.leaseLarge();
    if (slab === 0 && length <= pool.smallBytes) slab = pool.leaseSmall();
    if (slab === 0) return 0;
    this.#closeSlice();
    this.#slab = slab;
    this.#sliceStart = slab;
    this.#limit = slab + pool.sizeOf(slab);
    this.#cursor = slab + length;
    return slab;
  }

  /** Moves the current slice to the pieces; its slab takes no more bytes. */
  #closeSlice(): void {
    if (this.#slab === 0) return;
    this.#cutSlice();
    this.#filled.push(this.#slab);
    this.#slab = 0;
    this.#sliceStart = 0;
    this.#cursor = 0;
    this.#limit = 0;
  }

  /** Moves the current slice to the pieces; its slab goes on behind it. */
  #cutSlice(): void {
    if (this.#cursor === this.#sliceStart) return;
    this.#pieces.addSlice(this.#sliceStart, this.#cursor);
    this.#sliceStart = this.#cursor;
  }

  /** Queues a buffer as it is; it must not change until it is sent. */
  append(buffer: Buffer): void {
    this.#cutSlice();
    this.#pieces.addBuffer(buffer);
  }

  /** Copies `buffer` to the end of the queue, or queues it as it is when no slab can hold it. */
  copy(buffer: Buffer): void {
    const at = this.reserve(buffer.length);
    if (at === 0) this.append(Buffer.from(buffer));
    else buffer.copy(this.#pool.memory, at);
  }

  /** Copies `length` bytes of the arena at `start` to the end of the queue, now. */
  copyFrom(start: number, length: number): void {
    const pool = this.#pool;
    let from = start;
    let left = length;
    while (left > 0) {
      const size = Math.min(left, pool.largeBytes);
      const at = this.reserve(size);
      if (at === 0) {
        this.append(copyOf(pool.memory, from, from + size));
      } else {
        pool.memory.copyWithin(at, from, from + size);
      }
      from += size;
      left -= size;
    }
  }

  /**
   * As copyFrom(), for bytes that need not wait for others: what the kernel takes at once is not
   * copied. Where something has to be written again or encrypted, it is.
   */
  passOn(start: number, length: number): void {
    const socket = this.#socket;
    let taken = 0;
    const idle = this.unsentBytes === 0 && !this.blocked && !this.#encrypts;
    if (idle && socket !== null && this.keeper === null && length >= LEAST_OFFER) {
      taken = this.#writer.offer(socket, start, length);
      this.#written = (this.#written + taken) | 0;
      this.#offered += taken;
    }
    if (taken < length) this.copyFrom(start + taken, length - taken);
  }

  /** flush() for somebody else's sake: what goes wrong is the owner's trouble. */
  flushNow(): void {
    try {
      this.flush();
    } catch (error) {
      this.#owner.onException(error);
    }
  }

  /** Hands everything to the socket unless it is still busy with earlier bytes. */
  flush(): void {
    const socket = this.#socket;
    if (this.blocked || socket === null) {
      this.#spill();
      return;
    }
    const idle = this.#encrypts && this.#writer.isIdle(socket);
    const isLarge = this.#encrypts && this.unsentBytes > ENCRYPTED_AT_ONCE;
    const single = this.#pieces.count === 0;
    const written = single ? this.#writeSlice(socket) : this.#writePieces(socket);
    if (this.keeper !== null) this.#keep(this.keeper, written || idle);
    if (!single) this.#pieces.clear();
    const slab = this.#slab;
    this.#slab = 0;
    this.#sliceStart = 0;
    this.#cursor = 0;
    this.#limit = 0;
    if (written || idle) {
      if (slab !== 0) this.#pool.release(slab);
      this.#releaseFilled();
    } else {
      if (slab !== 0) this.#filled.push(slab);
      const parked = this.#parked;
      this.#parked = this.#filled;
      this.#filled = parked;
    }
    if (written) return;
    this.blocked = !idle || isLarge || this.#writer.queuedBytes(socket) > 0;
    // Of one that encrypts, the last write tells; it would take an empty one for leave to read.
    if (!this.#encrypts) socket.write(EMPTY, this.#drained);
  }

  /** What was written is kept. @param done the socket does not read from its slabs any more */
  #keep(keeper: WriteKeeper, done: boolean): void {
    const stays = done && keeper.takesSlabs;
    if (this.#pieces.count > 0) {
      this.#keepPieces(keeper, stays);
    } else if (this.#cursor > this.#sliceStart) {
      if (stays) keeper.keepSlice(this.#sliceStart, this.#cursor, this.#slab);
      else keeper.keepBuffer(copyOf(this.#pool.memory, this.#sliceStart, this.#cursor));
      if (stays) this.#slab = 0;
    }
  }

  /** @param stays slabs are the keeper's now, as long as anything of this write */
  #keepPieces(keeper: WriteKeeper, stays: boolean): void {
    const pieces = this.#pieces;
    for (let i = 0; i < pieces.count; i++) {
      const start = stays ? pieces.startOf(i) : -1;
      if (start < 0) keeper.keepBuffer(pieces.kept(i));
      else keeper.keepSlice(start, pieces.endOf(i), 0);
    }
    if (!stays) return;
    if (this.#slab !== 0) this.#filled.push(this.#slab);
    this.#slab = 0;
    const filled = this.#filled;
    for (let i = 0; i < filled.length; i++)
      keeper.keepSlice(filled.at(i), filled.at(i), filled.at(i));
    filled.clear();
  }

  /** @returns a copy of all that was not handed to the socket, which is in the queue no more */
  takeUnsent(): Buffer {
    this.#cutSlice();
    const unsent = this.#pieces.copy();
    this.discard();
    return unsent;
  }

  /** Writes the one slice there is. @returns whether the kernel has all of it */
  #writeSlice(socket: Socket): boolean {
    const start = this.#sliceStart;
    const end = this.#cursor;
    if (start === end) return true;
    this.#learnSize(end - start);
    const result = this.#writer.write(socket, start, end);
    if (result !== UNWRITTEN) return result === WRITTEN;
    this.#give(socket, this.#writer.view(start, end));
    return socket.writableLength === 0;
  }

  /** Writes all pieces together, which stay. @returns whether the kernel has all of them */
  #writePieces(socket: Socket): boolean {
    const pieces = this.#pieces;
    this.#learnSize(this.unsentBytes);
    this.#cutSlice();
    const last = pieces.count - 1;
    socket.cork();
    for (let i = 0; i < last; i++) socket.write(pieces.at(i));
    this.#give(socket, pieces.at(last));
    socket.uncork();
    return socket.writableLength === 0;
  }

  /** Gives the last bytes of a flush to the stream of the socket. */
  #give(socket: Socket, bytes: Uint8Array): void {
    if (this.#encrypts) socket.write(bytes, this.#encrypted);
    else socket.write(bytes);
  }

  #learnSize(written: number): void {
    this.#written = (this.#written + written) | 0;
    const usual = this.#usual;
    this.#usual = written > usual ? written : usual - ((usual - written) >> 4);
  }

  #releaseFilled(): void {
    const filled = this.#filled;
    if (filled.length === 0) return;
    for (let i = 0; i < filled.length; i++) this.#pool.release(filled.at(i));
    filled.clear();
  }

  /** A queue that cannot be written gives its full slabs back: their bytes move to the heap. */
  #spill(): void {
    if (this.#filled.length === 0) return;
    this.#cutSlice();
    this.#pieces.moveToHeap(this.#slab, this.#limit);
    this.#releaseFilled();
  }

  #onDrained(): void {
    try {
      this.#releaseParked();
      this.blocked = false;
      this.#owner.onDrained();
    } catch (error) {
      this.#owner.onException(error);
    }
  }

  #releaseParked(): void {
    const parked = this.#parked;
    for (let i = 0; i < parked.length; i++) this.#pool.release(parked.at(i));
    parked.clear();
  }

  /** Drops what was not handed to the socket. */
  discard(): void {
    this.#closeSlice();
    this.#pieces.clear();
    this.#releaseFilled();
  }

  /** The socket is closed, the kernel is done with its memory: everything goes back. */
  close(): void {
    this.discard();
    this.#releaseParked();
    this.#socket = null;
    this.blocked = false;
  }
}
