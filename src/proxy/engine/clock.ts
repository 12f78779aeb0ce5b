// The only clock of the proxy: moments that are compared come from one of these.

/** Milliseconds since the process began; whole, as deadlines are. */
export function millis(): number {
  return Math.floor(performance.now());
}

/** The same with its fraction, for spans that are told. */
export function exactMillis(): number {
  return performance.now();
}

/** The same in microseconds; wraps at 32 bits: for differences below half an hour. */
export function micros(): number {
  return (performance.now() * 1000) | 0;
}

/** Milliseconds since 1970, for people and other machines; it may jump. */
export function wallMillis(): number {
  return Date.now();
}

/** Microseconds since 1970, as the stats give moments. */
export function wallMicros(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** What a clock on the wall shows, as ISO 8601 writes it. */
export function wallTime(): string {
  return new Date(wallMillis()).toISOString();
}
