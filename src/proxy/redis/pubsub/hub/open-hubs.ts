/** Hubs of one client each that have connections. */
export interface OpenHubs<H> {
  add(hub: H): void;
  delete(hub: H): void;
}
