/** First byte of a request of memcached's binary protocol. */
export const BINARY_REQUEST = 0x80;
const BINARY_REPLY = 0x81;
const UNKNOWN_COMMAND = 0x0081;
const HEADER_BYTES = 24;
const TEXT = 'Unknown command: this proxy speaks the text and meta protocols only';

/** A binary error reply, status 0x81 "unknown command", with the opcode of the request. */
export function binaryRefusal(opcode: number): Buffer {
  const reply = Buffer.alloc(HEADER_BYTES + TEXT.length);
  reply[0] = BINARY_REPLY;
  reply[1] = opcode;
  reply.writeUInt16BE(UNKNOWN_COMMAND, 6);
  reply.writeUInt32BE(TEXT.length, 8);
  reply.write(TEXT, HEADER_BYTES, 'latin1');
  return reply;
}
