/** What the lab uses of packages that have no types. */
declare module 'redis-parser' {
  export default class RedisParser {
    constructor(options: {
      returnReply: () => void;
      returnError: () => void;
      optionReturnBuffers: boolean;
    });
    execute(chunk: Buffer): void;
  }
}

declare module 'imurmurhash' {
  export default function murmur3(text: string): { result(): number };
}
