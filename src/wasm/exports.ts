/** Numeric signatures of the module's functions. A `u32` result arrives signed: use `>>> 0`. */
export interface RingwayExports {
  readonly commandHash: (low: number, high: number, length: number) => number;
  readonly copyFragments: (start: number, end: number, step: number, fragments: number) => void;
  readonly fragment: (
    start: number,
    end: number,
    pool: number,
    firstKey: number,
    step: number,
  ) => number;
  readonly gather: (table: number, count: number) => void;
  readonly hashKey: (kind: number, start: number, length: number) => number;
  readonly matchItems: (
    line: number,
    lineEnd: number,
    start: number,
    ends: number,
    count: number,
  ) => number;
  readonly place: (count: number, dest: number) => number;
  readonly route: (start: number, length: number, pool: number) => number;
  readonly scanMemcacheReplies: (
    start: number,
    end: number,
    table: number,
    limit: number,
  ) => number;
  readonly scanMemcacheRequests: (
    start: number,
    end: number,
    table: number,
    limit: number,
    pool: number,
  ) => number;
  readonly scanReplies: (start: number, end: number, table: number, limit: number) => number;
  readonly scanRequests: (
    start: number,
    end: number,
    table: number,
    limit: number,
    pool: number,
  ) => number;
  readonly spliceElements: (order: number, count: number, dest: number) => number;
  readonly spliceItems: (count: number, dest: number) => number;
  readonly splitMemcacheKeys: (
    start: number,
    end: number,
    table: number,
    limit: number,
    fromKey: number,
    pool: number,
  ) => number;
  readonly splitMemcacheValues: (
    start: number,
    end: number,
    table: number,
    limit: number,
  ) => number;
  readonly splitReply: (start: number, end: number, table: number, limit: number) => number;
  readonly splitRequest: (
    start: number,
    end: number,
    table: number,
    limit: number,
    fromWord: number,
    pool: number,
    firstKey: number,
    step: number,
  ) => number;
}
