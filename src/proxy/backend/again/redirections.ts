// What a node of a Redis Cluster says instead of executing a request.

/** The slot belongs to another node. */
export const SLOT_MOVED = 1;
/** Its key may be at another node already, where it must be asked for in a special way. */
export const SLOT_ASK = 2;
/** Its keys are at two nodes at the moment. */
export const SLOT_SPLIT = 3;
/** No node has the slot, as far as this one knows. */
export const SLOT_UNSERVED = 4;

/** Such an error. */
export interface Redirection {
  /** One of SLOT_*. */
  readonly kind: number;
  /** -1 where the error does not name it. */
  readonly slot: number;
  /** Empty: the host of the node that says it. */
  readonly host: string;
  readonly port: number;
}
